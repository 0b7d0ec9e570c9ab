"""A pytest plugin in a run: takes over what coverage collects, and tells on whose account it was executed."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from pytest_reloadwatch import _compat
from pytest_reloadwatch.covering._compat import (
    Collector,
    default_core_is_monitoring,
    note_monitored_code,
    take_over,
    unregister,
)
from pytest_reloadwatch.covering.children import ChildFiles
from pytest_reloadwatch.covering.code import CoveredCode
from pytest_reloadwatch.covering.portions import COLLECTION, FIXTURE, IMPORT, SESSION, TEST, Portion, Sets
from pytest_reloadwatch.record.loads import namespace
from pytest_reloadwatch.rewind.choice import PRUNED
from pytest_reloadwatch.rewind.messages import Measures

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_reloadwatch.covering.settings import Settings
    from pytest_reloadwatch.record.recorder import Recorder
    from pytest_reloadwatch.rewind.life import Life

NAME = "reloadwatch-covering"
_CORE = "COVERAGE_CORE"


class Measuring:
    """Owners nest, and what is executed counts for the innermost one only.

    A module's execution belongs to the module, whoever imported it first; what a fixture of a wider scope executes, its
    teardown included, to the fixture, and so to every test that uses it. Where coverage can tell it, what has executed
    is known by that too: then whatever executes counts for the outer tests and fixtures as well, as *seen*.
    """

    def __init__(self, life: Life, settings: Settings, recorder: Recorder) -> None:
        self._life = life
        self._recorder = recorder
        self._source_of = recorder.code_source  # empty for files that are not first-party or that a test has made
        self._watcher: CoveredCode | None = None
        self._settings = settings
        self._collector: Collector | None = None
        self._children: ChildFiles | None = None
        self._sets = Sets()
        self._owners = [Portion(SESSION)]
        self._imports: dict[str, Portion] = {}
        self._imported: dict[str, None] = {}  # since the last test
        self._collected: dict[str, Portion] = {}
        self._fixtures: dict[int, Portion] = {}
        self._used: dict[Portion, None] = {}
        self._main = threading.get_ident()
        self._is_taking = False

    # The start

    def prepare(self, options: Any) -> None:
        """Before pytest-cov, with its *options*, starts coverage."""
        options.cov_append = True  # or it would remove the data file, which is the session's
        note_monitored_code()
        if not self._settings.core and _CORE not in os.environ and default_core_is_monitoring():
            os.environ[_CORE] = "ctrace"  # which tells owners apart at less cost; taken back below

    @pytest.hookimpl(tryfirst=True)
    def pytest_plugin_registered(self, plugin: object, manager: pytest.PytestPluginManager) -> None:
        measured = None if self._collector is not None else take_over(plugin, manager.get_name(plugin))
        if measured is not None:
            if not self._settings.core and default_core_is_monitoring():
                os.environ.pop(_CORE, None)
            self._collector = Collector(measured, self._take, self._source_of)
            if self._collector.is_whole:
                self._watch(self._collector)
            self._children = ChildFiles(measured.config)
            _compat.watch_finding(self._begin_import, self._end_import)
            gc.callbacks.append(self._on_garbage)

    def _watch(self, collector: Collector) -> None:
        """What executes need not be recorded another time."""
        watcher = CoveredCode(collector, lambda filename: bool(self._recorder.first_party.frame_source(filename)))
        self._recorder.covered = lambda: watcher if watcher.is_trusted() else None
        self._recorder.on_trace = watcher.on_trace

    # Owners

    def _take(self) -> None:
        """What has been executed up to now was on the current owner's account."""
        if self._collector is not None:
            owner, context, number, extra = (
                self._owners[-1],
                self._collector.context,
                self._sets.number,
                self._collector.extra,
            )
            self._is_taking = True
            taken = [(number(path, context, found), path in extra) for path, found in self._collector.take()]
            self._is_taking = False
            owner.sets.update(one for one, is_extra in taken if not is_extra)
            if len(self._owners) > 1 and self._collector.is_whole and taken:
                self._have_seen(owner, taken)

    def _have_seen(self, owner: Portion, taken: list[tuple[int, bool]]) -> None:
        """Whatever is not measured of it, and all of it on the account of those around it."""
        if owner.executes:
            owner.seen.update(one for one, is_extra in taken if is_extra)
        for outer in self._owners[1:-1]:
            if outer.executes and outer is not owner:
                outer.seen.update(one for one, _ in taken)

    def _push(self, owner: Portion) -> None:
        self._take()
        self._owners.append(owner)

    def _pop(self) -> Portion:
        self._take()
        return self._owners.pop()

    @contextlib.contextmanager
    def _owning(self, owner: Portion) -> Generator[None, None, None]:
        self._push(owner)
        try:
            yield
        finally:
            self._pop()

    def _tell(self, portion: Portion) -> None:
        if self._collector is not None:
            self._sets.tell(portion, self._life.order.run, self._collector, self._send)

    def _send(self, message: Any) -> None:
        self._life.send(message, with_next=True)

    def _on_garbage(self, phase: str, info: dict[str, int]) -> None:
        """What is closed or finalized in a collection is anybody's, unless it is quite new."""
        if not info["generation"] or self._is_taking or threading.get_ident() != self._main:
            return
        if phase == "start":
            self._push(self._owners[0])
        elif self._owners[-1] is self._owners[0]:
            self._pop()

    # Imports and collection

    def _begin_import(self, name: str) -> None:
        if threading.get_ident() == self._main:
            self._push(Portion(IMPORT, name))

    def _end_import(self, name: str) -> None:
        if threading.get_ident() == self._main and self._owners[-1].kind == IMPORT:
            owner = self._pop()
            path = _file_of(name) if owner.sets else ""
            path = self._source_of(path) if path else ""
            if path:
                self._imports.setdefault(path, Portion(IMPORT, path)).sets.update(owner.sets)
                self._imported[path] = None
            else:  # it failed, or it is a module that a test has made: who comes next executes it again
                self._owners[-1].sets.update(owner.sets)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> Generator[None, Any, Any]:
        path = str(getattr(collector, "path", ""))
        with self._owning(self._collected.setdefault(path, Portion(COLLECTION, path))):
            return (yield)

    # Tests and fixtures

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        self._tell_common()
        result = yield
        self.finish()  # where pytest-cov ends; after an interrupt fixtures have yet to be torn down
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        test = Portion(TEST, item.nodeid)
        with self._owning(test):
            result = yield
        self._hear_children(test)
        test.uses, self._used = self._used, {}
        imported, self._imported = self._imported, {}
        for portion in (*map(self._imports.__getitem__, imported), *test.with_uses()):
            self._tell(portion)
        return result

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        used = map(id, _compat.fixtures_used(getattr(item, "_request", None)))
        self._used = {self._fixtures[name]: None for name in used if name in self._fixtures}
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Generator[None, object, object]:
        if fixturedef.scope == "function":
            return (yield)
        fixture = self._fixtures[id(fixturedef)] = Portion(FIXTURE)
        before = set(map(id, _compat.fixtures_used(request)))
        fixturedef.addfinalizer(lambda: self._end_teardown(fixture))  # the first one is called last
        try:
            with self._owning(fixture):
                return (yield)
        finally:
            fixturedef.addfinalizer(lambda: self._push(fixture))
            asked_for = set(map(id, _compat.fixtures_used(request))) - before - {id(fixturedef)}
            fixture.uses |= {self._fixtures[name]: None for name in asked_for if name in self._fixtures}

    def _end_teardown(self, fixture: Portion) -> None:
        if self._owners[-1] is fixture:  # not where its setup was interrupted
            self._pop()
            self._hear_children(fixture)
            self._tell(fixture)

    # The end

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        result = yield
        self.finish()
        return result

    def finish(self) -> None:
        """No test follows in this process."""
        if self._collector is not None and self._on_garbage in gc.callbacks:
            gc.collect()  # a run of few tests would leave to its end what a longer one collects
            gc.callbacks.remove(self._on_garbage)
            self._take()
            self._hear_children(self._owners[0])
            self._collector.stop()
            self._tell_common()
            for fixture in self._fixtures.values():
                self._tell(fixture)

    def _tell_common(self) -> None:
        """What no test has executed, with what the checkpoint has inherited of it."""
        if self._collector is None:
            return
        self._take()
        self._send(
            Measures(
                run=self._life.order.run,
                arcs=self._collector.has_arcs,
                files=self._collector.unexecuted(),
                places=self._collector.source_places(),
                tracers=self._collector.tracers,
            )
        )
        looked_into = (p for p in self._collected.values() if self._life.collected.get(p.name) != PRUNED)
        for portion in (self._owners[0], *self._imports.values(), *looked_into):
            self._tell(portion)

    def _hear_children(self, owner: Portion) -> None:
        """What processes have measured that were started meanwhile."""
        if self._children is not None and self._collector is not None:
            for path, context, found in self._children.take():
                owner.sets.add(self._sets.number(path, context, found))


class AsWorker:
    """A plugin in a worker that xdist has started: pytest-cov would want to hear from its own part in the run."""

    @pytest.hookimpl
    def pytest_configure(self, config: pytest.Config) -> None:
        unregister(config)


def measure(config: pytest.Config, life: Life, settings: Settings, recorder: Recorder) -> None:
    """From where pytest-cov starts coverage on."""
    measuring = Measuring(life, settings, recorder)
    measuring.prepare(config.known_args_namespace)
    config.pluginmanager.register(measuring, NAME)


def finish(config: pytest.Config) -> None:
    """In a process that runs tests outside of pytest's own loop: all has run."""
    measuring = config.pluginmanager.getplugin(NAME)
    if measuring is not None:
        measuring.finish()


def _file_of(name: str) -> str:
    """Where the module *name* was executed from; empty for what is no source, or not there."""
    module = sys.modules.get(name)
    path = namespace(module).get("__file__") if module is not None else None
    return os.path.realpath(path) if isinstance(path, str) and path.endswith(".py") else ""
