"""Who asks, before the workers of a run are forked, whether this is one of them: to a worker it would look different.

In a process that xdist has started a plugin can see from its first moment that it is in a worker. A forked worker was
configured as part of the run. So whatever has asked in vain is noted: a plugin that did so while it was configured
is configured again in each worker; anything else needs workers that xdist starts.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_reloadwatch.parallel.environ import watch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

_INPUT = "workerinput"
_VARIABLES = frozenset({"PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT"})
_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_NOBODY = (f"{os.sep}_pytest{os.sep}", f"{os.sep}pluggy{os.sep}", f"{os.sep}xdist{os.sep}", _OWN)
_LOOKUPS = ("os.py", "_collections_abc.py", "<frozen os>", "<frozen _collections_abc>")


class Roles:
    """A plugin of the run; ``asked`` is a sentence about who has asked, empty where nobody did."""

    def __init__(self, config: pytest.Config) -> None:
        self.asked = ""
        self._config = config
        self._is_over = False
        self._again: dict[Any, None] = {}  # plugins to configure again
        self._registered: dict[Any, list[Any]] = {}  # what plugins have registered while they were configured
        config.__class__ = _watched(type(config), self._ask)
        watch(_VARIABLES, lambda: self._ask())

    def stop(self) -> None:
        """From here on a worker is a worker, and the run is none."""
        self._is_over = True

    @pytest.hookimpl
    def pytest_plugin_registered(self, plugin: Any) -> None:
        if not self._is_over:
            configured = self._configured(sys._getframe())
            if configured is not None and configured is not plugin:
                self._registered.setdefault(configured, []).append(plugin)

    def configure_again(self) -> None:
        """In a worker, which ``config.workerinput`` says by now: what depends on that is configured for it."""
        manager = self._config.pluginmanager
        for plugin in self._again:
            self._call(plugin, "pytest_unconfigure")
            for registered in self._registered.get(plugin, ()):
                if manager.is_registered(registered):
                    manager.unregister(registered)
            self._call(plugin, "pytest_configure")

    def _call(self, plugin: Any, hook: str) -> None:
        function = getattr(plugin, hook, None)
        if function is not None:
            names = function.__code__.co_varnames[: function.__code__.co_argcount]
            function(*(self._config for name in names if name == "config"))

    def _ask(self) -> None:
        if self._is_over or self.asked:
            return
        frame = sys._getframe(2)
        plugin = self._configured(frame)
        if plugin is not None:
            self._again[plugin] = None
            return
        asker = next((f for f in _up(frame) if not _is_nobody(f)), None)
        if asker is not None:
            name = os.path.relpath(asker.f_code.co_filename, self._config.rootpath)
            self.asked = f"{name}, line {asker.f_lineno}, asks which worker it is in before there are any"

    def _configured(self, frame: FrameType) -> Any:
        """The plugin in whose ``pytest_configure`` this is."""
        codes = {_code(found.function): found.plugin for found in self._config.hook.pytest_configure.get_hookimpls()}
        return next((codes[f.f_code] for f in _up(frame) if f.f_code in codes), None)


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


def _is_nobody(frame: FrameType) -> bool:
    filename = frame.f_code.co_filename
    return filename.endswith(_LOOKUPS) or any(part in filename for part in _NOBODY)
