"""How far a module's top-level code only imports and defines, so that it cannot matter when others load.

What executes between two imports may prepare the second one: ``matplotlib.use("Agg")``, a registry being
filled, an attribute patched. Only imports that come before any such code may be moved ahead of it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.imports import is_type_checking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

WHOLE = 1 << 30

_PURE_CALLS = frozenset(
    "TypeVar ParamSpec TypeVarTuple NewType getLogger compile namedtuple frozenset set dict list tuple object "
    "Path Decimal Fraction timedelta ContextVar field cast range sorted len str int float bool bytes".split()
)
_PURE_DECORATORS = _PURE_CALLS | frozenset(
    "dataclass property staticmethod classmethod abstractmethod overload final override contextmanager "
    "asynccontextmanager lru_cache cache cached_property wraps total_ordering runtime_checkable setter getter "
    "deleter unique no_type_check".split()
)
_PURE_BASES = frozenset(
    "object Protocol NamedTuple TypedDict Enum IntEnum StrEnum Flag IntFlag ABC Generic TestCase "
    "dict list tuple set str int float bytes".split()
)


@dataclass(frozen=True)
class Extent:
    """The last line up to which a module is inert; WHOLE where all of it is.

    *strict*: nothing but imports and definitions that touch nothing else. *lenient*: whatever cannot
    reach a third-party module by plain statements; assignments may call, classes and decorators may register.
    *imports* are the import statements within the strict extent, in order, without those in functions.
    """

    strict: int
    lenient: int
    imports: tuple[str, ...]


NOWHERE = Extent(0, 0, ())


def extent(source: bytes | str | ast.Module) -> Extent:
    """How far *source* is inert; not at all where it does not parse."""
    try:
        body = (source if isinstance(source, ast.Module) else ast.parse(source)).body
        strict = _until(body, _Judge(strict=True))
        lenient = _until(body, _Judge(strict=False))
        executed = _executed(statement for statement in body if statement.lineno <= strict)
        imports = [ast.unparse(node) for node in executed if isinstance(node, (ast.Import, ast.ImportFrom))]
    except (SyntaxError, ValueError, RecursionError):
        return NOWHERE
    return Extent(strict, lenient, tuple(imports))


def only_binds(source: bytes | str) -> bool:
    """Whether a module imports, defines, and binds names of its own; what it calls for these is trusted."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return True  # nothing of it executes
    judge = _Judge(strict=True, trusts_calls=True)
    return all(map(judge.is_inert, body))


def first_effect(source: bytes | str, is_plain_class: Callable[[str], bool]) -> int:
    """The line of the first statement that may do more than import and define; 0 for none, 1 where it does not parse.

    *is_plain_class* is asked about classes at the top level that have bases: whether to make such a class does nothing.
    """
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError):
        return 1
    judge = _Judge(strict=True)
    for statement in body:
        if not judge.is_inert(statement) and not judge.is_inert_below(statement, is_plain_class):
            return statement.lineno
    return 0


def is_pure_decorator(node: ast.expr) -> bool:
    """Whether a decorator is known to touch nothing but what it decorates."""
    return _Judge(strict=True).is_pure_decorator(node)


def is_pure_class(node: ast.ClassDef) -> bool:
    """Whether no base class, metaclass or keyword of a class can do something with it, as far as is known."""
    bases = [base.value if isinstance(base, ast.Subscript) else base for base in node.bases]
    return not node.keywords and all(_last_name(b) in _PURE_BASES or _is_exception(b) for b in bases)


def _executed(statements: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """These and what stands in them, but for what a function has."""
    for statement in statements:
        yield statement
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for part in ("body", "orelse", "finalbody"):
                yield from _executed(getattr(statement, part, ()))
            for handler in getattr(statement, "handlers", ()):
                yield from _executed(handler.body)


def _until(body: list[ast.stmt], judge: _Judge) -> int:
    for statement in body:
        if not judge.is_inert(statement):
            decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
            return min([statement.lineno, *(node.lineno for node in decorators)]) - 1
    return WHOLE


class _Judge:
    def __init__(self, *, strict: bool, trusts_calls: bool = False) -> None:
        self._strict = strict
        self._trusts_calls = trusts_calls

    def is_inert(self, node: ast.stmt) -> bool:
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass)):
            return True
        if isinstance(node, ast.Expr):
            return isinstance(node.value, ast.Constant)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return self._is_inert_function(node)
        if isinstance(node, ast.ClassDef):
            return self._is_inert_class(node)
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign)):
            return self._is_inert_assignment(node)
        if isinstance(node, ast.If):
            body = [] if is_type_checking(node.test) else node.body
            return self._is_pure(node.test) and self._are_inert([*body, *node.orelse])
        if isinstance(node, ast.Try):
            handled = [statement for handler in node.handlers for statement in handler.body]
            return self._are_inert([*node.body, *handled, *node.orelse, *node.finalbody])
        return False

    def is_inert_below(self, node: ast.stmt, is_plain_class: Callable[[str], bool]) -> bool:
        """Whether this is a class that *is_plain_class* vouches for, and all in it is inert."""
        return (
            isinstance(node, ast.ClassDef)
            and is_plain_class(node.name)
            and all(map(self.is_pure_decorator, node.decorator_list))
            and self._are_inert(node.body)
        )

    def _are_inert(self, statements: list[ast.stmt]) -> bool:
        return all(self.is_inert(statement) for statement in statements)

    def _is_inert_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        defaults = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
        return all(map(self.is_pure_decorator, node.decorator_list)) and all(map(self._is_pure, defaults))

    def _is_inert_class(self, node: ast.ClassDef) -> bool:
        if self._strict and not is_pure_class(node):
            return False
        return all(map(self.is_pure_decorator, node.decorator_list)) and self._are_inert(node.body)

    def _is_inert_assignment(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> bool:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        plain = all(isinstance(part, (ast.Name, ast.Tuple, ast.List)) for target in targets for part in _parts(target))
        return plain and (node.value is None or self._is_pure(node.value))

    def is_pure_decorator(self, node: ast.expr) -> bool:
        if not self._strict or _is_of_pytest(node):
            return True
        function = node.func if isinstance(node, ast.Call) else node
        return _last_name(function) in _PURE_DECORATORS

    def _is_pure(self, node: ast.expr) -> bool:
        if not self._strict or self._trusts_calls:
            return True
        calls = [n for n in ast.walk(node) if isinstance(n, (ast.Call, ast.Await, ast.Yield, ast.YieldFrom))]
        return all(isinstance(c, ast.Call) and (_last_name(c.func) in _PURE_CALLS or _is_of_pytest(c)) for c in calls)


def _parts(target: ast.expr) -> list[ast.expr]:
    return [target, *getattr(target, "elts", [])]


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _is_exception(node: ast.expr) -> bool:
    return _last_name(node).endswith(("Error", "Exception", "Warning"))


def _is_of_pytest(node: ast.expr) -> bool:
    """Whether this is pytest's: ``pytest.mark.parametrize(...)``, ``pytest.fixture``."""
    while isinstance(node, (ast.Call, ast.Attribute)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id == "pytest"
