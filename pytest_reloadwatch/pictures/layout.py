"""Where the modules of an import graph stand: in columns, each to the left of all that it imports."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ASPECT = 1.7  # of the picture: a screen's
WIDTH = 9.0  # of a column, in heights of a row
FEWEST = 8  # rows of a column


@dataclass(frozen=True)
class Place:
    """In columns and rows."""

    column: int
    row: float


def levels(edges: Sequence[Sequence[int]]) -> list[int]:
    """For each node how many steps lead at most to one that imports nothing; circles are one step."""
    circles = _circles(edges)
    members: dict[int, list[int]] = {}
    for node, circle in enumerate(circles):
        members.setdefault(circle, []).append(node)
    found: dict[int, int] = {}
    for circle in sorted(members):  # those that are imported come first
        outside = [circles[to] for node in members[circle] for to in edges[node] if circles[to] != circle]
        found[circle] = 1 + max((found[other] for other in outside), default=-1)
    return [found[circle] for circle in circles]


def place(paths: Sequence[str], edges: Sequence[Sequence[int]]) -> list[Place]:
    """A place for each node; those of a directory stand together in their column."""
    level = levels(edges)
    tallest = _tallest(level)
    places: dict[int, Place] = {}
    column = 0
    for step in range(max(level, default=0), -1, -1):
        nodes = [node for node, found in enumerate(level) if found == step]
        nodes.sort(key=lambda node: (os.path.dirname(paths[node]), _height(node, edges, places), paths[node]))
        for start in range(0, len(nodes), tallest):
            part = nodes[start : start + tallest]
            middle = (len(part) - 1) / 2
            places.update((node, Place(column, row - middle)) for row, node in enumerate(part))
            column += 1
    return [places[node] for node in range(len(paths))]


def importers(edges: Sequence[Sequence[int]]) -> list[list[int]]:
    """The same edges the other way round."""
    found: list[list[int]] = [[] for _ in edges]
    for node, targets in enumerate(edges):
        for target in targets:
            found[target].append(node)
    return found


def _height(node: int, edges: Sequence[Sequence[int]], places: Mapping[int, Place]) -> float:
    """Where those that are placed already, and have to do with *node*, stand on average."""
    rows = [places[other].row for other in edges[node] if other in places]
    return sum(rows) / len(rows) if rows else 0.0


def _tallest(level: Sequence[int]) -> int:
    """So many rows that the picture has the shape of a screen."""
    counts = [level.count(step) for step in set(level)]
    tallest = FEWEST
    while sum(-(-count // tallest) for count in counts) * WIDTH > ASPECT * tallest and tallest < max(counts, default=0):
        tallest += 1
    return tallest


def _circles(edges: Sequence[Sequence[int]]) -> list[int]:
    """The number of each node's strongly connected component; imports lead to components of smaller numbers."""
    search = _Search(edges)
    for node in range(len(edges)):
        search.start(node)
    return search.found


class _Search:
    """Tarjan's algorithm, without recursion: chains of imports can be long."""

    def __init__(self, edges: Sequence[Sequence[int]]) -> None:
        self.found = [-1] * len(edges)
        self._edges = edges
        self._index: dict[int, int] = {}
        self._low: dict[int, int] = {}
        self._stack: list[int] = []
        self._work: list[tuple[int, Iterator[int]]] = []
        self._count = 0

    def start(self, root: int) -> None:
        if root not in self._index:
            self._enter(root)
        while self._work:
            node, targets = self._work[-1]
            following = next((target for target in targets if self._is_new(node, target)), None)
            if following is not None:
                self._enter(following)
            else:
                self._leave(node)

    def _enter(self, node: int) -> None:
        self._index[node] = self._low[node] = len(self._index)
        self._stack.append(node)
        self._work.append((node, iter(self._edges[node])))

    def _is_new(self, node: int, target: int) -> bool:
        if target not in self._index:
            return True
        if self.found[target] < 0:  # it is on the stack
            self._low[node] = min(self._low[node], self._index[target])
        return False

    def _leave(self, node: int) -> None:
        self._work.pop()
        if self._work:
            above = self._work[-1][0]
            self._low[above] = min(self._low[above], self._low[node])
        if self._low[node] == self._index[node]:
            while self.found[node] < 0:
                self.found[self._stack.pop()] = self._count
            self._count += 1
