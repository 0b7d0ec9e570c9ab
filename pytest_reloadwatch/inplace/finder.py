"""The finder that answers an import of a module which executes again: the module object is the one that there was."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.exceptions import ReloadFailedError
from pytest_reloadwatch.inplace.namespaces import Saved, empty

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from pytest_reloadwatch.inplace.plan import Step


class InPlaceFinder:
    """In front of all others while a plan is applied; finding and loading are left to those behind.

    So the modules execute when they are imported, one within the other, as in a new process; *executed* are those
    that have begun to.
    """

    def __init__(self, steps: Iterable[Step], saved: dict[str, Saved]) -> None:
        self._paths = {step.name: step.path for step in steps}
        self._saved = saved
        self.executed: list[str] = []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As importlib calls it for a module that is not loaded."""
        saved = self._saved.get(fullname)
        if saved is None:
            return None
        spec = self._find_behind(fullname, path, target) or _as_before(saved)
        self._check(fullname, spec)
        assert spec is not None
        assert spec.loader is not None
        spec.loader = _SameModuleLoader(spec.loader, saved.module, self.executed)  # type: ignore[assignment]
        return spec

    def check_identity(self) -> None:
        """Raises ReloadFailedError where a module has put something else in its place."""
        for name, saved in self._saved.items():
            if sys.modules.get(name) is not saved.module:
                raise ReloadFailedError(name, "it replaces itself in sys.modules, so it is another object each time")

    def _find_behind(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            find: Any = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(fullname, path, target) if find is not None else None
            if spec is not None:
                return spec
        return None

    def _check(self, name: str, spec: ModuleSpec | None) -> None:
        expected = self._paths[name]
        found = "" if spec is None or spec.loader is None else os.path.abspath(spec.origin or "")
        if not found:
            raise ReloadFailedError(name, "it cannot be found any more")
        if not _is_same_file(found, expected):
            raise ReloadFailedError(name, f"it would come from {found} now, not from {expected}")


class _SameModuleLoader:
    """Empties the module and has it executed by the loader that a new import would use."""

    def __init__(self, loader: Any, module: ModuleType, executed: list[str]) -> None:
        self._loader = loader
        self._module = module
        self._executed = executed

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        empty(spec.name, self._module)
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        spec = module.__spec__
        assert spec is not None
        spec.loader = module.__loader__ = self._loader
        self._executed.append(spec.name)
        self._loader.exec_module(module)


def _as_before(saved: Saved) -> ModuleSpec | None:
    """For a module that no finder knows, because it was loaded by its path."""
    spec: ModuleSpec | None = saved.names.get("__spec__")
    if spec is None or spec.loader is None or not spec.origin:
        return None
    return importlib.util.spec_from_file_location(
        spec.name, spec.origin, loader=spec.loader, submodule_search_locations=spec.submodule_search_locations
    )


def _is_same_file(one: str, other: str) -> bool:
    try:
        return one == other or os.path.samefile(one, other)
    except OSError:
        return False
