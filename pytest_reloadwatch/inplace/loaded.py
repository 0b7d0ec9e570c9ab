"""A module as it was loaded: its name, where its source is, and the text that was executed."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class LoadedModule:
    """A module in ``sys.modules``: *source* is the text that was executed, from the absolute *path*."""

    name: str
    path: str
    source: bytes

    @property
    def package(self) -> str:
        """The name that its relative imports start from."""
        is_package = os.path.basename(self.path) == "__init__.py"
        return self.name if is_package else self.name.rpartition(".")[0]
