"""How many workers a run is worth: from what its tests took when they last ran."""

from __future__ import annotations

_BEGINNING = 0.02  # seconds until the first worker of a run is there
_EACH = 0.02  # and for every one of them: to fork it, and to copy the memory that it writes to
_SOON = 1.0  # seconds of tests up to which the first verdict comes first: workers would delay it


def workers_worth(most: int, tests: int, seconds: float | None, *, is_waited_for: bool = False) -> int:
    """Between 1, which is the run itself, and *most*: with which number *tests* are through first.

    *seconds* is what they take one after the other, None where nobody knows; *is_waited_for* says that somebody has
    just saved a file.
    """
    most = max(1, min(most, tests))
    if seconds is None:
        return most
    if is_waited_for and seconds <= _SOON:
        return 1

    def duration(workers: int) -> float:
        return seconds if workers == 1 else _BEGINNING + workers * _EACH + seconds / workers

    return min(range(1, most + 1), key=duration)
