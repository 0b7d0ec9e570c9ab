"""The IPython extension: before each cell what was edited is reloaded, and one short line says so."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from pytest_reloadwatch.exceptions import StaleObjectWarning
from pytest_reloadwatch.inplace.interactive import Reloaded, session

_EVENT = "pre_run_cell"
_MOST = 3  # names in the line


class Extension:
    """What ``%load_ext pytest_reloadwatch`` puts in front of each cell; a failure is told and the cell runs."""

    def __init__(self) -> None:
        self._said = ""

    def before_cell(self, info: object = None) -> None:  # noqa: ARG002 - IPython's signature
        """Reload what has changed; never raises."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", StaleObjectWarning)  # the line tells of them
                done = session().reload(frozenset())
        except Exception as error:
            self._say(f"reload failed: {type(error).__name__}: {error}")
            return
        self._say(in_a_line(done))

    def _say(self, line: str) -> None:
        """Once: a source that stays broken is not told before each cell."""
        if line and line != self._said:
            sys.stderr.write(line + "\n")
        self._said = line


def in_a_line(done: Reloaded) -> str:
    """What a reload did, for somebody who wants to go on."""
    if done.error is not None:
        return f"not reloaded: {done.error}"
    if done.refused:
        return f"not reloaded: {done.refused[0]}; restart the kernel"
    if not done:
        return ""
    names = ", ".join(done.names[:_MOST]) + (f" and {len(done.names) - _MOST} more" if len(done.names) > _MOST else "")
    old = "; ".join(map(str, done.stale[:_MOST]))
    more = f" and {len(done.stale) - _MOST} more" if len(done.stale) > _MOST else ""
    return f"reloaded {names}" + (f"; still old: {old}{more}" if old else "")


_EXTENSIONS: dict[int, Extension] = {}  # by shell, to be taken out again


def load(shell: Any) -> None:
    """Begin to reload before each cell of *shell*."""
    session()
    extension = _EXTENSIONS[id(shell)] = Extension()
    shell.events.register(_EVENT, extension.before_cell)


def unload(shell: Any) -> None:
    """End that."""
    extension = _EXTENSIONS.pop(id(shell), None)
    if extension is not None:
        shell.events.unregister(_EVENT, extension.before_cell)
