"""A warm pytest session that re-executes only what changed and reruns only the affected tests."""

from __future__ import annotations

import importlib
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_reloadwatch.exceptions import StaleObjectWarning
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
    from pytest_reloadwatch.inplace.interactive import Reloaded, reload_changed
    from pytest_reloadwatch.inplace.references import assert_no_stale_references
    from pytest_reloadwatch.inplace.reloading import reload_module

__all__ = [
    "FreshImports",
    "ModuleFreshness",
    "ReloadGuardWarning",
    "Reloaded",
    "StaleObjectWarning",
    "Status",
    "__version__",
    "assert_fresh",
    "assert_no_stale_references",
    "assert_same_object",
    "assert_stale",
    "fresh_import",
    "generation",
    "record_loading",
    "reload_changed",
    "reload_module",
    "status",
]

__version__ = "0.1.0"

# What freshness can say of a module whose loading nobody recorded rests on these: they come before anything of the
# person's, as early as this package is loaded.
BEGAN = time.time_ns()
LOADED_BEFORE = frozenset(sys.modules)

_FRESHNESS = "freshness"
_HOMES = {
    "FreshImports": _FRESHNESS,
    "ModuleFreshness": _FRESHNESS,
    "ReloadGuardWarning": "guard.warning",
    "Reloaded": "inplace.interactive",
    "StaleObjectWarning": "exceptions",
    "Status": _FRESHNESS,
    "assert_fresh": _FRESHNESS,
    "assert_no_stale_references": "inplace.references",
    "assert_same_object": _FRESHNESS,
    "assert_stale": _FRESHNESS,
    "fresh_import": _FRESHNESS,
    "generation": _FRESHNESS,
    "record_loading": _FRESHNESS,
    "reload_changed": "inplace.interactive",
    "reload_module": "inplace.reloading",
    "status": _FRESHNESS,
}


def __getattr__(name: str) -> Any:
    """What is public is imported when it is asked for: a pytest run without our options pays for nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext pytest_reloadwatch``: reload what has changed before each cell."""
    from pytest_reloadwatch.inplace import ipython

    ipython.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext pytest_reloadwatch``."""
    from pytest_reloadwatch.inplace import ipython

    ipython.unload(shell)
