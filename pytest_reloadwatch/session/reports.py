"""What the children of a run say that they write, heard by the controller while their test goes on."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from pytest_reloadwatch.record.child.sitecustomize import END

if TYPE_CHECKING:
    from collections.abc import Iterator


_PREFIX = "reloadwatch-reports-"
_MARKS = "marks"


def make_directory() -> str:
    """A directory for the reports of this process's session, the owner's alone."""
    directory = tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")
    os.mkdir(marks_in(directory))
    return directory


def marks_in(directory: str) -> str:
    """Where runs leave their marks, see watch.reads."""
    return os.path.join(directory, _MARKS)


def remove_stale() -> None:
    """Remove what sessions have left that were killed and could not."""
    for directory in glob.glob(os.path.join(glob.escape(tempfile.gettempdir()), f"{_PREFIX}*")):
        pid = os.path.basename(directory)[len(_PREFIX) :].partition("-")[0]
        if pid.isdigit() and not _is_alive(int(pid)):
            shutil.rmtree(directory, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # nobody knows: there the call below would interrupt it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # somebody else's
    return True


class Reports:
    """The files in the *directory* to which children report; the run hears all of it when the test is over."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._taken: dict[str, int] = {}

    def skip(self) -> None:
        """What has been told so far is of runs that are over."""
        for _ in self.writes():
            pass

    def writes(self) -> Iterator[tuple[str, str]]:
        """What children are about to do since the last call: the kind of record, W, N, T or D, and a path."""
        try:
            names = [name for name in os.listdir(self._directory) if name != _MARKS]
        except OSError:
            return
        self._taken = {name: self._taken.get(name, 0) for name in names}
        for name in names:
            for kind, *fields in self._records(name):
                if kind in ("W", "N", "T", "D"):
                    yield kind, fields[0]

    def _records(self, name: str) -> Iterator[list[str]]:
        with contextlib.suppress(OSError), open(os.path.join(self._directory, name), "rb") as file:
            file.seek(self._taken[name])
            *records, _unfinished = file.read().split(END)
            self._taken[name] += sum(len(record) + len(END) for record in records)
            yield from (os.fsdecode(record).split("\0") for record in records)
