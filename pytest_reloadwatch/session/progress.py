"""How far a run is: nothing on short ones, a line now and then on long ones."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.session.rounds import Current

QUIET = 10.0  # seconds after which a run is a long one
EVERY = 15.0  # seconds between two lines


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
        """Where the run is now; empty while nothing is due, or before the first test. *remaining* may run."""
        if self._clock() < self.next_look(current) or current.planned < 1:
            return ""
        self._due = self._clock() + EVERY
        done = len(current.record.ended)
        parts = [f"{done} of {current.planned} tests", *self._left(current, remaining, done)]
        nodeid = current.reached[0]
        if nodeid and current.in_test:
            running = self._clock() - current.reached_at
            parts.append(f"now {nodeid} for {running:.0f} s" if running >= 1 else f"now {nodeid}")
        return ", ".join(parts)

    def _left(self, current: Current, remaining: frozenset[str], done: int) -> list[str]:
        """What is recorded of those that have yet to run; the mean stands for others."""
        ended = current.record.ended
        known = [seconds for nodeid in remaining - ended.keys() if (seconds := self._seconds(nodeid))]
        unknown = max(0, current.planned - done - len(known))
        mean = sum(test.seconds for test in ended.values()) / done if done else 0.0
        left = sum(known) + unknown * mean
        return [f"about {_duration(left)} left"] if left else []


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
