"""What modules hold at one moment, name by name, to be compared with what they hold at another."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.inplace.namespaces import namespace
from pytest_reloadwatch.worker.walk import UNTOLD, Blind, Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

LIMIT = 400_000  # objects: about half a second
_IGNORED = frozenset(
    "__builtins__ __cached__ __doc__ __file__ __loader__ __name__ __package__ __path__ __spec__".split()
) | {"__warningregistry__"}
# Of these pytest and we are made, and they keep what they need from one run to the next.
_MACHINERY = frozenset(
    "_pytest pytest pluggy iniconfig pygments xdist execnet coverage pytest_cov pytest_reloadwatch watchdog".split()
)
_LIBRARY = frozenset(sys.stdlib_module_names) | _MACHINERY | {"__main__", "_distutils_hack"}


class State:
    """*own* are the first-party modules by name, *others* says of a module's name whether it is looked into.

    ``blind`` says what cannot be compared, in words; empty where all can.
    """

    def __init__(self, own: Mapping[str, ModuleType], plugins: frozenset[str]) -> None:
        self.blind = ""
        self.names: dict[tuple[str, str], int] = {}
        self._imported: set[tuple[str, str]] = set()  # names that stand for modules
        modules = {name: module for name, module in sys.modules.items() if isinstance(module, ModuleType)}
        others = {name: module for name, module in modules.items() if _top(name) not in _LIBRARY | plugins}
        entered = {*own, *others}
        spaces = [id(namespace(module)) for module in modules.values()]
        self._walk = Walk(lambda name: name in entered, lambda name: name in own, spaces, LIMIT)
        try:
            for name, module in {**own, **others}.items():
                self._take(name, module, strictly=name in own)
        except OverflowError:
            self.blind = f"modules hold more than {LIMIT} objects"
        except Exception as error:  # objects of others may raise anything when they are looked at
            self.blind = f"what modules hold cannot be looked at: {error!r}"
        for name, module in modules.items():
            if _top(name) in sys.stdlib_module_names:
                self._take_names(name, module)

    def empty_caches(self) -> None:
        """Those that were empty."""
        for cache in self._walk.caches:
            cache.cache_clear()

    def release(self) -> None:
        """Let go of all that was met: what is over may go, and an address may come to be another object's."""
        self._walk.release()

    def difference(self, other: State, counts: Callable[[str], bool] = lambda _name: True) -> str:
        """The first name that leads to something else in *other*; *counts* is asked about modules. Empty for none.

        That a package has a further submodule is no difference.
        """
        for (module, name), fingerprint in self.names.items():
            if counts(module) and other.names.get((module, name)) != fingerprint:
                return f"{module}.{name}"
        mine = {module for module, _ in self.names}
        for module, name in other.names.keys() - self.names.keys() - other._imported:
            if module in mine and counts(module):
                return f"{module}.{name}"
        return ""

    def _take_names(self, module_name: str, module: ModuleType) -> None:
        """Of the standard library's modules only which objects public names stand for: somebody may patch them."""
        for name, value in list(namespace(module).items()):
            if not name.startswith("_") and not isinstance(value, ModuleType):
                self._walk.keep(value)
                self.names[module_name, name] = hash((id(value), *self._inside(value)))

    def _inside(self, value: Any) -> Iterator[int]:
        """Of a class what its names stand for: these are patched too."""
        if issubclass(type(value), type):
            for name, found in list(type.__dict__["__dict__"].__get__(value).items()):
                if name not in UNTOLD:
                    self._walk.keep(found)
                    yield id(found)

    def _take(self, module_name: str, module: ModuleType, *, strictly: bool) -> None:
        for name, value in list(namespace(module).items()):
            if name in _IGNORED:
                continue
            if isinstance(value, ModuleType):
                self._imported.add((module_name, name))
            try:
                self.names[module_name, name] = self._walk.fingerprint(value, strictly=strictly)
            except Blind as found:
                self.blind = self.blind or f"{module_name}.{name} leads to a {found}, whose state cannot be seen"


def _top(name: Any) -> str:
    return str(name).partition(".")[0]
