"""A module as it was loaded: its name, where its source is, and the text that was executed."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class LoadedModule:
    """A module in ``sys.modules``: *source* is the text that was executed, from the absolute *path*.

    Where that is not known, or the module is to count as changed, *source* is None.
    """

    name: str
    path: str
    source: bytes | None

    def forgotten(self) -> LoadedModule:
        """The same, as if it were not known what it was executed from."""
        return replace(self, source=None)

    def as_now(self, read: Callable[[str], bytes | None]) -> LoadedModule:
        """The same, as if it had been executed from what is on disk."""
        return replace(self, source=read(self.path))

    @property
    def package(self) -> str:
        """The name that its relative imports start from."""
        is_package = os.path.basename(self.path) == "__init__.py"
        return self.name if is_package else self.name.rpartition(".")[0]
