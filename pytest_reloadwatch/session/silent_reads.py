"""Data that was read while a run was under way, and of which nobody has told: by a library, or by another program.

Python tells of every file that it opens. A library that opens one by itself does not (what reads Parquet, HDF5 or XML
by a path does that), nor does a program that a test starts and that is no Python. The kernel tells that a file was
read, not by whom, and it may be kept: so it counts for the test that ended next and all that the run ends after it.
Where Python tells that a file was opened, and the kernel of more often, somebody else has read it too.
So does what an installed library was heard to read, a template or a table: who asks it next may read nothing.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_reloadwatch.record.firstparty import FirstParty
    from pytest_reloadwatch.session.following import Following
    from pytest_reloadwatch.session.run_record import RunRecord
    from pytest_reloadwatch.watch.reads import Reads

PART = 64  # files
_TOLD = (".py", ".pyc", ".pyo")  # the import system tells of these, and whoever shows or parses them


class SilentReads:
    """What was read in the directories that *following* has found, as *reads* tells."""

    def __init__(self, reads: Reads, following: Following, first_party: FirstParty) -> None:
        self._reads = reads
        self._following = following
        self._first_party = first_party
        self._marks = ""
        self._run: RunRecord | None = None  # the last one that was heard
        self._kept: set[str] = set()  # by processes that later runs may continue from
        self._judged: list[tuple[str, int]] = []  # by their numbers
        self._parts: dict[tuple[int, int], frozenset[str]] = {}
        self._known: dict[int, tuple[frozenset[str], ...]] = {}

    def follow_marks(self, directory: str) -> None:
        """Runs leave their marks there."""
        self._marks = directory
        self._reads.follow_marks(directory)

    def begin(self) -> None:
        """A run is about to begin: what has been read up to now is none of its reading."""
        self._reads.follow(self._following.places)
        self._reads.take()

    def hear(self, run: RunRecord) -> None:
        """What has been read by now."""
        self._run = run
        for path, closes in self._reads.take().items():
            run.closes[path] += closes
            if os.path.dirname(path) == self._marks:
                run.marks[path] = len(run.reads)
            elif not path.endswith(_TOLD) and self._first_party.is_data(path):
                run.reads.setdefault(path, len(run.reads))

    def before(self, mark: str, number: int) -> list[str]:
        """What was read in this run, the current one or the last, when it left *mark*: told or not."""
        return self._run.reads_before(mark) if self._run is not None and self._run.number == number else []

    def judge(self, run: RunRecord) -> None:
        """The run is over, and has told all that it was to tell."""
        told = run.opens.keys() | run.written | run.connected
        inherited = {key for key, _ in run.inherited} & self._kept
        kept = run.kept - run.written
        silent = {
            path: number
            for path, number in run.reads.items()
            if path in kept
            or ((path not in told or path in run.collected_untold) and not self._is_made(path, run))
            or self._is_read_by_others(path, run)
        }
        self._kept.update(path for path, number in silent.items() if number < run.collected_reads or path in kept)
        self._judged = sorted((dict.fromkeys(inherited, -1) | silent).items(), key=itemgetter(1))
        self._parts.clear()
        self._known.clear()

    @staticmethod
    def _is_read_by_others(path: str, run: RunRecord) -> bool:
        """Whether it was read more often than Python has told of."""
        return path in run.opens and path not in run.connected and run.closes[path] > run.opens[path]

    def _is_made(self, path: str, run: RunRecord) -> bool:
        """Whether this is what somebody who does not tell has written in *run*, or removed: a cold run would, too.

        Not if anything rested on it before; then somebody may have edited it.
        """
        if self._following.matters([path]):
            return False
        try:
            found = os.stat(path)
        except OSError:
            return True
        return max(found.st_mtime_ns, found.st_ctime_ns) > run.begun

    def by(self, number: int) -> tuple[frozenset[str], ...]:
        """What the judged run had silently read when so many files had been read.

        In parts, each the same object for all numbers that have it: many tests share them.
        """
        length = bisect_left(self._judged, number, key=itemgetter(1))
        found = self._known.get(length)
        if found is None:
            starts = range(0, length, PART)
            found = self._known[length] = tuple(self._part(start, min(start + PART, length)) for start in starts)
        return found

    def _part(self, start: int, end: int) -> frozenset[str]:
        part = self._parts.get((start, end))
        if part is None:
            part = self._parts[start, end] = frozenset(path for path, _ in self._judged[start:end])
        return part
