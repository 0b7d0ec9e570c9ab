"""The objects that one execution of some modules made: what must not be met any more after the next one."""

from __future__ import annotations

import enum
import gc
import sys
import weakref
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.inplace.cycles import held_from_outside
from pytest_reloadwatch.inplace.namespaces import namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_reloadwatch.inplace.namespaces import Saved

_ATOMS = (str, bytes, int, float, complex, type(None), type(...), type(NotImplemented), ModuleType, BuiltinFunctionType)
# Values of these libraries' types say nothing about who made them, and their caches keep them for whoever asks again.
_OF_VALUES = frozenset({"re", "typing", "decimal", "datetime", "pathlib", "fractions", "uuid", "logging"})
_SAMPLE: list[list[object]] = [[]]
_ALONE = sys.getrefcount(_SAMPLE[0])  # of what only one list refers to


@dataclass(frozen=True, eq=False)
class Survivor:
    """An object of an old generation that still exists; *name* is dotted, with the module in front."""

    object: Any
    module: str
    name: str
    generation: int  # 0 where it is only known that there is a newer one


class Generation:
    """Classes and functions of modules that are about to execute again, by weak reference, and what their names hold.

    One look over the heap finds those that no name leads to: closures, local classes, what a decorator has kept.
    """

    def __init__(self, saved: Sequence[Saved]) -> None:
        self.saved = tuple(saved)
        self.numbers = {one.name: number(one.module) for one in saved}
        self._made = made_by(self.saved)
        self._retired: list[tuple[weakref.ref[Any], int]] = []

    def will_be_replaced(self) -> Callable[[Any], bool]:
        """Tells of any object whether it is of this generation; to be asked while that still is what modules hold."""
        spaces = {id(namespace(one.module)) for one in self.saved}
        elsewhere = _named_now(self.saved, but={id(one.module) for one in self.saved})
        named = {id(value) for one in self.saved for value in one.names.values()} - elsewhere

        def is_of_it(value: Any) -> bool:
            kind = type(value)
            if kind is FunctionType:
                return id(value.__globals__) in spaces
            if issubclass(kind, type) and _module_of(value) in self.numbers:
                return True
            return kind.__module__ in self.numbers or (id(value) in named and not issubclass(kind, _ATOMS))

        return is_of_it

    def release(self) -> list[Survivor]:
        """Let the old namespaces go; the answer is what is left of the generation and is held by somebody.

        After this the generation can no longer be restored.
        """
        weak, plain = self._take_values()
        gc.collect()
        if _drop_unheld(plain) | self._drop_cycles(plain):
            gc.collect()
        found = [self._made_survivor(made) for one in self._made if (made := one()) is not None]
        found += [self._survivor(value, *place) for one, place in weak if (value := one()) is not None]
        found += [self._survivor(value[0], *place) for value, place in plain]
        return list({id(survivor.object): survivor for survivor in reversed(found)}.values())

    def retire(self) -> None:
        """The modules have executed again: this generation is an older one now."""
        for one in self.saved:
            _NUMBERS[one.module] = number(one.module) + 1
        older = retired()
        living = [(reference, made) for reference, made in self._living() if id(made) not in older]
        self._retired = [(reference, self.numbers[home_of(made)]) for reference, made in living]
        _RETIRED.extend(self._retired)

    def reinstate(self) -> None:
        """That was undone, and what is of the modules now is of this generation."""
        for one in self.saved:
            _NUMBERS[one.module] = self.numbers[one.name]
        mine = set(map(id, self._retired))
        _RETIRED[:] = [entry for entry in _RETIRED if id(entry) not in mine]

    def _living(self) -> list[tuple[weakref.ref[Any], Any]]:
        found = [(reference, reference()) for reference in self._made]
        return [(reference, made) for reference, made in found if made is not None and home_of(made) in self.numbers]

    def _made_survivor(self, made: Any) -> Survivor:
        return self._survivor(made, home_of(made), full_name(made))

    def _survivor(self, value: Any, module: str, name: str) -> Survivor:
        return Survivor(value, module, name, retired().get(id(value), self.numbers.get(module, 0)))

    def _drop_cycles(self, plain: _Plain) -> bool:
        """Take out what only others of this generation refer to; whether there was anything."""
        if not plain:
            return False
        gc.collect()
        held = held_from_outside([cell for cell, _ in plain], lambda made: home_of(made) not in self.numbers)
        unheld = [one for one in plain if id(one[0][0]) not in held]
        for cell, _ in unheld:
            cell.clear()
        plain[:] = [one for one in plain if one[0]]
        return bool(unheld)

    def _take_values(self) -> tuple[_Weak, _Plain]:
        """What names stood for, apart from what was not made there; the names are gone after that."""
        shared = _named_now(self.saved)
        weak: _Weak = []
        plain: _Plain = []
        for one in self.saved:
            for name, value in one.names.items():
                if id(value) in shared or name.startswith("__") or _is_of_others(value, self.numbers):
                    continue
                shared.add(id(value))  # one that several modules name is looked at once
                place = (one.name, f"{one.name}.{name}")
                try:
                    weak.append((weakref.ref(value), place))
                except TypeError:
                    if gc.is_tracked(value):
                        plain.append(([value], place))
            one.names.clear()
        return weak, plain


if TYPE_CHECKING:
    _Place = tuple[str, str]
    _Weak = list[tuple[weakref.ref[Any], _Place]]
    _Plain = list[tuple[list[Any], _Place]]


def made_by(saved: Iterable[Saved]) -> list[weakref.ref[Any]]:
    """Every class and function that executing these modules has made so far and that still exists."""
    spaces = {id(namespace(one.module)) for one in saved}
    names = {one.name for one in saved}
    return [
        weakref.ref(found)
        for found in gc.get_objects()
        if (type(found) is FunctionType and id(found.__globals__) in spaces)
        or (issubclass(type(found), type) and _module_of(found) in names)
    ]


def number(module: ModuleType) -> int:
    """How often *module* was executed, as far as it was reloaded in place: 1 for one that never was."""
    return _NUMBERS.get(module, 1)


def retired() -> dict[int, int]:
    """The generations, by identity, of classes and functions that were made by an older execution and still exist."""
    _RETIRED[:] = [entry for entry in _RETIRED if entry[0]() is not None]
    return {id(reference()): generation for reference, generation in _RETIRED}


# Of the process, as modules are.
_NUMBERS: weakref.WeakKeyDictionary[ModuleType, int] = weakref.WeakKeyDictionary()
_RETIRED: list[tuple[weakref.ref[Any], int]] = []


def _module_of(kind: type) -> Any:
    return type.__dict__["__module__"].__get__(kind)


def home_of(made: Any) -> str:
    """The module of a class or function, by name."""
    home = made.__globals__.get("__name__") if type(made) is FunctionType else _module_of(made)
    return str(home)


def full_name(made: Any) -> str:
    """The dotted name of a class or function, with the module in front."""
    return f"{made.__module__}.{made.__qualname__}"


def _named_now(saved: Iterable[Saved], but: Iterable[int] = ()) -> set[int]:
    """Objects that names of modules stand for now: those were not made by what has just ended."""
    dropped = {*but, *(id(one.module) for one in saved if sys.modules.get(one.name) is not one.module)}
    modules = [module for module in list(sys.modules.values()) if isinstance(module, ModuleType)]
    return {id(value) for module in modules if id(module) not in dropped for value in list(namespace(module).values())}


def _is_of_others(value: Any, names: Iterable[str]) -> bool:
    """Whether *value* is certainly no object that executing these modules has made."""
    kind = type(value)  # isinstance would ask a proxy, which may do anything
    if issubclass(kind, _ATOMS) or kind.__module__ in _OF_VALUES:
        return True
    if issubclass(kind, (type, FunctionType, enum.Enum)):
        home = kind if issubclass(kind, enum.Enum) else value
        return home.__module__ not in names and home.__module__ in sys.modules
    return False


def _drop_unheld(plain: _Plain) -> bool:
    """Take out what nobody else refers to, and then what only that referred to; whether there was anything."""
    dropped = False
    while unheld := [one for one in plain if sys.getrefcount(one[0][0]) <= _ALONE]:
        for one in unheld:
            one[0].clear()
            plain.remove(one)
        dropped = True
        del one
    return dropped
