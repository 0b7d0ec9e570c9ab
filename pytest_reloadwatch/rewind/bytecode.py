"""Bytecode files of first-party modules are used only where they are certainly of the source on disk.

Python compares whole seconds and sizes: an edit within the same second that keeps the size runs old
code, in a new process too. Unlike these, the time of a file's last status change cannot be set back.
"""

from __future__ import annotations

import contextlib
import glob
import importlib.util
import os
import sys
import time
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.record import disk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_reloadwatch.record.firstparty import FirstParty

_IMPORTLIB = "<frozen importlib"
# Compiling takes no longer than this: a bytecode file written so much later is not of an older source.
_MARGIN = 2_000_000_000


def is_trusted(source: str, bytecode: str) -> bool:
    """Whether *bytecode* was written so long after the last change of *source* that it must be of it."""
    try:
        return disk.status(source).st_ctime_ns + _MARGIN < disk.status(bytecode).st_ctime_ns
    except OSError:
        return False


def discard_bytecode(paths: Iterable[str]) -> None:
    """Remove cached bytecode of the sources among *paths*: a child process of a test would look no closer."""
    for path in filter(os.path.isabs, paths):  # the other keys are no files
        directory, name = os.path.split(path)
        if name.endswith(".py"):
            for cached in glob.glob(os.path.join(glob.escape(directory), "__pycache__", name[:-3] + ".*.pyc")):
                with contextlib.suppress(OSError):
                    os.remove(cached)


def discard_recent(sources: Iterable[str]) -> None:
    """Remove what Python itself has just cached of *sources* that may be written once more within the same second."""
    for source in sources:
        with contextlib.suppress(OSError):
            if disk.status(source).st_ctime_ns + _MARGIN > time.time_ns():
                discard_bytecode([source])


def guard_loading(first_party: FirstParty) -> None:
    """Let Python's loader neither read nor write bytecode of first-party sources that cannot be trusted.

    For the whole process, because code may make a loader by itself. That ``path_stats`` may raise OSError,
    and that bytecode is not used then, is importlib's documented interface; ``py_compile`` calls it too, and fails.
    """
    original = SourceFileLoader.path_stats

    def path_stats(self: SourceFileLoader, path: str) -> Mapping[str, Any]:
        absolute = disk.abspath(path)
        if first_party.is_source(absolute) and sys._getframe(1).f_code.co_filename.startswith(_IMPORTLIB):
            _check_bytecode(absolute)
        return original(self, path)

    SourceFileLoader.path_stats = path_stats  # type: ignore[method-assign] # see above


def _check_bytecode(source: str) -> None:
    """Raises OSError where a bytecode file could not be told from one of a later source."""
    bytecode = importlib.util.cache_from_source(source)
    if is_trusted(source, bytecode):
        return
    if disk.status(source).st_ctime_ns + _MARGIN > time.time_ns():
        raise OSError("the source is too recent for bytecode")
    if disk.is_there(bytecode):
        os.remove(bytecode)  # the import writes a new one
