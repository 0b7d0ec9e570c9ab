"""All first-party Python files of a tree, for tests that may rest on any of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import text_key
from pytest_reloadwatch.proof.digest import listing_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from pytest_reloadwatch.record.firstparty import FirstParty

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "dist-packages", "build", "dist"})


def find_sources(root: str, known: AbstractSet[str] = frozenset()) -> tuple[set[str], set[str], set[str]]:
    """The Python files below *root*, the listing keys of the directories that they were found in, and all directories.

    Directories below it whose listing is *known* are left out.
    """
    files: set[str] = set()
    places: set[str] = set()
    listings: set[str] = set()
    root = root.rstrip(os.sep)
    for directory, subdirectories, names in os.walk(root):
        subdirectories[:] = [s for s in subdirectories if _is_wanted(directory, s, known)]
        places.add(directory)
        found = [os.path.join(directory, name) for name in names if name.endswith(".py")]
        files.update(found)
        if found or directory == root or not names:  # an empty one may be about to be filled
            listings.add(listing_key(directory))
    return files, listings, places


def find_data(first_party: FirstParty) -> Iterator[str]:
    """Keys of all first-party files as text, and of the directories that they are in: anything may have been read."""
    for root in first_party.roots:
        for directory, subdirectories, names in os.walk(root):
            subdirectories[:] = [s for s in subdirectories if first_party.is_data(os.path.join(directory, s))]
            yield listing_key(directory)
            paths = (os.path.join(directory, name) for name in names if not name.endswith(".pyc"))
            yield from (text_key(path) for path in paths if first_party.is_data(path))


def _is_wanted(directory: str, name: str, known: AbstractSet[str]) -> bool:
    if name.startswith(".") or name in _SKIPPED or name.endswith(".egg-info"):
        return False
    path = os.path.join(directory, name)
    return listing_key(path) not in known and not os.path.exists(os.path.join(path, "pyvenv.cfg"))
