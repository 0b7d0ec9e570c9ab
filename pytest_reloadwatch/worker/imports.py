"""Whether it matters that a module imports others than it did, or in another order: what they did stays done."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class ImportChanges:
    """*now* are the sources of first-party modules that are loaded, by name, as they are on disk.

    *effect* says of such a module what it does at its import beside importing and defining, empty for nothing.
    """

    def __init__(self, now: Mapping[str, bytes], effect: Callable[[str], str]) -> None:
        self._effect = effect
        self._imported = {name: list(imported(source, _package(name))) for name, source in now.items()}

    def problem(self, name: str, before: bytes) -> str:
        """What stands in the way where *before* was the source of the module *name*; empty for nothing."""
        old, new = list(dict.fromkeys(imported(before, _package(name)))), list(dict.fromkeys(self._imported[name]))
        gone, come = [n for n in old if n not in new], [n for n in new if n not in old]
        has_moved = [n for n in old if n in new] != [n for n in new if n in old]
        for other in filter(_is_kept, gone):
            if not any(f"{one}.".startswith(f"{other}.") for names in self._imported.values() for one in names):
                return f"no longer imports {other}, which stays loaded"
        for other in [*gone, *come, *(new if has_moved else ())]:
            for reached in self._closure(other):
                if effect := self._effect(reached):
                    return f"imports others, or in another order, and {reached} {effect}"
        return ""

    def _closure(self, name: str) -> Iterator[str]:
        waiting, seen = [name], set()
        while waiting:
            found = waiting.pop()
            if found in self._imported and found not in seen:
                seen.add(found)
                waiting += self._imported[found]
                yield found


def imported(source: bytes, package: str) -> Iterator[str]:
    """The modules that top-level code of *source* imports, in order; *package* is what relative imports start from."""
    try:
        waiting: list[Any] = list(ast.parse(source).body)
    except (SyntaxError, ValueError, RecursionError):
        return
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            yield base
            yield from (full for alias in node.names if (full := f"{base}.{alias.name}") in sys.modules)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.expr)):
            waiting[:0] = list(ast.iter_child_nodes(node))


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def _package(name: str) -> str:
    module = sys.modules.get(name)
    return getattr(module, "__package__", None) or name.rpartition(".")[0]


def _is_kept(name: str) -> bool:
    return name in sys.modules and name.partition(".")[0] not in sys.stdlib_module_names
