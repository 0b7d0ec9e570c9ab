"""Every import statement of a source file, wherever it stands, and the strings that may name a module."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+\Z")
UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)  # what ast.parse raises
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


class _Finder(ast.NodeVisitor):
    def __init__(self) -> None:
        self.imports: list[Import] = []
        self.strings: list[str] = []

    def visit_Import(self, node: ast.Import) -> None:
        self.imports.extend(Import(alias.name, (), 0) for alias in node.names)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        names = tuple(alias.name for alias in node.names)
        self.imports.append(Import(node.module or "", names, node.level))

    def visit_If(self, node: ast.If) -> None:
        body = [] if is_type_checking(node.test) else node.body
        for child in [node.test, *body, *node.orelse]:
            self.visit(child)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and len(node.value) < 200 and _DOTTED.match(node.value):
            self.strings.append(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        if node.args and called_name(node.func) in _IMPORTERS:
            self._named(node.args[0])
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if any(isinstance(target, ast.Name) and target.id == "pytest_plugins" for target in node.targets):
            values = node.value.elts if isinstance(node.value, (ast.List, ast.Tuple)) else [node.value]
            for value in values:
                self._named(value)
        self.generic_visit(node)

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
