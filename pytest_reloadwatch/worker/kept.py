"""Conftests that stay warm: pytest forgets those outside of packages, and would execute them in each run."""

from __future__ import annotations

import os
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class KeptConftests:
    """A shelf (rewind.shelf) that hands out a conftest each time that it is asked for."""

    def __init__(self) -> None:
        self._modules: dict[str, ModuleType] = {}

    def __bool__(self) -> bool:
        return bool(self._modules)

    @property
    def paths(self) -> Iterable[str]:
        return self._modules.keys()

    @property
    def modules(self) -> dict[str, ModuleType]:
        """The conftests by path."""
        return self._modules

    def keep(self, plugins: Iterable[Any]) -> None:
        """Those among pytest's *plugins*; what was kept and is none of them any more is let go."""
        self._modules = {
            os.path.abspath(plugin.__file__): plugin
            for plugin in plugins
            if isinstance(plugin, ModuleType) and plugin.__file__ and plugin.__file__.endswith("conftest.py")
        }

    def let_go(self, paths: Iterable[str]) -> None:
        """These are about to execute again."""
        for path in paths:
            self._modules.pop(path, None)

    def take(self, name: str, path: str) -> ModuleType | None:
        """The conftest at *path*, where that is what *name* stands for now."""
        module = self._modules.get(path)
        return module if module is not None and module.__name__ == name else None

    def check_empty(self) -> None:
        """Nothing has to be asked for."""
