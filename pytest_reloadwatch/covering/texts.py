"""Texts of measured sources as they are and as they were, and how lines have moved from one to the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.covering.lines import Outline, line_map, outline
from pytest_reloadwatch.proof.digest import ABSENT, digest_bytes

if TYPE_CHECKING:
    from pytest_reloadwatch.covering.lines import LineMap
    from pytest_reloadwatch.proof.covered import CoveredTables
    from pytest_reloadwatch.watch.tree import Tree


class Texts:
    """*tree* tells what is on disk as it was last looked at, *tables* know the texts that something was covered in."""

    def __init__(self, tree: Tree, tables: CoveredTables) -> None:
        self._tree = tree
        self._tables = tables
        self._unsaved: dict[str, bytes] = {}
        self._kept: set[str] = set()
        self._outlines: dict[str, Outline | None] = {}
        self._maps: dict[tuple[str, str], LineMap | None] = {}

    def digest(self, path: str) -> str:
        """Of the text at *path*; empty where there is none."""
        self._tree.track([path])
        digest = self._tree.digest(path)
        return "" if digest == ABSENT else digest

    def keep(self, path: str) -> None:
        """Something in the text at *path* is covered: it will be needed when there is another."""
        digest = self.digest(path)
        if digest and digest not in self._kept:
            self._kept.add(digest)
            if not self._tables.has_text(digest):
                text = _read(path)
                if digest_bytes(text) == digest:
                    self._unsaved[digest] = text

    def take_unsaved(self) -> dict[str, bytes]:
        """What was kept since the last call, by digest."""
        unsaved, self._unsaved = self._unsaved, {}
        return unsaved

    def look_again(self) -> None:
        """Outlines are needed until figures are made."""
        self._outlines.clear()

    def line_map(self, path: str, text: str) -> LineMap | None:
        """From the text with this digest to the one that is there now; None where one of them is not known."""
        now = self.digest(path)
        if (text, now) not in self._maps:
            before, after = self.outline(text, path), self.outline(now, path)
            self._maps[text, now] = None if before is None or after is None else line_map(before, after)
        return self._maps[text, now]

    def outline(self, digest: str, path: str) -> Outline | None:
        """Of the text with this digest, which *path* had or has; None where it is not known, or does not parse."""
        if digest not in self._outlines:
            source = self._tables.text(digest)
            if source is None:
                source = _read(path)
                source = source if digest_bytes(source) == digest else None
            self._outlines[digest] = None if source is None else outline(source)
        return self._outlines[digest]


def _read(path: str) -> bytes:
    """Nothing where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
