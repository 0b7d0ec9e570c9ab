"""What tests can change of a process beside what modules hold: put back after them."""

from __future__ import annotations

import contextlib
import decimal
import gc
import locale
import logging
import os
import random
import signal
import socket
import sys
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import _compat

if TYPE_CHECKING:
    from collections.abc import Iterator

_LISTS = ("path", "meta_path", "path_hooks", "argv", "warnoptions")
_LAST = ("last_type", "last_value", "last_traceback", "last_exc")  # pytest sets them where a test fails
_HOOKS = ("excepthook", "displayhook", "breakpointhook", "unraisablehook", "dont_write_bytecode")


@dataclass(frozen=True)
class Around:
    """One moment."""

    environment: dict[str, str]
    directory: str
    lists: dict[str, list[Any]]
    hooks: dict[str, Any]
    filters: list[Any]
    randomness: Any
    handlers: dict[int, Any]
    loggers: dict[str, _Logging]
    loops: Any
    plain: tuple[Any, ...]

    @classmethod
    def now(cls) -> Around:
        return cls(
            environment=dict(os.environ),
            directory=_directory(),
            lists={name: list(getattr(sys, name)) for name in _LISTS},
            hooks={name: getattr(sys, name) for name in _HOOKS},
            filters=list(warnings.filters),
            randomness=random.getstate(),
            handlers={number: signal.getsignal(number) for number in signal.valid_signals()},
            loggers={name: _Logging.of(logger) for name, logger in _loggers()},
            loops=_compat.event_loops(),
            plain=_plain(),
        )

    def restore(self) -> str:
        """Make it so again; what could not be, in words, else nothing."""
        self._restore_environment()
        try:
            os.chdir(self.directory)
        except OSError:
            return "its working directory is gone"
        for name, entries in self.lists.items():
            getattr(sys, name)[:] = entries
        for name, hook in self.hooks.items():
            setattr(sys, name, hook)
        if list(warnings.filters) != self.filters:
            warnings.filters[:] = self.filters  # type: ignore[index] # a list, whatever its type says
            with warnings.catch_warnings():
                pass  # has them looked at anew, for which there is no public name
        for name in _LAST:
            vars(sys).pop(name, None)
        _compat.restore_event_loops(self.loops)
        random.setstate(self.randomness)
        self._restore_handlers()
        for name, logger in _loggers():
            self.loggers.get(name, _NEW).restore(logger)
        return "" if _plain() == self.plain else "locale, time zone, default timeout or the like are not as they were"

    def _restore_environment(self) -> None:
        if os.environ != self.environment:
            for name in [name for name in os.environ if name not in self.environment]:
                del os.environ[name]
            os.environ.update(self.environment)

    def _restore_handlers(self) -> None:
        for number, handler in self.handlers.items():
            if handler is not None and signal.getsignal(number) is not handler:
                with contextlib.suppress(OSError, ValueError):
                    signal.signal(number, handler)


@dataclass(frozen=True)
class _Logging:
    """What can be set of a logger."""

    level: int
    handlers: tuple[tuple[logging.Handler, int], ...] = ()
    filters: tuple[Any, ...] = ()
    disabled: bool = False
    propagate: bool = True

    @classmethod
    def of(cls, logger: logging.Logger) -> _Logging:
        handlers = tuple((handler, handler.level) for handler in logger.handlers)
        return cls(logger.level, handlers, tuple(logger.filters), logger.disabled, logger.propagate)

    def restore(self, logger: logging.Logger) -> None:
        if _Logging.of(logger) == self:
            return
        logger.setLevel(self.level)
        logger.handlers[:] = [handler for handler, _ in self.handlers]
        for handler, level in self.handlers:
            handler.setLevel(level)
        logger.filters[:] = self.filters
        logger.disabled, logger.propagate = self.disabled, self.propagate


_NEW = _Logging(logging.NOTSET)  # as one is that somebody has asked for


def _loggers() -> Iterator[tuple[str, logging.Logger]]:
    yield "", logging.root
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger):
            yield name, logger


def _directory() -> str:
    with contextlib.suppress(OSError):
        return os.getcwd()
    return ""


def _plain() -> tuple[Any, ...]:
    context = decimal.getcontext()
    os.umask(mask := os.umask(0))
    return (
        mask,
        time.tzname,
        gc.get_threshold(),
        locale.setlocale(locale.LC_ALL),
        sys.getrecursionlimit(),
        socket.getdefaulttimeout(),
        (context.prec, context.rounding, tuple(sorted(map(str, context.traps.items())))),
        logging.root.manager.disable,
        gc.isenabled(),
        sys.gettrace() is None,
    )
