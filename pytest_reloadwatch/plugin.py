"""The plugin's face to pytest: options, markers, fixtures, and the fork before anything first-party is imported."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pytest_reloadwatch import options as _options

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_reloadwatch.freshness import FreshImports, ModuleFreshness
    from pytest_reloadwatch.inplace.reloading import Reloads


def pytest_addoption(parser: pytest.Parser) -> None:
    _options.register(parser)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> Generator[None, object, object]:
    """Outermost, so that it precedes plugins that import settings here."""
    told = os.environ.pop(_options.SHARED_RUN, "")  # no process of the tests' own shall take it for itself
    if told:
        from pytest_reloadwatch import start

        with start.join_run(early_config, told).beginning():
            return (yield)
    options = _options.from_config(early_config, os.environ)
    if _options.REHEARSAL in os.environ:
        os._exit(0)  # no more was to be tried: it can begin
    if options is None:
        if _options.guard_mode(early_config) != "off":
            from pytest_reloadwatch.record import loads  # from here on the person's modules come

            loads.record()
        return (yield)
    from pytest_reloadwatch import start  # only when asked for: an ordinary run pays nothing

    with start.start_session(early_config, args, options).beginning():
        return (yield)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "fresh(*modules): before the test, assert that these modules are what their files hold"
    )
    config.addinivalue_line("markers", "reload_guard(mode): off, warn or error for this test (see --reload-guard)")
    mode = _options.guard_mode(config)
    if mode != "off":
        from pytest_reloadwatch.guard import plugin  # as above

        plugin.install(config, mode)


@pytest.hookimpl(trylast=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """After the fixtures, which may be what loads the modules."""
    __tracebackhide__ = True
    for marker in item.iter_markers("fresh"):
        from pytest_reloadwatch import freshness

        freshness.assert_fresh(*marker.args)


@pytest.fixture
def module_freshness() -> ModuleFreshness:
    """Assertions about loaded modules: assert_fresh, assert_stale, assert_same_object and more."""
    from pytest_reloadwatch import freshness

    return freshness.ModuleFreshness()


@pytest.fixture
def fresh_import() -> Generator[FreshImports, None, None]:
    """Import modules anew for this test: fresh_import(name, fresh=(), blocked=()) gives the module."""
    from pytest_reloadwatch import freshness

    with freshness.FreshImports() as imports:
        yield imports


@pytest.fixture
def reload_module(request: pytest.FixtureRequest) -> Generator[Reloads, None, None]:
    """Execute a module and all that depends on it again: reload_module(module); undone after the test.

    Test modules, conftests and other plugins keep what they have imported.
    """
    from pytest_reloadwatch.inplace.reloading import Reloads  # only when asked for

    kept = [plugin for plugin in request.config.pluginmanager.get_plugins() if isinstance(plugin, ModuleType)]
    kept += {item.module for item in request.session.items if isinstance(item, pytest.Function)}
    with Reloads(keep=kept, root=str(request.config.rootpath)) as reload:
        yield reload
