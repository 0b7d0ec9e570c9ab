"""What tests have written once their run has told its end: at exit, in threads, and in processes that live on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import path_of
from pytest_reloadwatch.proof.digest import keys_written
from pytest_reloadwatch.rewind import messages as m

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pytest_reloadwatch.session.run_record import RunRecord

WRITES = frozenset("WND")  # kinds of records in reports


class LateWrites:
    """No edits of the person's, though nothing runs. Each is told before it happens.

    A run's own count until its process has ended, those of what it has started for the one change that they make.
    """

    def __init__(self) -> None:
        self._own: set[str] = set()
        self._of_others: set[str] = set()

    def begin(self) -> None:
        """A new run: what is told from here on, it hears itself."""
        self._own.clear()
        self._of_others.clear()

    def follow(self, record: RunRecord) -> None:
        """The run of *record* has told its end. What it holds open, it may write still."""
        self._own = record.written.union(*map(keys_written, record.connected))

    def hear(self, message: m.Message) -> None:
        """What a process says that has told its end."""
        if isinstance(message, (m.Wrote, m.Connected)):
            self.note(message.path)

    def note(self, path: str) -> None:
        """It is seen to write there."""
        self._own |= keys_written(path)

    def hear_others(self, records: Iterable[tuple[str, str]]) -> None:
        """What processes have reported that it has left behind."""
        for kind, path in records:
            if kind in WRITES:
                self._of_others |= keys_written(path)

    def expected(self) -> set[str]:
        """What the process may have written, if it has ended by now."""
        return set(self._own)

    def end(self) -> None:
        """It has ended, and the tree was looked at since."""
        self._own.clear()

    def take(self, changed: Collection[str]) -> set[str]:
        """Those of these keys that are no edits."""
        late = {key for key in changed if path_of(key) in self._own or path_of(key) in self._of_others}
        self._of_others.difference_update(map(path_of, late))
        return late
