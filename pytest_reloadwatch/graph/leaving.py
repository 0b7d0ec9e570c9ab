"""What tests leave behind for others by writing what outlives them, and what a failing test looks for in vain. Pure."""

from __future__ import annotations

import ast
import functools
import re
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.imports import UNPARSABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_MADE = (ast.Call, ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp)
_CHANGES = frozenset("append appendleft add update setdefault pop popitem clear extend insert remove discard".split())
_NO_ATTRIBUTE = re.compile(r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'")
_NO_MODULE = re.compile(r"No module named '(?P<module>[\w.]+)'")


@functools.lru_cache(maxsize=64)  # asked for each failing test of a file
def keeps_state(source: bytes) -> bool:
    """Whether a function in *source* writes what it has not made itself: a global, what is in one, or a class.

    An object that the module level has made may change by each use of it, and so may what a fixture gives to several
    tests.
    """
    try:
        tree = ast.parse(source)
    except UNPARSABLE:
        return False  # nothing of it executes
    known = {name for statement in tree.body for name in _bound(statement)} | {"cls"}
    made = {name for statement in tree.body if _makes(statement) for name in _bound(statement)}
    functions = [node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)]
    return any(_is_shared(one) or _keeps_any(one, known, made) for one in functions)


def missing_module(message: str) -> str:
    """The dotted name of the module that is not there, where a failure says so."""
    found = _NO_ATTRIBUTE.search(message)
    if found:
        return f"{found['module']}.{found['name']}"
    found = _NO_MODULE.search(message)
    return found["module"] if found else ""


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement of the module level binds."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
        return
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).partition(".")[0]


def _locals(function: ast.AST) -> set[str]:
    nodes = list(ast.walk(function))
    arguments = {node.arg for node in nodes if isinstance(node, ast.arg)} - {"cls"}
    return arguments | {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def _makes(statement: ast.stmt) -> bool:
    """Whether it binds names to something that may change: what a call has given, or a container."""
    return isinstance(statement, (ast.Assign, ast.AnnAssign)) and isinstance(statement.value, _MADE)


def _is_shared(function: ast.AST) -> bool:
    """Whether it is a fixture of a wider scope than a test."""
    decorators = [one for one in getattr(function, "decorator_list", ()) if isinstance(one, ast.Call)]
    scopes = [keyword.value for one in decorators for keyword in one.keywords if keyword.arg == "scope"]
    return any(not (isinstance(scope, ast.Constant) and scope.value == "function") for scope in scopes)


def _keeps_any(function: ast.AST, known: set[str], made: set[str]) -> bool:
    """Whether it writes what is *known* outside, or what was *made* there may change by a call."""
    local = _locals(function)
    return any(_writes(node, known - local) for node in ast.walk(function)) or _uses_any(function, made - local)


def _uses_any(function: ast.AST, made: set[str]) -> bool:
    """Whether the body calls a method of one of these objects, or hands one to another function."""
    body = function.body if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) else [function]
    calls = [node for part in body for node in ast.walk(part) if isinstance(node, ast.Call)]
    used = [part for call in calls for part in (call.func, *call.args, *(keyword.value for keyword in call.keywords))]
    return any(_root(part) in made for part in used)


def _root(node: ast.expr) -> str:
    """The name at which ``a.b[c].d`` begins; empty where it begins with none."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _writes(node: ast.AST, known: set[str]) -> bool:
    if isinstance(node, ast.Global):
        return True
    if isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, (ast.Store, ast.Del)):
        return _is_known(node.value, known)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
        return _is_known(node.func.value, known)
    return False


def _is_known(node: ast.expr, known: set[str]) -> bool:
    """Whether this is, or belongs to, something that is there before the function is called."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        if isinstance(node, ast.Attribute) and node.attr == "__class__":
            return True
        node = node.value
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id == "type"
    return isinstance(node, ast.Name) and node.id in known
