"""What tests executed, function by function, from the lines or arcs that they covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.covering.figures import unpack
from pytest_reloadwatch.proof.covered import numbers_in
from pytest_reloadwatch.proof.model import Function

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.covering.keeper import Keeper
    from pytest_reloadwatch.graph.fingerprint import Fingerprints
    from pytest_reloadwatch.graph.source import Source


class Executed:
    """*read* gives what a source parses to. Many tests share a set of lines: each is looked at once a run."""

    def __init__(self, keeper: Keeper, read: Callable[[str], Source]) -> None:
        self._keeper = keeper
        self._read = read
        self._run = 0
        self._names: dict[str, _Names] = {}
        self._functions: dict[tuple[str, bytes], set[Function]] = {}

    def functions(self, nodeid: str) -> set[Function] | None:
        """Those of a test of the latest run, its fixtures included; None where it has told nothing."""
        run, sets = self._keeper.executed(nodeid)
        if run != self._run:
            self._run, self._names, self._functions = run, {}, {}
        return None if sets is None else set[Function]().union(*map(self._functions_in, sets))

    def sources(self, nodeid: str) -> set[str] | None:
        """The files that these functions are in."""
        _, sets = self._keeper.executed(nodeid)
        return None if sets is None else {source for source, _ in sets}

    def _functions_in(self, found: tuple[str, bytes]) -> set[Function]:
        known = self._functions.get(found)
        if known is None:
            source, lines = found
            names = self._names.get(source)
            if names is None:
                has_arcs = self._keeper.measures is not None and self._keeper.measures.arcs
                names = self._names[source] = _Names(self._read(source).prints, has_arcs=has_arcs)
            known = self._functions[found] = {
                (source, name) for name in set().union(*map(names.__getitem__, numbers_in(lines)))
            }
        return known


class _Names(dict[int, set[str]]):
    """The functions that a line, or the two ends of an arc, belong to; of an end that is no line, nothing."""

    def __init__(self, prints: Fingerprints, *, has_arcs: bool) -> None:
        super().__init__()
        self._prints = prints
        self._has_arcs = has_arcs

    def __missing__(self, number: int) -> set[str]:
        ends = unpack(number) if self._has_arcs else (number,)
        found = self[number] = {self._prints.executed_at(line) for line in ends if line > 0}
        return found
