"""Who mentions a name: the functions that can see what a module binds to it, as far as the text of sources says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.mentions import lines_mentioning
from pytest_reloadwatch.proof.digest import is_path
from pytest_reloadwatch.session.parsed import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
        for path in [key for key, _ in self._tree.entries if key.endswith(".py") and is_path(key)]:
            text = self._text(path)
            for name in names:
                if name.encode() in text:
                    functions = self._functions(path, text, name)
                    if functions is None:
                        return None
                    found |= functions
        return found

    def _functions(self, path: str, text: bytes, name: str) -> set[Function] | None:
        lines = lines_mentioning(text, name)
        prints = self._read(path).prints
        return None if lines is None else {(path, prints.function_at(line)) for line in lines}

    def _text(self, path: str) -> bytes:
        digest = self._tree.digest(path)
        known = self._texts.get(path)
        if known is None or known[0] != digest:
            known = self._texts[path] = (digest, read_bytes(path))
        return known[1]
