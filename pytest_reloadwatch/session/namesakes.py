"""Test files of which pytest takes one for another: they share a module's name, and the second cannot be imported.

Only files that are collected in one run can be in each other's way. So each rests on which files have its name, and
none is passed over where another of that name is collected.
"""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.digest import digest_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pytest_reloadwatch.watch.tree import Tree


class Namesakes:
    """Of the test files in *tree*, which has a key for each name."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._names: dict[str, str] = {}
        self._files: dict[str, set[str]] = defaultdict(set)

    def look(self, test_files: Iterable[str]) -> set[str]:
        """Find out what these are called; the keys of names that others have than before."""
        packages: dict[str, str] = {}
        self._names = {path: _module_name(path, packages) for path in test_files if path.endswith(".py")}
        names = self._files.keys() | set(self._names.values())
        self._files = defaultdict(set)
        for path, name in self._names.items():
            if self._tree.exists(path):
                self._files[name].add(path)
        return {key for name in names if self._put(key := _key(name), name)}

    def keys(self, path: str) -> set[str]:
        """What a test file rests on for its name's sake."""
        return {_key(self._names[path])} if path in self._names else set()

    def of(self, paths: Collection[str]) -> set[str]:
        """All that have the name of one of these test files, too."""
        return set().union(*(self._files[self._names[path]] for path in paths if path in self._names)) - set(paths)

    def _put(self, key: str, name: str) -> bool:
        before = self._tree.digest(key) if key in self._tree else ""
        self._tree.put(key, digest_text("\n".join(sorted(self._files[name]))))
        return self._tree.digest(key) != before


def _key(name: str) -> str:
    return f"<test files named {name}>"


def _module_name(path: str, packages: dict[str, str]) -> str:
    """As pytest gives it, from the packages that a file lies in; *packages* are remembered, by directory."""
    directory, name = os.path.split(path.removesuffix(".py"))
    return _package(directory, packages) + name


def _package(directory: str, known: dict[str, str]) -> str:
    """The dotted name of the package in *directory*, with a dot behind; empty where there is none."""
    if directory not in known:
        known[directory] = ""
        if os.path.isfile(os.path.join(directory, "__init__.py")):
            parent, name = os.path.split(directory)
            known[directory] = f"{_package(parent, known)}{name}."
    return known[directory]
