"""Whether what is loaded is what is on disk: assertions for tests, and for scripts and sessions of the interpreter."""

from __future__ import annotations

from pytest_reloadwatch.freshness.checks import assert_fresh, assert_same_object, assert_stale
from pytest_reloadwatch.freshness.fixture import ModuleFreshness
from pytest_reloadwatch.freshness.inspection import Status, generation, status
from pytest_reloadwatch.freshness.isolated import FreshImports, fresh_import
from pytest_reloadwatch.record.loads import record_loading

__all__ = [
    "FreshImports",
    "ModuleFreshness",
    "Status",
    "assert_fresh",
    "assert_same_object",
    "assert_stale",
    "fresh_import",
    "generation",
    "record_loading",
    "status",
]
