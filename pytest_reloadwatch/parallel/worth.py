"""How many workers a run is worth: from what its tests took when they last ran."""

from __future__ import annotations

_BEGINNING = 0.02  # seconds until the first worker of a run is there
_EACH = 0.02  # and for every one of them: to fork it, and to copy the memory that it writes to


def workers_worth(most: int, tests: int, seconds: float | None) -> int:
    """Between 1, which is the run itself, and *most*: with which number *tests* are through first.

    *seconds* is what they take one after the other, None where nobody knows.
    """
    most = max(1, min(most, tests))
    if seconds is None:
        return most

    def duration(workers: int) -> float:
        return seconds if workers == 1 else _BEGINNING + workers * _EACH + seconds / workers

    return min(range(1, most + 1), key=duration)
