"""What modules keep in their names, compared at two moments: containers that grew or shrank, values that changed."""

from __future__ import annotations

import collections
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.inplace.namespaces import namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_MOST = 200_000  # values compared; who keeps more is told apart by nobody
_SEQUENCES = (list, tuple, collections.deque)
_SETS = (set, frozenset)
_ATOMS = (str, bytes, int, float, complex, bool, type(None))
_TOO_MUCH = "modules keep too much to compare"


@dataclass(frozen=True)
class _Kept:
    """One container: its name, itself, and what it held, in a form that can be compared later."""

    name: str
    container: Any
    held: dict[Any, Any]


class State:
    """What the names of *modules* lead to, through containers, classes and instances of the modules' own classes.

    *is_replaced* tells of a value that it will be made anew, so that another in its place is no difference. Values
    themselves are not kept alive, but containers are: let go of the state before you ask who else holds anything.
    """

    def __init__(self, modules: Mapping[str, ModuleType], is_replaced: Callable[[Any], bool] = lambda _: False) -> None:
        self._names = frozenset(modules)
        self._is_replaced = is_replaced
        self._kept: dict[int, _Kept] = {}
        self._is_complete = self._take(modules)

    def differences(self) -> tuple[str, ...]:
        """What is no longer as it was, in words."""
        found = sorted({said for kept in self._kept.values() for said in self._compare(kept)})
        return tuple(found if self._is_complete else [*found, _TOO_MUCH])

    def _take(self, modules: Mapping[str, ModuleType]) -> bool:
        waiting: list[tuple[str, Any]] = [(name, namespace(module)) for name, module in modules.items()]
        self._spaces = {id(space) for _, space in waiting}
        size = 0
        while waiting:
            name, container = waiting.pop()
            if id(container) in self._kept or self._is_replaced(container):
                continue
            contents = dict(_contents(container))
            size += len(contents) + 1
            if size > _MOST:
                return False
            held = {key: self._mark(value) for key, value in contents.items()}
            self._kept[id(container)] = _Kept(name, container, held)
            waiting += [(self._path(name, container, key), v) for key, v in contents.items() if self._leads_on(v)]
        return True

    def _leads_on(self, value: Any) -> bool:
        """Whether to look inside: not of what other modules define, whose state is theirs."""
        kind = type(value)
        if issubclass(kind, (dict, *_SEQUENCES, *_SETS)):
            return True
        made_by = value.__module__ if issubclass(kind, (type, FunctionType)) else kind.__module__
        return made_by in self._names

    def _mark(self, value: Any) -> Any:
        if issubclass(type(value), _ATOMS):
            return type(value), value
        return "to be replaced" if self._is_replaced(value) else id(value)

    def _compare(self, kept: _Kept) -> Iterator[str]:
        now = dict(_contents(kept.container))
        if issubclass(type(kept.container), (*_SEQUENCES, *_SETS)) and len(now) != len(kept.held):
            yield f"{type(kept.container).__name__} {kept.name} had {len(kept.held)} items and has {len(now)}"
            return
        for key in kept.held.keys() | now.keys():
            before = kept.held.get(key, _NOTHING)
            if before == "to be replaced" and key in now:
                continue
            value = now.get(key, _NOTHING)
            if (value if value is _NOTHING else self._mark(value)) != before:
                verb = "is new" if before is _NOTHING else "is gone" if value is _NOTHING else "has changed"
                yield f"{self._path(kept.name, kept.container, key)} {verb}"

    def _path(self, name: str, container: Any, key: Any) -> str:
        kind = type(container)
        if issubclass(kind, (dict, *_SEQUENCES)) and id(container) not in self._spaces:
            return f"{name}[{key!r}]" if type(key) in (str, int) else f"{name}[…]"
        return name if issubclass(kind, _SETS) else f"{name}.{key}"


_NOTHING = object()


def _contents(container: Any) -> Iterable[tuple[Any, Any]]:
    """Keys and values; modules among them are left out, since imports set those."""
    kind = type(container)
    if issubclass(kind, dict):
        pairs: Iterable[tuple[Any, Any]] = list(dict.items(container))
    elif issubclass(kind, _SEQUENCES):
        pairs = list(enumerate(kind.__iter__(container)))
    elif issubclass(kind, _SETS):
        pairs = [(_set_key(value), value) for value in kind.__iter__(container)]
    else:
        pairs = _attributes(container)
    return [(k, v) for k, v in pairs if type(v) is not ModuleType and not (type(k) is str and k.startswith("__"))]


def _attributes(owner: Any) -> list[tuple[Any, Any]]:
    kind = type(owner)
    if issubclass(kind, type):
        return list(vars(owner).items())
    try:
        return list(object.__getattribute__(owner, "__dict__").items())
    except AttributeError:
        return []


def _set_key(value: Any) -> Any:
    return ("value", value) if issubclass(type(value), _ATOMS) else ("object", id(value))
