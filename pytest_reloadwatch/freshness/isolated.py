"""Imports that leave nothing behind: ``sys.modules`` and the parents' attributes are afterwards as before."""

from __future__ import annotations

import contextlib
import importlib
import importlib.machinery
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from types import ModuleType

_MISSING: Any = object()
_EXTENSIONS = tuple(importlib.machinery.EXTENSION_SUFFIXES)


@contextlib.contextmanager
def fresh_import(name: str, fresh: Collection[str] = (), blocked: Collection[str] = ()) -> Iterator[ModuleType]:
    """Import *name* anew, with what is below it; *fresh* likewise, *blocked* cannot be imported meanwhile.

    At the end everything is as it was: every entry of ``sys.modules`` and every attribute of a package that stands for
    one. Only installed packages with extension modules that came in meanwhile stay, for these cannot be loaded twice in
    a process. What the code does elsewhere, in registries or environment variables, is not undone. Raises whatever the
    import raises.
    """
    state = _Surroundings.now()
    try:
        for one in (name, *fresh, *blocked):
            _take_out(one)
        sys.modules.update(dict.fromkeys(blocked, _BLOCKED))
        for one in fresh:
            importlib.import_module(one)
        yield importlib.import_module(name)
    finally:
        state.restore(kept_out=(name, *fresh, *blocked))


_BLOCKED: Any = None  # the import system's sign for a module that must not be found


def _take_out(name: str) -> None:
    """Remove a module and all below it, from its parent too: ``from package import name`` looks there first."""
    for key in [key for key in sys.modules if key == name or key.startswith(name + ".")]:
        module = sys.modules.pop(key)
        parent, _, child = key.rpartition(".")
        namespace = _namespace(sys.modules.get(parent))
        if module is not None and namespace.get(child) is module:
            del namespace[child]


def _namespace(module: object) -> dict[str, Any]:
    return getattr(module, "__dict__", {})


class _Surroundings:
    """The entries of ``sys.modules``, and what every package holds under the names that submodules could have."""

    def __init__(self, modules: dict[str, ModuleType]) -> None:
        self._modules = modules
        self._packages = {
            name: dict(_namespace(module)) for name, module in modules.items() if hasattr(module, "__path__")
        }

    @classmethod
    def now(cls) -> _Surroundings:
        return cls(dict(sys.modules))

    def restore(self, kept_out: Collection[str]) -> None:
        roots = {name.partition(".")[0] for name in kept_out}
        new = {name for name in list(sys.modules) if sys.modules[name] is not self._modules.get(name, _MISSING)}
        lost = {name for name in self._modules if name not in sys.modules}
        staying = _with_extensions(new) - roots
        changed = {name for name in new | lost if name.partition(".")[0] not in staying or name in self._modules}
        for name in changed:
            if name in self._modules:
                sys.modules[name] = self._modules[name]
            else:
                del sys.modules[name]
        for name in changed:
            self._restore_attribute(name)

    def _restore_attribute(self, name: str) -> None:
        parent, _, child = name.rpartition(".")
        if parent in self._packages:
            namespace, before = _namespace(self._modules[parent]), self._packages[parent].get(child, _MISSING)
            if before is _MISSING:
                namespace.pop(child, None)
            else:
                namespace[child] = before


def _with_extensions(names: Collection[str]) -> set[str]:
    """The top-level packages that have an extension module among *names*."""
    paths = {name: str(getattr(sys.modules[name], "__file__", None) or "") for name in names}
    return {name.partition(".")[0] for name, path in paths.items() if path.endswith(_EXTENSIONS)}


class FreshImports(contextlib.ExitStack):
    """What the fixture gives: each call imports, and all is as before when the test is over."""

    def __call__(self, name: str, fresh: Collection[str] = (), blocked: Collection[str] = ()) -> ModuleType:
        """Import *name* anew (see ``fresh_import``). Raises whatever the import raises, and leaves nothing then."""
        __tracebackhide__ = True
        return self.enter_context(fresh_import(name, fresh, blocked))
