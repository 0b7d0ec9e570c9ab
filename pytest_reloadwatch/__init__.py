"""A warm pytest session that re-executes only what changed and reruns only the affected tests."""

from __future__ import annotations

import importlib
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_reloadwatch.freshness import (
        FreshImports,
        ModuleFreshness,
        Status,
        assert_fresh,
        assert_same_object,
        assert_stale,
        fresh_import,
        generation,
        record_loading,
        status,
    )
    from pytest_reloadwatch.guard.warning import ReloadGuardWarning

__all__ = [
    "FreshImports",
    "ModuleFreshness",
    "ReloadGuardWarning",
    "Status",
    "__version__",
    "assert_fresh",
    "assert_same_object",
    "assert_stale",
    "fresh_import",
    "generation",
    "record_loading",
    "status",
]

__version__ = "0.1.0"

# What freshness can say of a module whose loading nobody recorded rests on these: they come before anything of the
# person's, as early as this package is loaded.
BEGAN = time.time_ns()
LOADED_BEFORE = frozenset(sys.modules)

_HOMES = {"ReloadGuardWarning": "pytest_reloadwatch.guard.warning"}


def __getattr__(name: str) -> object:
    """What is public is imported when it is asked for: a pytest run without our options pays for nothing."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES.get(name, "pytest_reloadwatch.freshness")), name)
