"""How far a run is: nothing on short ones, a line now and then on long ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.session.rounds import Current

QUIET = 10.0  # seconds after which a run is a long one
EVERY = 15.0  # seconds between two lines
NEARLY = 2.0  # seconds that are left of a run that is nearly over


class Progress:
    """*seconds* tells how long a test took when it last ran, 0 where that is not known."""

    def __init__(self, seconds: Callable[[str], float], clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._due = 0.0
        self._run = 0

    def next_look(self, current: Current) -> float:
        """The moment at which a line is due."""
        if current.record.number != self._run:
            self._run = current.record.number
            self._due = current.began + QUIET
        return self._due

    def line(self, current: Current, remaining: frozenset[str]) -> str:
        """Where the run is now; empty while nothing is due. *remaining* may run."""
        if self._clock() < self.next_look(current):
            return ""
        self._due = self._clock() + EVERY
        if current.planned < 0:
            return ", ".join(["collecting", *self._slowest(current)])
        done = len(current.record.ended)
        left = self.left(current, remaining)
        if left is not None and left < NEARLY and not self._waits(current):
            return ""
        parts = [f"about {_duration(left)} left"] if left is not None and left >= NEARLY else []
        return ", ".join([f"{done} of {current.planned} tests", *parts, *self._slowest(current)])

    def left(self, current: Current, remaining: frozenset[str]) -> float | None:
        """Seconds: what is recorded of the tests that have yet to run; the mean of those that have stands for others.

        None where nothing is known of any.
        """
        ended = current.record.ended
        known = {nodeid: seconds for nodeid in remaining - ended.keys() if (seconds := self._seconds(nodeid))}
        if not known and not ended:
            return None
        unknown = max(0, current.planned - len(ended) - len(known))
        mean = sum(test.seconds for test in ended.values()) / len(ended) if ended else 0.0
        done = sum(min(self._clock() - since, known.get(nodeid, 0.0)) for nodeid, since in current.running.values())
        return (sum(known.values()) - done + unknown * mean) / max(1, len(current.workers))

    def _waits(self, current: Current) -> bool:
        """Whether a test takes its time."""
        return any(self._clock() - since >= NEARLY for _, since in current.running.values())

    def _slowest(self, current: Current) -> list[str]:
        """What has been running for the longest time, of all processes of the run."""
        if not current.running:
            return []
        nodeid, since = min(current.running.values(), key=lambda running: running[1])
        seconds = self._clock() - since
        return [f"now {nodeid} for {seconds:.0f} s" if seconds >= 1 else f"now {nodeid}"]


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
