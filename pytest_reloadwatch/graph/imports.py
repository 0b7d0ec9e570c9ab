"""Every import statement of a source file, wherever it stands, and the strings that may name a module."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+\Z")
UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)  # what ast.parse raises
# The fields in which an import or a string can stand, last first: that is how they go onto a stack.
_INNER: dict[type, tuple[str, ...]] = {
    kind: tuple(n for n in reversed(kind._fields) if n not in ("ctx", "op", "ops", "id", "name", "attr", "arg"))
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST) and kind is not ast.Name
}
_IMPORTERS = frozenset({"import_module", "__import__", "importorskip", "resolve_name", "run_module"})


@dataclass(frozen=True)
class Import:
    """One import: ``from module import names`` with as many leading dots as *level*."""

    module: str
    names: tuple[str, ...]
    level: int


@dataclass(frozen=True)
class SourceImports:
    """What a file's source says that it may import.

    *strings* are dotted constants: modules named by Django settings, ``mock.patch`` targets,
    ``pytest_plugins`` and constant arguments of ``import_module`` all look like this.
    """

    imports: tuple[Import, ...] = ()
    strings: tuple[str, ...] = ()

    def may_name(self, head: str) -> bool:
        """Whether anything here begins with the top-level module *head*."""
        absolute = (statement.module for statement in self.imports if not statement.level)
        return any(name.partition(".")[0] == head for name in (*absolute, *self.strings))


def source_imports(source: bytes | str) -> SourceImports:
    """The imports in *source*; none where it does not parse (it will not execute either)."""
    try:
        tree = ast.parse(source)
    except UNPARSABLE:
        return SourceImports()
    return imports_in(tree)


def imports_in(tree: ast.Module) -> SourceImports:
    """The same for a source that has been parsed."""
    finder = _Finder()
    finder.visit(tree)
    return SourceImports(tuple(dict.fromkeys(finder.imports)), tuple(dict.fromkeys(finder.strings)))


class _Finder:
    """Walks a tree by hand: several times as quick as ast.NodeVisitor, and every source of a project passes here."""

    def __init__(self) -> None:
        self.imports: list[Import] = []
        self.strings: list[str] = []
        self._readers: dict[type, Callable[[Any], list[Any] | None]] = {
            ast.Import: self._read_import,
            ast.ImportFrom: self._read_import_from,
            ast.If: self._read_if,
            ast.Constant: self._read_constant,
            ast.Call: self._read_call,
            ast.Assign: self._read_assign,
        }

    def visit(self, tree: ast.AST) -> None:
        """Take in everything below *tree*, in the order of the source."""
        stack: list[Any] = [tree]
        while stack:
            node = stack.pop()
            kind = type(node)
            if kind in self._readers:
                instead = self._readers[kind](node)
                if instead is not None:
                    stack += instead[::-1]
                    continue
            for name in _INNER.get(kind, ()):
                value = getattr(node, name, None)
                if type(value) is list:
                    stack += value[::-1]
                elif value is not None:
                    stack.append(value)

    # Each answers with the nodes to look into, None for all below.

    def _read_import(self, node: ast.Import) -> list[Any]:
        self.imports.extend(Import(alias.name, (), 0) for alias in node.names)
        return []

    def _read_import_from(self, node: ast.ImportFrom) -> list[Any]:
        names = tuple(alias.name for alias in node.names)
        self.imports.append(Import(node.module or "", names, node.level))
        return []

    def _read_if(self, node: ast.If) -> list[Any] | None:
        return [node.test, *node.orelse] if is_type_checking(node.test) else None

    def _read_constant(self, node: ast.Constant) -> list[Any]:
        if isinstance(node.value, str) and len(node.value) < 200 and _DOTTED.match(node.value):
            self.strings.append(node.value)
        return []

    def _read_call(self, node: ast.Call) -> None:
        if node.args and called_name(node.func) in _IMPORTERS:
            self._named(node.args[0])

    def _read_assign(self, node: ast.Assign) -> None:
        if any(isinstance(target, ast.Name) and target.id == "pytest_plugins" for target in node.targets):
            values = node.value.elts if isinstance(node.value, (ast.List, ast.Tuple)) else [node.value]
            for value in values:
                self._named(value)

    def _named(self, node: ast.expr) -> None:
        """Take a constant that is certainly a module's name, with dots in front or without any."""
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
            return
        name = node.value.partition(":")[0]
        bare = name.lstrip(".")
        if len(name) > len(bare):
            self.imports.append(Import(bare, (), len(name) - len(bare)))
        elif bare:
            self.strings.append(bare)


def is_type_checking(test: ast.expr) -> bool:
    """Whether an ``if`` guards imports that only a type checker sees."""
    return called_name(test) == "TYPE_CHECKING"


def called_name(node: ast.expr) -> str:
    """The last part of a plain or dotted name; empty for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
