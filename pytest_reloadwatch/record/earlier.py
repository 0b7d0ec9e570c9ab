"""What a module held before it was executed again, kept so that nothing stays alive only because of that."""

from __future__ import annotations

import sys
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

# What importlib sets itself, anew before each execution.
_IMPORTLIB = frozenset("__builtins__ __cached__ __file__ __loader__ __name__ __package__ __path__ __spec__".split())
_OURS = 2  # references to a value that only we hold, as sys.getrefcount counts from within this module


@dataclass
class Earlier:
    """A namespace: *held* weakly where Python can do that, so that what dies meanwhile was nobody else's."""

    held: dict[str, weakref.ref[object]]
    kept: dict[str, object]

    @classmethod
    def of(cls, module: ModuleType) -> Earlier:
        earlier = cls({}, {})
        for name in set(vars(module)) - _IMPORTLIB:
            value = vars(module)[name]
            try:
                earlier.held[name] = weakref.ref(value)
            except TypeError:
                earlier.kept[name] = value
        return earlier

    def classes(self) -> dict[str, type]:
        """The classes that are still alive, by name."""
        alive = ((name, reference()) for name, reference in self.held.items())
        return {name: value for name, value in alive if isinstance(value, type)}

    def release(self) -> None:
        """Let go of containers that nobody else holds any more: they would keep classes alive."""
        for name in list(self.kept):
            if sys.getrefcount(self.kept[name]) <= _OURS:
                del self.kept[name]

    def put_back(self, module: ModuleType) -> None:
        """Make *module* hold again what is still in use; what is not, stays as it is now, and what is new goes."""
        namespace = vars(module)
        for name in set(namespace) - set(self.held) - set(self.kept) - _IMPORTLIB:
            if f"{module.__name__}.{name}" not in sys.modules:  # a package's modules are there by themselves
                del namespace[name]
        alive = ((name, reference()) for name, reference in self.held.items())
        namespace.update({name: value for name, value in alive if value is not None} | self.kept)
