"""A warm pytest session that re-executes only what changed and reruns only the affected tests."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_reloadwatch.exceptions import StaleObjectWarning
    from pytest_reloadwatch.inplace.interactive import Reloaded, reload_changed
    from pytest_reloadwatch.inplace.references import assert_no_stale_references
    from pytest_reloadwatch.inplace.reloading import reload_module

__all__ = [
    "Reloaded",
    "StaleObjectWarning",
    "__version__",
    "assert_no_stale_references",
    "reload_changed",
    "reload_module",
]

__version__ = "0.1.0"

_HOMES = {
    "Reloaded": "inplace.interactive",
    "StaleObjectWarning": "exceptions",
    "assert_no_stale_references": "inplace.references",
    "reload_changed": "inplace.interactive",
    "reload_module": "inplace.reloading",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for only then: pytest imports this package in every run."""
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
