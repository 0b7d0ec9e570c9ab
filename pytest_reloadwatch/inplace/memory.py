"""Calls at import of functions that remember: a cache in a module that is kept answers for the old generation."""

from __future__ import annotations

import ast
import dis
import functools
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.graph.imports import UNPARSABLE
from pytest_reloadwatch.inplace.own import read_source_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_reloadwatch.inplace.generation import Generation
    from pytest_reloadwatch.inplace.plan import Plan

_FILLING = frozenset("append extend insert add update setdefault pop popitem remove discard clear".split())
_STORING = frozenset({"STORE_SUBSCR", "DELETE_SUBSCR", "STORE_GLOBAL"})
_CONTAINERS = (dict, list, set)


def remembering(plan: Plan, generation: Generation, untouched: Mapping[str, ModuleType]) -> Iterator[str]:
    """For each module of *plan* the functions that it calls as it executes and whose modules keep something.

    By the names that the module had so far: what they stand for afterwards nobody can know before.
    """
    spaces = {id(vars(module)): name for name, module in untouched.items()}
    names = {one.name: one.names for one in generation.saved}
    for step in plan.steps:
        for called in _called_at_import(read_source_file(step.path) or b""):
            function = _find(names[step.name], called)
            kept = "" if function is None else _memory_of(function, spaces)
            if kept:
                yield f"{step.name} calls {'.'.join(called)} when it executes, which remembers in {kept}"


@functools.lru_cache(maxsize=4096)  # most sources are asked about at every reload and have not changed
def _called_at_import(source: bytes) -> tuple[tuple[str, ...], ...]:
    """Dotted names that the module level calls, decorators and functions of decorators among them."""
    try:
        body = ast.parse(source).body
    except UNPARSABLE:
        return ()
    return tuple(dict.fromkeys(name for statement in body for name in _calls(statement)))


def _calls(node: ast.AST) -> Iterator[tuple[str, ...]]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        parts: Iterable[ast.AST] = [*node.decorator_list, *node.args.defaults]
        yield from (_dotted(decorator) for decorator in node.decorator_list)
    elif isinstance(node, ast.ClassDef):
        parts = [*node.decorator_list, *node.body]
        yield from (_dotted(decorator) for decorator in node.decorator_list)
    else:
        parts = ast.iter_child_nodes(node)
    if isinstance(node, ast.Call):
        yield _dotted(node.func)
    if not isinstance(node, ast.Lambda):
        for part in parts:
            yield from _calls(part)


def _dotted(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.Attribute):
        inner = _dotted(node.value)
        return (*inner, node.attr) if inner else ()
    return (node.id,) if isinstance(node, ast.Name) else ()


def _find(names: Mapping[str, Any], dotted: tuple[str, ...]) -> Any:
    """What a dotted name stands for, without running anybody's code to find out."""
    found = names.get(dotted[0]) if dotted else None
    for part in dotted[1:]:
        owner = vars(found) if isinstance(found, (ModuleType, type)) else vars(type(found))
        inner = owner.get(part)
        found = MethodType(inner, found) if type(inner) is FunctionType and not _is_namespace(found) else inner
    return found


def _is_namespace(found: Any) -> bool:
    return isinstance(found, (ModuleType, type))


def _memory_of(function: Any, spaces: Mapping[int, str]) -> str:
    """Where calling it may find what an earlier call left; empty where nothing is known to be kept."""
    if hasattr(type(function), "cache_info") and id(getattr(function.__wrapped__, "__globals__", None)) in spaces:
        return f"the cache of {function.__module__}.{function.__qualname__}"
    if type(function) is MethodType:
        owner = function.__self__
        if any(isinstance(kept, _CONTAINERS) and kept for kept in getattr(owner, "__dict__", {}).values()):
            return f"{type(owner).__name__} object"
        function = function.__func__
    if isinstance(function, type):
        function = vars(function).get("__init__")
    if type(function) is not FunctionType or id(function.__globals__) not in spaces:
        return ""
    name = _global_memory(function, set())
    return f"{spaces[id(function.__globals__)]}.{name}" if name else ""


def _global_memory(function: FunctionType, seen: set[str]) -> str:
    """A container with something in it among the globals that this code, or what it calls beside it, fills."""
    fills = _fills(function.__code__)
    for name in sorted(_names_in(function.__code__) - seen):
        seen.add(name)
        value = function.__globals__.get(name)
        if fills and type(value) in _CONTAINERS and value:
            return name
        if type(value) is FunctionType and value.__globals__ is function.__globals__:
            found = _global_memory(value, seen)
            if found:
                return found
    return ""


def _fills(code: CodeType) -> bool:
    """Whether this code puts something into containers, as far as names and instructions show."""
    if not _FILLING.isdisjoint(code.co_names) or any(one.opname in _STORING for one in dis.get_instructions(code)):
        return True
    return any(_fills(one) for one in code.co_consts if isinstance(one, CodeType))


def _names_in(code: CodeType) -> set[str]:
    inner = [one for one in code.co_consts if isinstance(one, CodeType)]
    return {*code.co_names, *(name for one in inner for name in _names_in(one))}
