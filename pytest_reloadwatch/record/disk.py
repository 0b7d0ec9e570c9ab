"""What is on disk, whatever a test has put in the place of functions of ``os``, to count calls or to forbid them."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from pytest_reloadwatch.record.child.sitecustomize import abspath

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["abspath", "is_directory", "is_file", "is_link", "is_there", "names_in", "status"]

# Taken before anything first-party is imported, and before record.audit has its own put in their place.
status, _lstat, names_in = os.stat, os.lstat, os.listdir


def is_directory(path: str) -> bool:
    """As ``os.path.isdir``."""
    return stat.S_ISDIR(_mode(status, path))


def is_file(path: str) -> bool:
    """As ``os.path.isfile``."""
    return stat.S_ISREG(_mode(status, path))


def is_link(path: str) -> bool:
    """As ``os.path.islink``."""
    return stat.S_ISLNK(_mode(_lstat, path))


def is_there(path: str) -> bool:
    """As ``os.path.lexists``."""
    return _mode(_lstat, path) != 0


def _mode(look: Callable[[str], os.stat_result], path: str) -> int:
    try:
        return look(path).st_mode
    except (OSError, ValueError):
        return 0
