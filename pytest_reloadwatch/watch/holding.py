"""What a process writes that it does not tell, as a database that SQLite attaches: Linux shows what it holds open."""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PROCESSES = "/proc"
_WRITING = os.O_WRONLY | os.O_RDWR
_FLAGS = re.compile(rb"^flags:\s*([0-7]+)$", re.MULTILINE)
_BESIDE = re.compile(
    r"-(journal|wal|shm)$"
)  # what SQLite puts beside a database, see https://sqlite.org/tempfiles.html


def held(pid: int, paths: Collection[str]) -> set[str]:
    """Those of these files that the process *pid* holds open for writing now.

    What SQLite puts beside a database that is held counts too. Empty where the system does not tell.
    """
    if not paths:
        return set()
    opened = set(_opened(pid))
    return {path for path in paths if not opened.isdisjoint((path, _BESIDE.sub("", path)))}


def _opened(pid: int) -> Iterator[str]:
    with contextlib.suppress(OSError):  # it has ended, or this is another system
        for number in os.listdir(f"{_PROCESSES}/{pid}/fd"):
            with contextlib.suppress(OSError):  # closed meanwhile
                with open(f"{_PROCESSES}/{pid}/fdinfo/{number}", "rb") as file:
                    flags = _FLAGS.search(file.read())
                if flags and int(flags[1], 8) & _WRITING:
                    yield os.readlink(f"{_PROCESSES}/{pid}/fd/{number}")
