"""What importing each module costs, and who pays for it: the module that was executing when it was first imported."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_reloadwatch import _compat

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec

NOTABLE = 0.001  # seconds from which on it is worth a word what an installed module costs

Cost = tuple[str, str, str, float, float]
"""Name, first-party path, importer's name, seconds with all that it imported itself, and without.

The importer is empty for what pytest imports itself, and BY_TEST for what is imported while tests run.
"""

BY_TEST = "<test>"


@dataclass
class _Open:
    """A module that executes just now."""

    name: str
    path: str
    importer: str
    since: float
    within: float = 0.0  # seconds of what it has imported itself


class ImportCosts:
    """*clock* tells the moment of the timeline, in seconds, which does not go on while a checkpoint lies frozen.

    Each finished module is given to *on_cost*, if it is first-party, or somebody first-party, or nobody, asked for it.
    *is_collecting* says whether tests have not begun yet.
    """

    def __init__(
        self, clock: Callable[[], float], on_cost: Callable[[Cost], None], is_collecting: Callable[[], bool]
    ) -> None:
        self._clock = clock
        self._is_collecting = is_collecting
        self._on_cost = on_cost
        self._main = threading.get_ident()
        self._open: list[_Open] = []
        self._paths: dict[str, str] = {}
        self._watch = _compat.initializing_watcher(self._on_initializing)
        self._busy = 0.0
        self._busy_since = 0.0

    def expect(self, name: str, path: str, spec: ModuleSpec) -> None:
        """The module *name* is about to be loaded with *spec*; *path* is empty where it is not first-party."""
        if threading.get_ident() == self._main:
            self._paths[name] = path
            self._watch(spec)

    def begin_run(self) -> None:
        """What is measured by ``busy`` begins anew; modules may be in the middle of their execution."""
        self._busy, self._busy_since = 0.0, self._clock()

    def busy(self) -> float:
        """Seconds of this run in which modules were executed."""
        return self._busy + (self._clock() - self._busy_since if self._open else 0.0)

    def _on_initializing(self, name: str, begins: bool) -> None:
        if threading.get_ident() == self._main:
            if begins:
                self._begin(name)
            else:
                self._end(name)

    def _begin(self, name: str) -> None:
        now = self._clock()
        if not self._open:
            self._busy_since = now
        importer = self._open[-1].name if self._open else "" if self._is_collecting() else BY_TEST
        self._open.append(_Open(name, self._paths.pop(name, ""), importer, now))

    def _end(self, name: str) -> None:
        if all(one.name != name for one in self._open):
            return
        while (ended := self._open.pop()).name != name:
            """Of that one nobody has said that it ended."""
        now = self._clock()
        seconds = now - ended.since
        if not self._open:
            self._busy += now - self._busy_since
        else:
            self._open[-1].within += seconds
        is_asked_for = not self._open or bool(self._open[-1].path)
        if ended.path or (is_asked_for and seconds >= NOTABLE):
            own = max(0.0, seconds - ended.within)
            self._on_cost((name, ended.path, ended.importer, round(seconds, 6), round(own, 6)))
