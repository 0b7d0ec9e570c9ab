"""Who mentions a name: the functions that can see what a module binds to it, as far as the text of sources says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.mentions import lines_mentioning
from pytest_reloadwatch.proof.digest import ABSENT, is_path
from pytest_reloadwatch.session.parsed import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pytest_reloadwatch.graph.source import Source
    from pytest_reloadwatch.proof.model import Function
    from pytest_reloadwatch.watch.tree import Tree


class Mentions:
    """Searches all sources that *tree* follows; *read* gives what one parses to."""

    def __init__(self, tree: Tree, read: Callable[[str], Source]) -> None:
        self._tree = tree
        self._read = read
        self._texts: dict[str, tuple[str, bytes]] = {}

    def of(self, names: Iterable[str]) -> set[Function] | None:
        """The functions that mention one of these names; None where a module level does more than to bind it."""
        found: set[Function] = set()
        for path, text in self._sources():
            for name in names:
                if name.encode() in text and not _only_binds(text, name.encode()):
                    functions = self._functions(path, text, name)
                    if functions is None:
                        return None
                    found |= functions
        return found

    def _functions(self, path: str, text: bytes, name: str) -> set[Function] | None:
        lines = lines_mentioning(text, name)
        prints = self._read(path).prints
        return None if lines is None else {(path, prints.function_at(line)) for line in lines}

    def _sources(self) -> Iterator[tuple[str, bytes]]:
        for key, digest in list(self._tree.entries):
            if digest != ABSENT and key.endswith(".py") and is_path(key):
                known = self._texts.get(key)
                if known is None or known[0] != digest:
                    known = self._texts[key] = (digest, read_bytes(key))
                yield key, known[1]


def _only_binds(text: bytes, name: bytes) -> bool:
    """Whether the name is nothing but the target of assignments of the module level, which a look at the text tells."""
    if not name.isascii():  # what a word is, is told for bytes only there
        return False
    words = re.findall(rb"\b%s\b" % name, text)
    return len(words) == len(re.findall(rb"^%s(?::[^=\n]*)? *=(?!=)" % name, text, re.MULTILINE))
