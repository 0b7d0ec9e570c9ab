"""What one owner has covered, in a run: sets of lines or arcs of one file, each told to the controller once."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.proof.covered import encode
from pytest_reloadwatch.rewind.messages import Covered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_reloadwatch.covering._compat import Collector

TEST, FIXTURE, IMPORT, COLLECTION, SESSION = "test", "fixture", "import", "collection", "session"

_serial = itertools.count(1)


@dataclass(eq=False)
class Portion:
    """*sets* are numbers of sets; *uses* are fixtures that it rests on; *seen* is what else was covered meanwhile."""

    kind: str
    name: str = ""
    sets: set[int] = field(default_factory=set)
    uses: dict[Portion, None] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    serial: int = field(default_factory=lambda: next(_serial))
    told: tuple[int, int, int] = (0, 0, -1)  # by which process in which run, and how many sets it had then

    @property
    def executes(self) -> bool:
        """Whether it is anybody's business what executed meanwhile."""
        return self.kind in (TEST, FIXTURE)

    def with_uses(self) -> Iterable[Portion]:
        """It, and all that it rests on."""
        found: dict[Portion, None] = {}
        waiting = [self]
        while waiting:
            portion = waiting.pop()
            if portion not in found:
                found[portion] = None
                waiting += portion.uses
        return found


class Sets:
    """Many tests execute the same in a file: each such set has a number, and is told once by a process in a run."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, frozenset[Any]], int] = {}
        self._sets: list[tuple[str, str, frozenset[Any]]] = []
        self._told: set[int] = set()
        self._teller = (0, 0)

    def number(self, path: str, context: str, found: frozenset[Any]) -> int:
        key = (path, context, found)
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = len(self._sets)
            self._sets.append(key)
        return known

    def tell(self, portion: Portion, run: int, collector: Collector, send: Callable[[Covered], None]) -> None:
        """Send what *portion* has, unless this process has told that much of it in this *run*."""
        teller = (os.getpid(), run)
        if teller != self._teller:
            self._teller, self._told = teller, set()
        told = (*teller, len(portion.sets) + len(portion.seen))
        if portion.told == told:
            return
        portion.told = told
        new = (portion.sets | portion.seen) - self._told
        self._told |= new
        send(
            Covered(
                run=run,
                process=teller[0],
                kind=portion.kind,
                name=portion.name or str(portion.serial),
                sets=sorted(portion.sets),
                new=[self._format(number, collector) for number in sorted(new)],
                uses=[used.serial for used in portion.with_uses() if used is not portion],
                seen=sorted(portion.seen),
            )
        )

    def _format(self, number: int, collector: Collector) -> tuple[int, str, str, str, str]:
        path, context, found = self._sets[number]
        return number, path, context, encode(collector.numbers(found)), collector.source(path)
