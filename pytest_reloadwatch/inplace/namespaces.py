"""A module's namespace taken away and given back: the module object itself, and its dictionary, stay."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.record.loads import recorded

if TYPE_CHECKING:
    from pytest_reloadwatch.record.loads import Load

_NAMESPACE: Any = vars(ModuleType)["__dict__"]  # a subclass may define an attribute of that name
_NOTHING = object()


def namespace(module: ModuleType) -> dict[str, Any]:
    """The dictionary that functions of *module* have as their globals."""
    found: dict[str, Any] = _NAMESPACE.__get__(module)
    return found


@dataclass(frozen=True)
class Saved:
    """A module as it was: what its names stood for, its class, and what is on record of how it was loaded."""

    name: str
    module: ModuleType
    names: dict[str, Any]
    kind: type[ModuleType]
    load: Load | None = None

    @classmethod
    def of(cls, name: str, module: ModuleType) -> Saved:
        record = recorded()
        load = record.of(module) if record is not None else None
        return cls(name, module, dict(namespace(module)), type(module), load)

    def restore(self) -> None:
        """Make the namespace exactly what it was."""
        if type(self.module) is not self.kind:
            self.module.__class__ = self.kind
        current = namespace(self.module)
        current.clear()
        current.update(self.names)
        record = recorded()
        if record is not None:
            record.put_back(self.module, self.load)


def empty(name: str, module: ModuleType) -> None:
    """Leave of *module* what a new one would have before its code executes.

    Submodules that stay loaded remain attributes: their import, which would set them, does not happen again.
    """
    if type(module) is not ModuleType:
        module.__class__ = ModuleType
    names = namespace(module)
    names.clear()
    names.update(__name__=name, __doc__=None, __package__=None, __loader__=None, __spec__=None)
    prefix = f"{name}."
    for key, inner in list(sys.modules.items()):
        if key.startswith(prefix) and "." not in key[len(prefix) :]:
            names[key[len(prefix) :]] = inner


@dataclass(frozen=True)
class Imported:
    """What was loaded at some moment, with the attributes by which packages reach their submodules."""

    modules: dict[str, Any]
    attributes: dict[str, Any]

    @classmethod
    def now(cls) -> Imported:
        modules = dict(sys.modules)
        return cls(modules, {name: _attribute(name) for name in modules if "." in name})

    def new(self) -> list[str]:
        """Modules that were imported since."""
        return [name for name in sys.modules if name not in self.modules]

    def restore(self, is_own: Any) -> None:
        """Forget what was imported since, and put back what was replaced or dropped.

        Modules that are not the person's own stay: extension modules cannot be loaded twice.
        """
        for name in self.new():
            if is_own(sys.modules[name]):
                _set_attribute(name, _NOTHING, sys.modules.pop(name))
        for name, module in self.modules.items():
            if sys.modules.get(name, _NOTHING) is not module:
                sys.modules[name] = module
        for name, value in self.attributes.items():
            if _attribute(name) is not value:
                _set_attribute(name, value, _attribute(name))


def drop(name: str) -> None:
    """Take a module out of ``sys.modules`` and out of its parent."""
    module = sys.modules.pop(name, None)
    if _attribute(name) is module:
        _set_attribute(name, _NOTHING, module)


def _attribute(name: str) -> Any:
    parent, _, child = name.rpartition(".")
    module = sys.modules.get(parent)
    return namespace(module).get(child, _NOTHING) if isinstance(module, ModuleType) else _NOTHING


def _set_attribute(name: str, value: Any, instead_of: Any) -> None:
    parent, _, child = name.rpartition(".")
    module = sys.modules.get(parent)
    if not isinstance(module, ModuleType) or _attribute(name) is not instead_of:
        return
    if value is _NOTHING:
        namespace(module).pop(child, None)
    else:
        namespace(module)[child] = value
