"""What has just come into a directory, so that it can be looked at before a run reads it."""

from __future__ import annotations

import itertools
import os
import stat
from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.digest import is_transient, listing_key, lookup_key

if TYPE_CHECKING:
    from collections.abc import Iterator

_MANY = 1000  # names in a directory, of which no more are looked at
_FEW = 16  # arrivals: with more at once something is unpacked, and runs wait until it is quiet
_LARGE = 1 << 20  # bytes of a file that takes too long to read for nothing


def arrivals(directory: str, since: int) -> list[str]:
    """The keys of files and directories below *directory* that came or changed after *since*.

    *since* is in nanoseconds of the wall clock. None where there are more than a few.
    """
    found = list(itertools.islice(_recent(directory, since), _FEW + 1))
    return found if len(found) <= _FEW else []


def _recent(directory: str, since: int) -> Iterator[str]:
    for path in _paths(directory):
        try:
            state = os.stat(path)
        except OSError:
            continue  # it has gone again
        if state.st_ctime_ns <= since:
            continue
        if stat.S_ISREG(state.st_mode) and state.st_size < _LARGE:
            yield path
        elif stat.S_ISDIR(state.st_mode) and not os.path.islink(path):
            yield from (listing_key(path), lookup_key(path))
            yield from _recent(path, since)


def _paths(directory: str) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return [entry.path for entry in itertools.islice(entries, _MANY) if not is_transient(entry.name)]
    except OSError:
        return []
