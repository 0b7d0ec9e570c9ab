"""The figures of the whole suite, from sets of lines in texts as they were: pure but for what is asked of *sources*."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_reloadwatch.covering.lines import LineMap
    from pytest_reloadwatch.proof.covered import LineSet

_SHIFT, _HALF = 1 << 32, 1 << 31


@dataclass(frozen=True)
class Figures:
    """*covered* are numbers by context and path: lines, or arcs as ``pack`` has them. *unmeasured* of the *known* tests
    are not measured for the files on disk, and count as far as what they executed has not changed.
    """

    arcs: bool
    covered: dict[str, dict[str, set[int]]] = field(default_factory=dict)
    known: int = 0
    unmeasured: int = 0

    @property
    def files(self) -> set[str]:
        """Those in which anything is covered."""
        return {path for files in self.covered.values() for path in files}

    @property
    def note(self) -> str:
        """What is to be said of them; empty where they are those of the whole suite."""
        if not self.unmeasured:
            return ""
        return f"partial: {self.unmeasured} of {self.known} tests are not measured for the files on disk"


class Sources(Protocol):
    """The files as they are and were."""

    def digest(self, path: str) -> str:
        """Of the text now; empty where there is none."""

    def line_map(self, path: str, text: str) -> LineMap | None:
        """From the text with this digest to the one that is there now; None where one of them is not known."""


def pack(first: int, last: int) -> int:
    """The two ends of an arc in one number."""
    return first * _SHIFT + last + _HALF


def unpack(arc: int) -> tuple[int, int]:
    first, last = divmod(arc, _SHIFT)
    return first, last - _HALF


def combine(
    sets: Iterable[LineSet], sources: Sources, *, arcs: bool, at_import: bool
) -> dict[str, dict[str, set[int]]]:
    """What all *sets* say of the files as they are now, by context and path."""
    by_text: dict[tuple[str, str, str], set[int]] = defaultdict(set)
    for one in sets:
        by_text[one.path, one.text, one.context].update(one.numbers())
    found: dict[str, dict[str, set[int]]] = {}
    for (path, text, context), numbers in by_text.items():
        now = sources.digest(path)
        if now and now != text:
            found_map = sources.line_map(path, text)
            numbers = _move(numbers, found_map, arcs=arcs, at_import=at_import) if found_map is not None else set()
        if now and numbers:
            found.setdefault(context, {}).setdefault(path, set()).update(numbers)
    return found


def merge(one: dict[str, dict[str, set[int]]], other: dict[str, dict[str, set[int]]]) -> None:
    """Add *other* to *one*."""
    for context, files in other.items():
        for path, numbers in files.items():
            one.setdefault(context, {}).setdefault(path, set()).update(numbers)


def _move(numbers: set[int], moved: LineMap, *, arcs: bool, at_import: bool) -> set[int]:
    if not arcs:
        lines = (moved.line(line, at_import=at_import) for line in numbers)
        return {line for line in lines if line is not None}
    found = (moved.arc(*unpack(arc), at_import=at_import) for arc in numbers)
    return {pack(*arc) for arc in found if arc is not None}
