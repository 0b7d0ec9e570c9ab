"""Bytecode files of first-party modules are used only where they are certainly of the source on disk.

Python compares whole seconds and sizes: an edit within the same second that keeps the size runs old
code, in a new process too. Unlike these, the time of a file's last status change cannot be set back.
"""

from __future__ import annotations

import importlib.util
import os
import time
from importlib.machinery import ModuleSpec, SourceFileLoader
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# Compiling takes no longer than this: a bytecode file written so much later is not of an older source.
_MARGIN = 2_000_000_000


def is_trusted(source: str, bytecode: str) -> bool:
    """Whether *bytecode* was written so long after the last change of *source* that it must be of it."""
    try:
        return os.stat(source).st_ctime_ns + _MARGIN < os.stat(bytecode).st_ctime_ns
    except OSError:
        return False


class GuardedLoader(SourceFileLoader):
    """A SourceFileLoader that neither reads nor writes bytecode which cannot be trusted."""

    def path_stats(self, path: str) -> Mapping[str, Any]:
        """Raising OSError here means, as importlib documents, that bytecode is not to be used."""
        bytecode = importlib.util.cache_from_source(path)
        if not is_trusted(path, bytecode):
            if _is_recent(path):
                raise OSError("the source is too recent for bytecode")
            _discard(bytecode)
        return super().path_stats(path)


def guard(spec: ModuleSpec) -> None:
    """Make *spec*'s own loader a guarded one, where it is Python's ordinary loader."""
    if type(spec.loader) is SourceFileLoader:
        spec.loader.__class__ = GuardedLoader  # the object stays the one that the finder behind us made


def _is_recent(path: str) -> bool:
    """Whether bytecode written now could not be told from that of a later source."""
    return os.stat(path).st_ctime_ns + _MARGIN > time.time_ns()


def _discard(bytecode: str) -> None:
    """Let the import write a new file; one that cannot be removed is one that cannot be trusted."""
    if os.path.exists(bytecode):
        os.remove(bytecode)
