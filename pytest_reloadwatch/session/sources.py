"""All first-party Python files of a tree, for tests that may rest on any of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.digest import listing_key

if TYPE_CHECKING:
    from collections.abc import Iterable

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages", "build", "dist"})


def find_sources(roots: Iterable[str]) -> tuple[set[str], set[str]]:
    """The Python files below *roots*, and the listing keys of the directories that they were found in."""
    files: set[str] = set()
    listings: set[str] = set()
    for root in roots:
        for directory, subdirectories, names in os.walk(root):
            subdirectories[:] = [s for s in subdirectories if _is_wanted(directory, s)]
            found = [os.path.join(directory, name) for name in names if name.endswith(".py")]
            files.update(found)
            if found or directory == root:
                listings.add(listing_key(directory))
    return files, listings


def _is_wanted(directory: str, name: str) -> bool:
    if name.startswith(".") or name in _SKIPPED or name.endswith(".egg-info"):
        return False
    return not os.path.exists(os.path.join(directory, name, "pyvenv.cfg"))
