"""How many workers a run is worth: from what its tests took when they last ran."""

from __future__ import annotations

import os
from dataclasses import dataclass

_BEGINNING = 0.02  # seconds until the first worker of a run is there
_EACH = 0.02  # and for every one of them: to fork it, and to copy the memory that it writes to
_NEARLY = 1.1  # times as long is as good, with fewer processes
_SOON = 1.0  # seconds of tests up to which the first verdict comes first: workers would delay it


@dataclass(frozen=True)
class Work:
    """What tests take one after the other, in *seconds*; *waited* of these they have nothing to do."""

    seconds: float
    waited: float

    def duration(self, workers: int, processors: int) -> float:
        """Until the last test is over. What keeps a processor busy does so however many workers there are."""
        if workers == 1:
            return self.seconds
        busy = (self.seconds - self.waited) / processors
        return _BEGINNING + workers * _EACH + max(self.seconds / workers, busy)


def workers_worth(most: int, tests: int, work: Work | None, processors: int, *, is_waited_for: bool = False) -> int:
    """Between 1, which is the run itself, and *most*: with which number *tests* are through first, or nearly.

    *work* is None where nobody knows; *is_waited_for* says that somebody has just saved a file.
    """
    most = max(1, min(most, tests))
    if work is None:
        return most
    if is_waited_for and work.seconds <= _SOON:
        return 1
    durations = {workers: work.duration(workers, processors) for workers in range(1, most + 1)}
    return next(workers for workers in durations if durations[workers] <= _NEARLY * min(durations.values()))


def processors_here() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
