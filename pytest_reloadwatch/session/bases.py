"""The groups of dependencies of one run's files, each worked out once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Set

    from pytest_reloadwatch.proof.model import Group


class Bases:
    """*keys_of* gives what every test of a file rests on, *make* the group of some keys."""

    def __init__(self, keys_of: Callable[[str], set[str]], make: Callable[[Iterable[str]], Group]) -> None:
        self._keys_of = keys_of
        self._make = make
        self._keys: dict[str, set[str]] = {}
        self._groups: dict[str, Group] = {}
        self._own: dict[frozenset[str], Group] = {}

    def keys(self, path: str) -> set[str]:
        """What every test of the file *path* rests on."""
        keys = self._keys.get(path)
        if keys is None:
            keys = self._keys[path] = self._keys_of(path)
        return keys

    def group(self, path: str) -> Group:
        """The same as a group."""
        group = self._groups.get(path)
        if group is None:
            group = self._groups[path] = self._make(self.keys(path))
        return group

    def own(self, keys: Set[str]) -> Group:
        """The group of what a test rests on besides."""
        name = frozenset(keys)
        group = self._own.get(name)
        if group is None:
            group = self._own[name] = self._make(name)
        return group
