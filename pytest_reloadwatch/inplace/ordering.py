"""Dependency order where imports may be circular."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def components(names: Sequence[str], edges: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The strongly connected components, what is rested on first; within each the order of *names*, backwards.

    Tarjan's algorithm, with a stack of its own: chains of imports are longer than Python's recursion may be deep.
    """
    position = {name: index for index, name in enumerate(names)}
    walk = _Walk({name: sorted((e for e in edges.get(name, ()) if e in position), key=position.get) for name in names})  # type: ignore[arg-type] # all have one
    for name in names:
        walk.start(name)
    return [sorted(component, key=position.__getitem__, reverse=True) for component in walk.found]


class _Walk:
    def __init__(self, edges: Mapping[str, Sequence[str]]) -> None:
        self.found: list[list[str]] = []
        self._edges = edges
        self._index: dict[str, int] = {}
        self._lowest: dict[str, int] = {}
        self._open: list[str] = []
        self._is_open: set[str] = set()

    def start(self, name: str) -> None:
        if name in self._index:
            return
        path = [(name, iter(self._edges[self._enter(name)]))]
        while path:
            current, following = path[-1]
            for target in following:
                if target not in self._index:
                    path.append((target, iter(self._edges[self._enter(target)])))
                    break
                if target in self._is_open:
                    self._lowest[current] = min(self._lowest[current], self._index[target])
            else:
                path.pop()
                self._leave(current, path[-1][0] if path else None)

    def _enter(self, name: str) -> str:
        self._index[name] = self._lowest[name] = len(self._index)
        self._open.append(name)
        self._is_open.add(name)
        return name

    def _leave(self, name: str, importer: str | None) -> None:
        if importer is not None:
            self._lowest[importer] = min(self._lowest[importer], self._lowest[name])
        if self._lowest[name] == self._index[name]:
            start = self._open.index(name)
            self.found.append(self._open[start:])
            self._is_open.difference_update(self._open[start:])
            del self._open[start:]
