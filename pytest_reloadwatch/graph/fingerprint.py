"""What changed in a source, at the level of functions: a digest a function, one for the module level without them.

The module level is what executes at import and what can be seen of a function without calling it: signatures,
defaults, annotations, decorators, classes. A function's own digest is that of its body and docstring. Both are taken
from the syntax tree, so comments, blank lines and formatting do not count. The tree is not the same in all versions
of Python: digests of different versions must not be compared.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from pytest_reloadwatch.graph.imports import UNPARSABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

MODULE = ""

_Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_Definitions: TypeAlias = "Mapping[type, Callable[[Any], list[str]]]"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_YIELDS = (ast.Yield, ast.YieldFrom)
_CODE = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_CODE_NAMES = frozenset(kind.__name__ for kind in _CODE)
_EFFECTS = (ast.Call, ast.Await, ast.NamedExpr, *_YIELDS)
_LOOKED_FOR = ("__", "pytest", "setup", "teardown")  # by Python and by pytest, wherever they stand

# A name's context follows from where it stands; ``u`` before a string and comments about types mean nothing.
_MEANINGLESS = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
# Last field first: that is how they go onto a stack.
_FIELDS: dict[type, tuple[str, ...]] = {
    kind: tuple(name for name in reversed(kind._fields) if name not in _MEANINGLESS)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}


@dataclass(frozen=True)
class Fingerprints:
    """The digests of one source; two are equal exactly when nothing has changed, whatever became of the lines.

    *functions* go by qualified name without ``<locals>``, with ``#2``, ``#3`` behind a name that is defined again;
    what is defined inside a function belongs to it. *spans* are (first line, last line, function) in order, *starts*
    for each of them the first line in which code of the function may execute: what stands before does so where it is
    defined. *bindings* are those statements of the module level that only bind one name, to a literal or to a function,
    by that name; *rest* is the module level without them.
    """

    module: str
    functions: Mapping[str, str]
    spans: tuple[tuple[int, int, str], ...] = field(default=(), compare=False)
    bindings: Mapping[str, str] = field(default_factory=dict, compare=False)
    rest: str = field(default="", compare=False)
    starts: tuple[int, ...] = field(default=(), compare=False)

    def function_at(self, line: int) -> str:
        """The function that *line* belongs to, its decorators and signature included; MODULE outside of all.

        The first line of a code object will do, except for the module's own: that says 1 whatever stands there.
        """
        index = bisect_right(self.spans, line, key=lambda span: span[0]) - 1
        return self.spans[index][2] if index >= 0 and line <= self.spans[index][1] else MODULE

    def executed_at(self, line: int) -> str:
        """The function that has executed if *line* has; MODULE where it was only defined there.

        Of a line that has code of both it is the function.
        """
        index = bisect_right(self.spans, line, key=lambda span: span[0]) - 1
        is_inside = index >= 0 and self.starts[index] <= line <= self.spans[index][1]
        return self.spans[index][2] if is_inside else MODULE


def fingerprints(source: bytes | str) -> Fingerprints:
    """The digests of *source*; only one, of the text as it is, where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # who executes it will hear of it
            tree = ast.parse(source)
    except UNPARSABLE:
        data = source.encode("utf-8", "surrogatepass") if isinstance(source, str) else source
        return Fingerprints(hashlib.blake2b(data, digest_size=16).hexdigest(), {})
    return fingerprints_in(tree)


def fingerprints_in(tree: ast.Module) -> Fingerprints:
    """The same for a source that has been parsed."""
    reader = _Reader()
    module = _digest(reader.read(tree.body))
    rest = _digest(reader.rest)
    return Fingerprints(
        module, reader.functions, tuple(reader.spans), reader.bindings, rest, starts=tuple(reader.starts)
    )


def changed(before: Fingerprints, after: Fingerprints) -> frozenset[str]:
    """The functions that have changed, come or gone; MODULE among them if the module level has changed."""
    names = before.functions.keys() | after.functions.keys()
    found = {name for name in names if before.functions.get(name) != after.functions.get(name)}
    return frozenset(found if before.module == after.module else {MODULE, *found})


def rebound(before: Fingerprints, after: Fingerprints) -> frozenset[str] | None:
    """The names that the module level binds in another way, if nothing else about it has changed; else None."""
    names = before.bindings.keys() | after.bindings.keys()
    found = {name for name in names if before.bindings.get(name) != after.bindings.get(name)}
    return frozenset(found) if found and before.rest == after.rest else None


def semantic_digest(prints: Fingerprints) -> str:
    """One digest for all: equal exactly when the fingerprints are."""
    return _digest([prints.module, *(text for pair in sorted(prints.functions.items()) for text in pair)])


class _Reader:
    """Reads one module in source order; *functions* and the like are what it has met so far."""

    def __init__(self) -> None:
        self.functions: dict[str, str] = {}
        self.spans: list[tuple[int, int, str]] = []
        self.starts: list[int] = []
        self.bindings: dict[str, str] = {}
        self.rest: list[str] = []
        self._seen: Counter[str] = Counter()
        self._class = ""  # with a dot behind
        self._definitions: _Definitions = {
            ast.FunctionDef: self._read_function,
            ast.AsyncFunctionDef: self._read_function,
            ast.ClassDef: self._read_class,
        }

    def read(self, body: list[ast.stmt]) -> list[str]:
        """The tokens of the module level."""
        tokens: list[str] = []
        for run in _runs(body):
            read = [(getattr(statement, "name", ""), self._read_statement(statement)) for statement in run]
            read.sort(key=lambda pair: pair[0])  # stable, for of two with the same name the later one counts
            tokens.extend(token for _, some in read for token in some)
        return tokens

    def _read_statement(self, node: ast.stmt) -> list[str]:
        tokens = _tokens([node], self._definitions)
        name = _plainly_bound(node)
        if name:
            self.bindings[name] = _digest([self.bindings.get(name, ""), *tokens])
        else:
            self.rest += tokens
        return tokens

    def _read_class(self, node: ast.ClassDef) -> list[str]:
        outside, self._class = self._class, f"{self._class}{node.name}."
        tokens = ["ClassDef", *_tokens([getattr(node, name) for name in node._fields], self._definitions)]
        self._class = outside
        return tokens

    def _read_function(self, node: _Function) -> list[str]:
        """Note the body and the lines; what remains belongs to the module level."""
        name = self._unique(self._class + node.name)
        first = _first_line(node)
        self.spans.append((first, node.end_lineno or node.lineno, name))
        body = _tokens(node.body)
        self.functions[name] = _digest(body)
        # Calling a generator function executes nothing of it, so that those who only call it are not on record.
        is_generator = ("Yield" in body or "YieldFrom" in body) and _is_generator(node.body)
        seen = [node.decorator_list, node.name, getattr(node, "type_params", []), node.args, node.returns]
        signature = _tokens(seen)
        self.starts.append(first if _is_only_text(node.body) else _start(node, signature))
        return [type(node).__name__, str(is_generator), *signature]

    def _unique(self, name: str) -> str:
        self._seen[name] += 1
        return name if self._seen[name] == 1 else f"{name}#{self._seen[name]}"


def _first_line(node: ast.stmt) -> int:
    """Decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _is_only_text(body: list[ast.stmt]) -> bool:
    """A docstring and nothing else, which executes where the function begins."""
    only = body[0]
    is_text = isinstance(only, ast.Expr) and isinstance(only.value, ast.Constant) and isinstance(only.value.value, str)
    return is_text and len(body) == 1


def _start(node: _Function, signature: list[str]) -> int:
    """The first line of the body, or of code that stands in the signature."""
    lines = [_first_line(node.body[0])]
    if not _CODE_NAMES.isdisjoint(signature):
        lines += [part.lineno for part in ast.walk(node) if isinstance(part, _CODE)]
    return min(lines)


def _runs(body: Iterable[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """The statements of a module, in order, those together whose order among themselves does not count.

    These are neighbouring function definitions which only bind a name: no decorator, nothing in the signature that
    may do something or that another of them defines. Everything else keeps its place, for it may use a name that
    comes later, or be seen in order: enumerations, dataclasses and pytest look at the order within a class. So does
    pytest for a module's tests, and a test may rest on what the one before it left behind.
    """
    for only_bind, group in groupby(body, _only_binds):
        statements = list(group)
        if only_bind:
            yield from _without_mentioned(statements)
        else:
            yield from ([statement] for statement in statements)


def _without_mentioned(definitions: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """The same, for neighbours that only bind: whichever mentions one of them stays where it is."""
    names = {getattr(definition, "name", "") for definition in definitions}
    for is_free, group in groupby(definitions, lambda one: names.isdisjoint(_mentioned(one))):
        if is_free:
            yield list(group)
        else:
            yield from ([definition] for definition in group)


def _only_binds(node: ast.stmt) -> bool:
    if not isinstance(node, _FUNCTIONS) or node.decorator_list or node.name.startswith("test"):
        return False
    return not any(isinstance(part, _EFFECTS) for part in _signature(node))


def _plainly_bound(node: ast.stmt) -> str:
    """The name that is all that *node* is about; empty where it does more, or where others look for such names."""
    name = ""
    if isinstance(node, _FUNCTIONS) and not node.decorator_list:
        name = "" if any(isinstance(part, _EFFECTS) for part in _signature(node)) else node.name
    elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id if _is_literal(node.value) else ""
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
        is_plain = _is_literal(node.value) and not any(isinstance(n, _EFFECTS) for n in ast.walk(node.annotation))
        name = node.target.id if is_plain else ""
    return "" if name.startswith(_LOOKED_FOR) else name


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return all(map(_is_literal, node.elts))
    if isinstance(node, ast.Dict):
        return all(key is not None and _is_literal(key) for key in node.keys) and all(map(_is_literal, node.values))
    return isinstance(node.operand if isinstance(node, ast.UnaryOp) else node, ast.Constant)


def _mentioned(node: ast.stmt) -> set[str]:
    return {part.id for part in _signature(node) if isinstance(part, ast.Name)}


def _signature(node: ast.stmt) -> Iterator[ast.AST]:
    for name in ("type_params", "args", "returns"):
        value = getattr(node, name, None)
        for part in value if isinstance(value, list) else [value]:
            if part is not None:
                yield from ast.walk(part)


def _is_generator(body: list[ast.stmt]) -> bool:
    """Whether a function with this body is one; what it defines inside may be one for itself."""
    left: list[ast.AST] = [*body]
    while left:
        node = left.pop()
        if isinstance(node, _YIELDS):
            return True
        if isinstance(node, _FUNCTIONS):
            left += [*node.decorator_list, node.args]
        elif isinstance(node, ast.Lambda):
            left.append(node.args)
        else:
            left.extend(ast.iter_child_nodes(node))
    return False


def _tokens(parts: list[Any], definitions: _Definitions = MappingProxyType({})) -> list[str]:
    """Syntax as words, which no other syntax has; *definitions* say it in their own way for some types of nodes.

    A node is its type and its fields, a list its length and its items: the words can be read back without brackets.
    """
    tokens: list[str] = []
    stack: list[Any] = parts[::-1]
    while stack:
        value = stack.pop()
        kind = type(value)
        if kind in definitions:
            tokens += definitions[kind](value)
        elif kind is ast.Constant:
            tokens += ("Constant", _constant(value.value))
        elif kind in _FIELDS:
            tokens.append(kind.__name__)
            for name in _FIELDS[kind]:
                stack.append(getattr(value, name))  # noqa: PERF401 - quicker than a generator
        elif kind is list:
            tokens.append(f"[{len(value)}")
            stack += value[::-1]
        else:
            tokens.append(_word(value))
    return tokens


def _word(value: object) -> str:
    """A name, a flag, nothing at all, or (template strings) the text of an expression."""
    if value is None:
        return ""
    return value if isinstance(value, str) and value.isidentifier() else repr(value)


def _constant(value: object) -> str:
    return hex(value) if type(value) is int else repr(value)  # as decimals an integer may be too long


def _digest(words: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(words).encode(), digest_size=16).hexdigest()
