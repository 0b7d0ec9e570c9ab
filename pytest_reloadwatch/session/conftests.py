"""Which conftests a test file rests on: those above it, and those that are felt everywhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.reach import reaches_beyond
from pytest_reloadwatch.proof.digest import CONFTESTS, digest_bytes, digest_text
from pytest_reloadwatch.session.parsed import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_reloadwatch.watch.tree import Tree


class Conftests:
    """Those of the project at *rootdir*, as *tree* has them. ``far`` are those that are felt everywhere."""

    def __init__(self, rootdir: str, tree: Tree) -> None:
        self.far: set[str] = set()
        self._rootdir = rootdir
        self._tree = tree
        self._reaches: dict[str, bool] = {}  # by digest

    def above(self, path: str) -> Iterator[str]:
        """Where there are, or could be, conftests for the file *path*."""
        directory = os.path.dirname(path)
        while True:
            yield os.path.join(directory, "conftest.py")
            parent = os.path.dirname(directory)
            if directory == self._rootdir or parent == directory:
                return
            directory = parent

    def look(self, test_files: Iterable[str]) -> bool:
        """Find out which of those above *test_files* are felt everywhere; whether these are others than before."""
        directories = {os.path.dirname(path) for path in test_files}
        candidates = {conftest for place in directories for conftest in self.above(os.path.join(place, ""))}
        self._tree.track(candidates)
        self.far = {path for path in candidates if self._tree.exists(path) and self._reaches_beyond(path)}
        before = self._tree.digest(CONFTESTS) if CONFTESTS in self._tree else ""
        self._tree.put(CONFTESTS, digest_text("\n".join(sorted(self.far))))
        return self._tree.digest(CONFTESTS) != before

    def _reaches_beyond(self, path: str) -> bool:
        digest = self._tree.digest(path)
        if digest not in self._reaches:
            data = read_bytes(path)
            digest = digest_bytes(data)  # by now it may be another, which the next sweep will see
            self._reaches[digest] = reaches_beyond(data)
        return self._reaches[digest]
