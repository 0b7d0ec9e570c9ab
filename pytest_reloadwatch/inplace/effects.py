"""What executing a module does besides binding its own names, as far as its source shows: nothing undoes that."""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING, TypeAlias

from pytest_reloadwatch.graph.imports import UNPARSABLE, is_type_checking
from pytest_reloadwatch.graph.inert import is_pure_class, is_pure_decorator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_CHANGERS = frozenset(
    "append extend insert add update setdefault pop popitem remove discard clear register unregister subscribe "
    "connect install seed next setattr delattr putenv chdir simplefilter filterwarnings basicConfig".split()
)
_HARMLESS = frozenset("print import_module __import__ importorskip skip register_assert_rewrite getLogger".split())
_CONTAINERS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp, ast.Constant, ast.JoinedStr)
_ALLOWED_TARGET = "sys.modules[__name__].__class__"  # each execution starts from a plain module
_LONGEST = 60
_REMEMBERED = 4096  # sources, since most are asked about at every reload and have not changed


@functools.lru_cache(maxsize=_REMEMBERED)
def effects_of(source: bytes) -> tuple[str, ...]:
    """Statements of the module level that do something to objects which executing it does not make."""
    body = _body(source)
    return tuple(_shown(found) for found in _Reader(body).effects(body))


def lost_effects(before: bytes, now: bytes) -> list[str]:
    """Definitions that are no longer there, and may have told somebody about themselves by name."""
    left = {_head(node) for node in _definitions(_body(now))}
    found = [node for node in _definitions(_body(before)) if _may_register(node)]
    return [_shown(node) for node in found if _head(node) not in left]


def _body(source: bytes) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except UNPARSABLE:
        return []


def _definitions(body: Iterable[ast.stmt]) -> Iterator[_Function | ast.ClassDef]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node
        if isinstance(node, (ast.If, ast.Try, ast.With)):
            yield from _definitions(ast.iter_child_nodes(node))  # type: ignore[arg-type] # others are passed over


def _head(node: _Function | ast.ClassDef) -> str:
    """A definition without what is inside: what a decorator, a base class or a metaclass is told at once."""
    decorators = [ast.dump(one) for one in node.decorator_list]
    if isinstance(node, ast.ClassDef):
        return repr((node.name, decorators, [ast.dump(one) for one in (*node.bases, *node.keywords)]))
    return repr((node.name, decorators))


def _may_register(node: _Function | ast.ClassDef) -> bool:
    if isinstance(node, ast.ClassDef) and not is_pure_class(node):
        return True
    return not all(map(is_pure_decorator, node.decorator_list))


def _shown(node: ast.AST) -> str:
    """A statement in short, as a person would find it."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        kind = "class" if isinstance(node, ast.ClassDef) else "def"
        decorators = "".join(f"@{ast.unparse(one)} " for one in node.decorator_list)
        return f"line {node.lineno}: {decorators}{kind} {node.name}"
    text = " ".join(ast.unparse(node).split())
    shortened = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f"line {getattr(node, 'lineno', 0)}: {shortened}"


class _Reader:
    """Reads the module level; *own* are names for objects that executing it has made."""

    def __init__(self, body: list[ast.stmt]) -> None:
        self._own = {"__all__", *_made_names(body)}

    def effects(self, body: Iterable[ast.AST]) -> Iterator[ast.AST]:
        """The statements and expressions below *body* that may have one, without what is in functions."""
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                continue
            if isinstance(node, ast.If) and (is_type_checking(node.test) or _is_main(node.test)):
                yield from self.effects(node.orelse)
            elif self._has_effect(node):
                yield node
            else:
                yield from self.effects(ast.iter_child_nodes(node))

    def _has_effect(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Expr):
            return isinstance(node.value, (ast.Call, ast.Await)) and not self._is_harmless(node.value)
        if isinstance(node, ast.Call):
            return _last(node.func) in _CHANGERS and not self._is_harmless(node)
        if isinstance(node, (ast.Assign, ast.Delete)):
            return any(self._reaches_out(target) for target in node.targets)
        if isinstance(node, ast.AugAssign):
            return self._reaches_out(node.target) or not self._is_own(node.target)
        if isinstance(node, ast.AnnAssign):
            return self._reaches_out(node.target)
        if isinstance(node, (ast.With, ast.AsyncWith)):
            return any(_last(_called(item.context_expr)) not in _SCOPES for item in node.items)
        return False

    def _is_harmless(self, call: ast.expr) -> bool:
        function = _called(call)
        if _last(function) in _HARMLESS or _root(function) == "pytest":
            return True
        return isinstance(function, ast.Attribute) and self._is_own(function.value)

    def _reaches_out(self, target: ast.expr) -> bool:
        """Whether assigning to *target* changes an object that is not of this module."""
        if isinstance(target, (ast.Tuple, ast.List)):
            return any(self._reaches_out(one) for one in target.elts)
        if isinstance(target, (ast.Attribute, ast.Subscript)):
            return not self._is_own(target.value) and ast.unparse(target) != _ALLOWED_TARGET
        return False

    def _is_own(self, node: ast.expr) -> bool:
        return _root(node) in self._own


_SCOPES = frozenset({"suppress", "catch_warnings", "open", "raises", "files", "as_file"})


def _made_names(body: Iterable[ast.AST]) -> Iterator[str]:
    """Names that are only ever bound to something new: definitions, literals, and instances by a class's name."""
    found: dict[str, bool] = {}
    for node in [inner for statement in body for inner in _outside_functions(statement)]:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found[node.name] = found.get(node.name, True)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((alias.asname or alias.name.partition(".")[0], False) for alias in node.names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            found.update((name, found.get(name, True) and _makes(node.value)) for name in names)
        elif isinstance(node, (ast.For, ast.withitem)):
            target = node.target if isinstance(node, ast.For) else node.optional_vars
            found.update((name.id, False) for name in ast.walk(target or ast.Pass()) if isinstance(name, ast.Name))
    return (name for name, is_made in found.items() if is_made)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
        for inner in ast.iter_child_nodes(node):
            yield from _outside_functions(inner)


def _makes(value: ast.expr | None) -> bool:
    """Whether this gives an object that nobody else has, by what people call their classes."""
    if isinstance(value, ast.Call):
        name = _last(value.func)
        return name[:1].isupper() or name in ("dict", "list", "set", "defaultdict", "deque", "bytearray")
    return value is None or isinstance(value, (*_CONTAINERS, ast.Tuple, ast.BinOp, ast.UnaryOp, ast.Compare))


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and _last(test.left) == "__name__"


def _called(node: ast.expr) -> ast.expr:
    while isinstance(node, (ast.Call, ast.Await)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node


def _last(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _root(node: ast.expr) -> str:
    """The name with which an expression begins; empty where a call's result is looked into."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    if isinstance(node, ast.Call) and _last(node.func) in ("globals", "locals", "vars") and not node.args:
        return "__all__"  # which is the module's own
    return node.id if isinstance(node, ast.Name) else ""
