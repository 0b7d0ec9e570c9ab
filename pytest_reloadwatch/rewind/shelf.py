"""The shelf: modules imported ahead of time before a hot module, handed out when they are asked for.

A hoisted module is warm, but it is not in ``sys.modules`` until the code after the checkpoint imports
it: in the same order, in the same surroundings. Anything else means that a cold run would have gone
another way; then the run is thrown away, and the controller starts one that knows nothing of the shelf.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

from pytest_reloadwatch.exceptions import HoistMismatchError
from pytest_reloadwatch.record.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType


@dataclass(frozen=True)
class Unit:
    """One import statement's worth: the module asked for, and all that came with it."""

    name: str
    surroundings: str
    modules: dict[str, ModuleType]


class Shelf:
    """Units in the order in which they were imported, and have to be asked for."""

    def __init__(self) -> None:
        self._units: list[Unit] = []
        self._names: set[str] = set()
        self._expected: frozenset[str] = frozenset()
        self._is_filled = False

    def __bool__(self) -> bool:
        """Whether there is anything to hand out; not while it is being filled."""
        return self._is_filled and bool(self._units)

    def fill(self, names: Sequence[str], recorded: Sequence[str], expected: frozenset[str]) -> list[str]:
        """Import *names* as far as the surroundings are those *recorded*; what was shelved is the answer.

        *expected* are the files of modules that the code after the checkpoint executes itself.
        Raises whatever an import raises.
        """
        self._expected = expected
        for name, before in zip(names, recorded, strict=True):
            if name in sys.modules:
                continue
            if surroundings() != before:
                break
            loaded = set(sys.modules)
            importlib.import_module(name)
            new = {key: module for key, module in sys.modules.items() if key not in loaded}
            self._units.append(Unit(name, before, new))
            self._names.update(new)
        for name in self._names:
            _detach(name, sys.modules.pop(name))
        self._is_filled = True
        return [unit.name for unit in self._units]

    def take(self, name: str, path: str) -> ModuleType | None:
        """The shelved module *name*; None for a module that is to be executed now.

        Raises HoistMismatchError when this is not what comes next.
        """
        if name not in self._names:
            # The standard library may be imported at any time, by the compiler's codecs too, and touches nothing.
            if path not in self._expected and name.partition(".")[0] not in sys.stdlib_module_names:
                raise HoistMismatchError(f"{name} is imported, which was not imported before")
            return None
        unit = self._units[0]
        if name != unit.name:
            raise HoistMismatchError(f"{name} is imported before {unit.name}")
        if surroundings() != unit.surroundings:
            raise HoistMismatchError(f"{name} is imported in other surroundings")
        self._units.pop(0)
        self._names.difference_update(unit.modules)
        for key, module in unit.modules.items():
            sys.modules[key] = module
        for key, module in unit.modules.items():
            _attach(key, module)
        return sys.modules.pop(name)

    def check_empty(self) -> None:
        """Raises HoistMismatchError when something on the shelf was never asked for."""
        if self._units:
            raise HoistMismatchError(f"{self._units[0].name} is no longer imported")


class ShelvedLoader:
    """Gives out a module that has been executed already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = getattr(module, "__spec__", None)

    def create_module(self, spec: ModuleSpec) -> ModuleType:  # noqa: ARG002 - importlib's signature
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec


def shelved_spec(name: str, module: ModuleType) -> ModuleSpec:
    """A spec whose loading gives *module* as it is."""
    return ModuleSpec(name, ShelvedLoader(module))  # type: ignore[arg-type] # a loader by its methods


def _detach(name: str, module: ModuleType) -> None:
    parent, _, child = name.rpartition(".")
    if parent in sys.modules and getattr(sys.modules[parent], child, None) is module:
        delattr(sys.modules[parent], child)


def _attach(name: str, module: ModuleType) -> None:
    parent, _, child = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], child, module)
