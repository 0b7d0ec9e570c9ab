"""Who asks, before the workers of a run are forked, whether this is one of them: to a worker it would look different.

In a process that xdist has started a plugin can see from its first moment that it is in a worker. A forked worker was
configured as part of the run. So whatever has asked in vain is noted: a plugin that did so while it was configured
is configured again in each worker; anything else needs workers that xdist starts.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from pytest_reloadwatch.parallel.environ import watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

_INPUT = "workerinput"
_CONFIGURE, _START = _HOOKS = ("pytest_configure", "pytest_sessionstart")
_VARIABLES = frozenset({"PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"})
_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_PASSED_OVER = "_pytest pluggy xdist pytest_cov"  # the last is taken over by ours where it measures
_NOBODY = (*(f"{os.sep}{name}{os.sep}" for name in _PASSED_OVER.split()), _OWN)
_LOOKUPS = ("os.py", "_collections_abc.py", "<frozen os>", "<frozen _collections_abc>")


class Roles:
    """A plugin of the run; ``asked`` is a sentence about who has asked, empty where nobody did.

    What asks in ``pytest_sessionstart`` has that hook called again, too.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.asked = ""
        self._config = config
        self._is_over = False
        self._again: dict[str, dict[Any, None]] = {hook: {} for hook in _HOOKS}  # plugins to call again
        self._registered: dict[Any, list[Any]] = {}  # what plugins have registered while they were configured
        config.__class__ = _watched(type(config), self._ask)
        watch(_VARIABLES, lambda: self._ask())

    def stop(self) -> None:
        """From here on a worker is a worker, and the run is none."""
        self._is_over = True

    @pytest.hookimpl
    def pytest_plugin_registered(self, plugin: Any) -> None:
        if not self._is_over:
            caller = self._caller(sys._getframe())
            if caller is not None and caller[1] is not plugin:
                self._registered.setdefault(caller[1], []).append(plugin)

    def begin_again(self, session: pytest.Session) -> None:
        """In a worker, which ``config.workerinput`` says by now: what depends on that has another beginning."""
        manager = self._config.pluginmanager
        for plugin in self._again[_CONFIGURE]:
            if not isinstance(plugin, ModuleType) or not _is_conftest(plugin):  # which may undo what the run needs
                self._call(plugin, "pytest_unconfigure", session)
            for registered in self._registered.get(plugin, ()):
                if manager.is_registered(registered):
                    manager.unregister(registered)
            self._call(plugin, _CONFIGURE, session)
        for plugin in self._again[_START]:
            self._call(plugin, _START, session)

    def _call(self, plugin: Any, hook: str, session: pytest.Session) -> None:
        """Call the *hook* of one plugin alone; pluggy itself calls a historic one never again."""
        values = {"config": self._config, "session": session}
        for found in getattr(self._config.hook, hook).get_hookimpls():
            if found.plugin is plugin and not (found.wrapper or found.hookwrapper):
                found.function(*(values[name] for name in found.argnames))

    def _ask(self) -> None:
        if self._is_over or self.asked:
            return
        frame = sys._getframe(2)
        if _is_coverage(next(f for f in _up(frame) if not _is_lookup(f))):
            return
        asker = next((f for f in _up(frame) if not _is_nobody(f)), None)
        caller = self._caller(frame)
        if caller is not None:
            self._again[caller[0]][caller[1]] = None
        elif asker is not None:
            name = os.path.relpath(asker.f_code.co_filename, self._config.rootpath)
            self.asked = f"{name}, line {asker.f_lineno}, asks which worker it is in before there are any"

    def _caller(self, frame: FrameType) -> tuple[str, Any] | None:
        """The hook, and the plugin, in whose implementation this is."""
        hooks = {name: getattr(self._config.hook, name).get_hookimpls() for name in _HOOKS}
        codes = {_code(found.function): (name, found.plugin) for name, all_ in hooks.items() for found in all_}
        return next((codes[f.f_code] for f in _up(frame) if f.f_code in codes and not _is_passed_over(f)), None)


def _watched(kind: type, ask: Any) -> type:
    def getattr_(_config: object, name: str) -> Any:
        if name == _INPUT:
            ask()
        raise AttributeError(f"{kind.__name__!r} object has no attribute {name!r}")

    return type(kind.__name__, (kind,), {"__getattr__": getattr_, "__module__": kind.__module__})


def _up(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _code(function: Any) -> CodeType | None:
    code: CodeType | None = getattr(getattr(function, "__func__", function), "__code__", None)
    return code


def _is_passed_over(frame: FrameType) -> bool:
    """Whether this is a hook around others, or of a plugin whose part in a worker is played by ours."""
    return frame.f_code.co_filename.startswith(_OWN) or _is_coverage(frame)


def _is_lookup(frame: FrameType) -> bool:
    filename = frame.f_code.co_filename
    return filename.endswith(_LOOKUPS) or filename.startswith(_OWN)


def _is_coverage(frame: FrameType) -> bool:
    """Whether this is the plugin whose part in a worker is played by ours, which is told by then that it is one."""
    return f"{os.sep}pytest_cov{os.sep}" in frame.f_code.co_filename


def _is_conftest(plugin: ModuleType) -> bool:
    return os.path.basename(plugin.__file__ or "") == "conftest.py"


def _is_nobody(frame: FrameType) -> bool:
    filename = frame.f_code.co_filename
    return filename.endswith(_LOOKUPS) or any(part in filename for part in _NOBODY)
