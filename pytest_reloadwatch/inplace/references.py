"""``assert_no_stale_references``: nobody holds an object of a module that a newer execution of it has replaced."""

from __future__ import annotations

import functools
import gc
import sys
from types import CellType, CodeType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import _compat
from pytest_reloadwatch.graph.imports import UNPARSABLE
from pytest_reloadwatch.inplace.evidence import all_code
from pytest_reloadwatch.inplace.generation import Survivor, full_name, home_of, retired
from pytest_reloadwatch.inplace.namespaces import namespace
from pytest_reloadwatch.inplace.own import read_source_file
from pytest_reloadwatch.inplace.search import Search
from pytest_reloadwatch.inplace.witness import Stale

if TYPE_CHECKING:
    from collections.abc import Iterable

_WRAPPERS = (
    FunctionType, MethodType, CellType, MappingProxyType, property, staticmethod, classmethod,
    dict, list, tuple, set, functools.partial, functools.partialmethod, functools.cached_property,
    type(functools.lru_cache(str)),
)  # fmt: skip
_MOST = 20  # holders in a message


def assert_no_stale_references(module: ModuleType | str, *, ignored: Iterable[object] = ()) -> None:
    """Raise AssertionError, which names the holders, where something holds an object of an older generation.

    Whichever way the module came to be executed again: in place, by ``importlib.reload``, or by an import after it
    had been taken out of ``sys.modules``. Known are classes with their instances, functions, and the module object;
    of plain values nobody can tell which execution has made them. References out of *ignored* do not count.
    """
    name = module if isinstance(module, str) else module.__name__
    found = stale_references(name, ignored)
    if found:
        more = [f"  and {len(found) - _MOST} more"] if len(found) > _MOST else []
        raise AssertionError(
            "\n".join(
                [
                    f"something still holds objects of {name} from before it was executed again:",
                    *(f"  {one}" for one in found[:_MOST]),
                    *more,
                    "Make the holder anew after the reload, or let it ask the module each time.",
                ]
            )
        )


def stale_references(name: str, ignored: Iterable[object] = ()) -> tuple[Stale, ...]:
    """Who holds something of an older generation of the module *name*, in words."""
    current = sys.modules.get(name)
    if current is None:
        raise ValueError(f"{name} is not loaded")
    _compat.clear_typing_caches()
    gc.collect()
    old = _Older(current, name).survivors()
    if not old:
        return ()
    search = Search(old, frozenset({name}), ignored)
    return tuple(sorted({Stale(*words) for words in search.findings()}))


class _Older:
    """Tells objects of the module that there is from those of one that there was."""

    def __init__(self, current: ModuleType, name: str) -> None:
        self._current = current
        self._name = name
        self._names = namespace(current)
        self._retired = retired()
        self._reachable = _reachable(self._names, name)
        self._file = self._names.get("__file__")
        self._code = _code_on_disk(self._file)

    def survivors(self) -> list[Survivor]:
        """All older objects on the heap."""
        return [
            Survivor(found, self._name, self._said(found), self._retired.get(id(found), 0))
            for found in gc.get_objects()
            if self._is_old(found)
        ]

    def _said(self, found: Any) -> str:
        return self._name if type(found) is ModuleType else full_name(found)

    def _is_old(self, found: Any) -> bool:
        kind = type(found)
        if kind is FunctionType:
            if found.__globals__.get("__name__") != self._name or found.__code__.co_filename != self._file:
                return False  # of another file with a module of this name, perhaps
            return found.__globals__ is not self._names or self._was_replaced(found)
        if kind is ModuleType:
            names = namespace(found)
            is_of_it = (names.get("__name__"), names.get("__file__")) == (self._name, self._file)
            return is_of_it and found is not self._current
        if not issubclass(kind, type) or home_of(found) != self._name:
            return False
        return self._is_of_this_file(found) and self._was_replaced(found)

    def _is_of_this_file(self, made: type) -> bool:
        codes = _codes(made)
        return not codes or any(code.co_filename == self._file or code.co_filename[:1] == "<" for code in codes)

    def _was_replaced(self, made: Any) -> bool:
        if id(made) in self._retired:
            return True
        if id(made) in self._reachable:
            return False
        other = _named(self._names, made.__qualname__)
        if other is not None:
            return type(other) is type(made)
        return not any(code in self._code for code in _codes(made)) and bool(_codes(made))


def _reachable(names: dict[str, Any], module: str) -> set[int]:
    """Functions and classes to which the module's names lead, through what is its own and through wrappers."""
    found: set[int] = set()
    waiting = list(names.values())
    while waiting:
        one = waiting.pop()
        if id(one) in found or not _leads_on(one, module):
            continue
        found.add(id(one))
        waiting += [one.__closure__, one.__dict__] if type(one) is FunctionType else gc.get_referents(one)
    return found


def _leads_on(one: Any, module: str) -> bool:
    kind = type(one)
    return home_of(one) == module if issubclass(kind, type) else issubclass(kind, _WRAPPERS)


def _named(names: dict[str, Any], qualified: str) -> Any:
    """What a qualified name stands for now; None where it leads nowhere, or into a function."""
    found: Any = None
    owner: Any = names
    for part in qualified.split("."):
        found = owner.get(part)
        owner = vars(found) if isinstance(found, type) else {}
    return found


def _codes(made: Any) -> list[CodeType]:
    if type(made) is FunctionType:
        return [made.__code__]
    return [one.__code__ for one in vars(made).values() if type(one) is FunctionType]


def _code_on_disk(path: str | None) -> set[CodeType]:
    text = read_source_file(path) if path else None
    try:
        return set(all_code(compile(text or b"", path or "", "exec", dont_inherit=True)))
    except UNPARSABLE:
        return set()
