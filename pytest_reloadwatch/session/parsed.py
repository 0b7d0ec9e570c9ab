"""What parsing gave, once for each content of a source, in this session or an earlier one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.inert import NOWHERE, Extent, extent
from pytest_reloadwatch.graph.source import Source, parse, read_source
from pytest_reloadwatch.proof.digest import ABSENT, digest_bytes

if TYPE_CHECKING:
    import ast

    from pytest_reloadwatch.proof.store import Store
    from pytest_reloadwatch.watch.tree import Tree


class Parsed:
    """Reads sources of *tree*; *store* may know what they give."""

    def __init__(self, store: Store, tree: Tree) -> None:
        self.store = store
        self._tree = tree
        self._by_text: dict[str, Source] = {ABSENT: read_source(b"", parse(b""))}  # many places are looked at in vain
        self._extents = {ABSENT: NOWHERE}
        self._last: tuple[str, ast.Module | None] = ("", None)  # the last one that was parsed: who edits is asked twice
        self._by_code: dict[str, Source] = {}
        self._unsaved: dict[str, Source] = {}

    def read(self, path: str) -> Source:
        """What the source at *path* gives as it was last looked at."""
        self._tree.track([path])
        digest = self._tree.digest(path)
        found = self._by_text.get(digest) or self.store.source(digest)
        if found is None:
            data = read_bytes(path)
            digest = digest_bytes(data)  # by now it may be another, which the next sweep will see
            self._last = (digest, parse(data))
            found = self._unsaved[digest] = read_source(data, self._last[1])
        self._by_text[digest] = self._by_code[found.code] = found
        return found

    def extent(self, path: str) -> Extent:
        """How far the source at *path* is inert."""
        self._tree.track([path])
        digest = self._tree.digest(path)
        if digest not in self._extents:
            data = read_bytes(path)
            if digest_bytes(data) != digest:
                return NOWHERE  # it is another by now
            parsed, tree = self._last
            self._extents[digest] = extent(tree if parsed == digest and tree is not None else data)
        return self._extents[digest]

    def recall(self, code: str) -> Source | None:
        """What a source gave whose code has this digest."""
        return self._by_code.get(code) or self.store.source_with_code(code)

    def take_unsaved(self) -> dict[str, Source]:
        """What is not in the store yet, by the digest of the text."""
        unsaved, self._unsaved = self._unsaved, {}
        return unsaved


def read_bytes(path: str) -> bytes:
    """Nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
