"""The plan of what to import ahead of time before a hot module: a pure function over what a run recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.inert import WHOLE, Extent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True)
class ImportSeen:
    """A module that started executing: imported by top-level code of *importer* in *line*.

    *path* is empty for what is not first-party, *importer* for what pytest imports itself.
    """

    name: str
    path: str
    importer: str
    line: int
    surroundings: str


@dataclass(frozen=True)
class Plan:
    """Import *names*, each in the surroundings recorded; *executed* are files that the run executes itself.

    *importers* tells for each file whose imports have been moved which import statements it begins with.
    """

    names: tuple[str, ...]
    surroundings: tuple[str, ...]
    executed: frozenset[str]
    importers: dict[str, tuple[str, ...]]


def plan(seen: Sequence[ImportSeen], hot: str, dependents: frozenset[str], extent_of: Callable[[str], Extent]) -> Plan:
    """What can be imported before *hot* is executed, given what a run imported and in which order.

    Everything imported after *hot* that does not depend on it qualifies, until the code in between does
    anything but import and define.
    """
    executed = set(dependents) | {hot}
    line_of: dict[str, tuple[str, int]] = {}
    names: list[str] = []
    surroundings: list[str] = []
    importers: dict[str, tuple[str, ...]] = {}
    started: list[str] = []
    begun = False
    for entry in seen:
        begun = begun or entry.path == hot
        if entry.path and (entry.path in executed or not entry.importer):
            executed.add(entry.path)
            line_of.setdefault(entry.path, (entry.importer, entry.line))
            if begun:
                started.append(entry.path)
        elif begun and entry.importer in executed:
            if not _is_movable(entry, started, line_of, extent_of):
                break
            names.append(entry.name)
            surroundings.append(entry.surroundings)
            importers[entry.importer] = extent_of(entry.importer).imports
    return Plan(tuple(names), tuple(surroundings), frozenset(executed), importers)


def _is_movable(
    entry: ImportSeen,
    started: Sequence[str],
    line_of: dict[str, tuple[str, int]],
    extent_of: Callable[[str], Extent],
) -> bool:
    """Whether all code that executes before this import, from the hot module on, is inert."""
    reached = {entry.importer: entry.line}
    path = entry.importer
    while path in line_of and line_of[path][0] and line_of[path][0] not in reached:
        path, line = line_of[path]
        reached[path] = line
    for file in {*started, *reached}:
        found = extent_of(file)
        inert_to = found.strict if entry.path else found.lenient
        if reached.get(file, WHOLE) > inert_to:
            return False
    return True
