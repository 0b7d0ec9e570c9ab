"""Where a source mentions a name: in which lines of functions' bodies, and whether elsewhere too. Pure."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.imports import UNPARSABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_EXPORTS = "__all__"


def lines_mentioning(source: bytes, name: str) -> list[int] | None:
    """Lines of functions' bodies with this name, as a name, an attribute or a string.

    None where the module level does more than to bind, import or export it, as it stands: what executes there sees it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except UNPARSABLE:
        return None
    lines: list[int] = []
    for node, is_in_body in _nodes(tree):
        if _mentions(node, name):
            if not is_in_body:
                return None
            lines.append(getattr(node, "lineno", 0))
    return lines


def _nodes(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """All nodes but targets and exports of the module level, and whether each is within a function's body."""
    stack: list[tuple[ast.AST, bool]] = [(node, False) for node in tree.body if not _exports(node)]
    while stack:
        node, is_in_body = stack.pop()
        if not is_in_body and isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            continue
        yield node, is_in_body
        body = node.body if isinstance(node, _FUNCTIONS) else []
        stack += [(child, is_in_body or child in body) for child in ast.iter_child_nodes(node)]


def _exports(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == _EXPORTS for t in node.targets)


def _mentions(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Name):
        return node.id == name
    if isinstance(node, ast.Attribute):
        return node.attr == name
    if isinstance(node, ast.alias):
        return node.name == name and node.asname is not None
    return isinstance(node, ast.Constant) and node.value == name
