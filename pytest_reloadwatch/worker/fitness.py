"""Whether a process that has run tests is as it was before them, so that the next run can be had in it."""

from __future__ import annotations

import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

from pytest_reloadwatch.worker.around import Around
from pytest_reloadwatch.worker.late import forget
from pytest_reloadwatch.worker.state import State

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_reloadwatch.record.recorder import Recorder
    from pytest_reloadwatch.worker.life import WorkerLife


class Fitness:
    """A plugin of each run. ``executed`` are the modules that were executed again for this run, by name and by path."""

    def __init__(self, life: WorkerLife, recorder: Recorder) -> None:
        self.executed: frozenset[str] = frozenset()
        self._life = life
        self._recorder = recorder
        self._before: State | None = None
        self._problem = ""
        self._late: list[str] = []  # first-party modules that were imported while tests ran

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        if not self._life.order.freeze:  # this is the only run
            return (yield)
        plugins = session.config.pluginmanager.get_plugins()
        self._life.shelf.keep(plugins)
        tops = frozenset(_top(plugin) for plugin in plugins) - {""}
        last, self._before = self._before, State(self._own(), tops)
        if last is not None and (changed := last.difference(self._before, self._is_kept)):
            self._life.abandon(f"{changed} is not as it was before the last run's tests")
        loaded = dict(sys.modules)
        around = Around.now()
        try:
            return (yield)
        finally:
            self._problem = around.restore() or self._judge_modules(loaded, tops)

    def judge(self) -> str:
        """After a run: why this process can have no further one; empty where it can."""
        if threading.active_count() > 1:
            return "a thread is still running"
        if self._recorder.has_silent:
            return "a module has started a process that does not tell what it reads"
        return self._problem or forget(self._late, self._life.sources)

    def _judge_modules(self, loaded: dict[str, ModuleType], tops: frozenset[str]) -> str:
        if self._before is None:
            return "it is not known how it was before its tests"
        self._late = [name for name, module in sys.modules.items() if name not in loaded and self._is_own(module)]
        for name, module in loaded.items():
            if sys.modules.get(name) is not module:
                return f"{name} is another module, or none, in sys.modules"
        if self._before.blind:
            return self._before.blind
        self._before.empty_caches()
        changed = self._before.difference(State(self._own(), tops))
        self._before.release()
        return f"{changed} is not as it was before the tests" if changed else ""

    def _is_kept(self, name: str) -> bool:
        """Whether the module *name* was not executed again for this run; pytest itself sets names of standard ones."""
        return name not in self.executed and name.partition(".")[0] not in sys.stdlib_module_names

    def _own(self) -> dict[str, ModuleType]:
        """First-party modules by name, conftests by path, for they share one."""
        found = dict(self._life.shelf.modules)
        for name, module in list(sys.modules.items()):
            if self._is_own(module) and module.__file__ not in found:
                found[name] = module
        return found

    def _is_own(self, module: object) -> bool:
        return isinstance(module, ModuleType) and getattr(module, "__file__", None) in self._life.sources


def _top(plugin: object) -> str:
    """The package that a plugin is of, if it is installed."""
    name: str = plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__module__
    return name.partition(".")[0]
