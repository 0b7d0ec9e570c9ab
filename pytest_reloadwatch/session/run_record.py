"""What one run has told so far, kept until it ends and the book turns it into proofs."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import about_others
from pytest_reloadwatch.proof.digest import ALL_SOURCES, is_listing, keys_written
from pytest_reloadwatch.proof.model import worst

if TYPE_CHECKING:
    from pytest_reloadwatch.proof.model import Function, Group
    from pytest_reloadwatch.rewind.messages import Collection, TestEnded
    from pytest_reloadwatch.watch.tree import Sweep


@dataclass
class RunRecord:
    """What one run has told so far; turned into proofs when it ends.

    *inherited* is the past of the checkpoint that it continues from, *pruned* the files that it was told to pass over,
    *confirms* the tests and files whose doubtful verdicts it is to confirm.
    *disturbed* are keys that changed meanwhile, *touched* those that may have; *written* and *retimed* are
    what the run itself wrote, and gave other time stamps or another mode; *connected* are databases that it opened,
    *before* has what it was seen to change in this way, with the digest from before, *first_seen* all that changed;
    *has_unheard* says that it has started processes that do not report what they write. *codes* is the code that its
    tests executed, in the order in which it was told, without a file where the run has made that itself, *functions*
    the functions that it belongs to. *imported* are the files of modules that began to execute while tests ran, with
    the number of tests that had ended by then.
    """

    number: int
    inherited: Group = frozenset()
    pruned: frozenset[str] = frozenset()
    confirms: frozenset[str] = frozenset()
    begun: int = field(default_factory=time.time_ns)
    past: set[str] = field(default_factory=set)
    disturbed: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    before: dict[str, str] = field(default_factory=dict)
    connected: set[str] = field(default_factory=set)
    retimed: set[str] = field(default_factory=set)
    has_unheard: bool = False
    first_seen: dict[str, str] = field(default_factory=dict)
    modules: dict[str, str] = field(default_factory=dict)
    imported: dict[str, int] = field(default_factory=dict)
    collection: Collection | None = None
    failed_files: dict[str, str] = field(default_factory=dict)  # path by nodeid
    crashes: dict[str, tuple[str, int, str] | None] = field(default_factory=dict)  # of these files
    ended: dict[str, TestEnded] = field(default_factory=dict)
    codes: list[tuple[str, int, str]] = field(default_factory=list)
    reads: dict[str, int] = field(default_factory=dict)  # data, in the order in which it was seen to be read
    closes: Counter[str] = field(default_factory=Counter)  # how often each was closed that had been open for reading
    opens: Counter[str] = field(default_factory=Counter)  # and opened, as Python tells
    marks: dict[str, int] = field(default_factory=dict)  # how many of them had been read at that moment
    kept: set[str] = field(default_factory=set)  # those of them that a library may keep for other tests
    collected_reads: int = 0  # how many of them there were when it had collected
    collected_untold: set[str] = field(default_factory=set)  # and which of these it had not told of by then
    reads_at_end: dict[str, int] = field(default_factory=dict)  # and when each test had said that it ended
    numbers: dict[str, list[int]] = field(default_factory=dict)  # of code, by worker and its own numbers
    functions: list[Function | None] = field(default_factory=list)

    @property
    def whole_past(self) -> set[str]:
        """Everything that its process has taken in, the checkpoints that it continues from included."""
        return self.past | {key for key, _ in self.inherited}

    def reads_before(self, mark: str) -> list[str]:
        """What had been read when the run left this mark; all by now where it could not."""
        number = self.marks.get(mark, len(self.reads))
        return [path for path, place in self.reads.items() if place < number]

    def add_ended(self, ended: TestEnded) -> None:
        """A verdict: what each worker has numbered for itself gets the numbers of the run."""
        numbers = self.numbers.setdefault(ended.worker, [])
        numbers.extend(range(len(self.codes), len(self.codes) + len(ended.functions)))
        self.codes += ended.functions
        if ended.worker and ended.executed is not None:
            ended = ended._replace(executed=[numbers[number] for number in ended.executed])
        self.reads_at_end[ended.nodeid] = len(self.reads)
        known = self.ended.get(ended.nodeid)
        self.ended[ended.nodeid] = ended if known is None or known.worker == ended.worker else _both(known, ended)

    def note_connected(self, path: str) -> None:
        """It has opened the database at *path*, which may come, and have files beside it, without another word."""
        self.connected.add(path)
        self.written |= keys_written(path) - {path}

    def note_kept(self, path: str) -> None:
        """A library has read it: who asks that library next may read nothing."""
        self.kept.add(path)
        self.reads.setdefault(path, len(self.reads))

    def disown(self, keys: set[str]) -> None:
        """What the run has written, and somebody else too."""
        self.written -= keys
        self.disturbed |= keys

    def note(self, found: Sweep) -> None:
        """A sweep during the run: a directory is touched by every file that comes and goes, that is nothing.

        Nor is it a change of all sources where the run has written all of them that changed: *found* loses that.
        """
        if found.sources <= self.written:
            found.changed -= ALL_SOURCES
        self.written |= found.changed & self.connected
        own = {key: digest for key, digest in found.before.items() if key in self.written}
        self.before = own | self.before
        self.first_seen = found.before | self.first_seen
        self.disturbed |= about_others(found.changed, self.written)
        self.touched |= {key for key in found.touched - found.changed if not is_listing(key)}


def _both(first: TestEnded, second: TestEnded) -> TestEnded:
    """The verdict of two workers that have run the same test, as with ``--dist each``."""
    known = first.executed is not None and second.executed is not None
    return second._replace(
        outcome=worst([first.outcome, second.outcome]),
        seconds=max(first.seconds, second.seconds),
        keys=sorted({*first.keys, *second.keys}),
        read=sorted({*first.read, *second.read}),
        opaque=first.opaque or second.opaque,
        executed=sorted({*(first.executed or ()), *(second.executed or ())}) if known else None,
    )
