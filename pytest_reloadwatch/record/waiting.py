"""How long a test waits: for other processes, for the network, for time itself, but not for a processor.

Tests that wait can share a processor, so more workers than processors serve them; others only need the memory twice.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass

_SCHEDULE = "/proc/self/schedstat"  # of the main thread: nanoseconds on a processor, and in a queue for one (Linux)


@dataclass(frozen=True)
class _Moment:
    """Seconds so far: of the clock, on a processor, in a queue for one."""

    clock: float
    busy: float
    queued: float


class Waiting:
    """Asked in the main thread. Which file of the system to ask is a matter of the process, so a fork opens its own."""

    def __init__(self) -> None:
        self._process = 0
        self._file = -1
        self._begun: _Moment | None = None

    def begin(self) -> None:
        """From here on time counts."""
        if self._process != os.getpid():
            self._process, self._file = os.getpid(), _open()
        self._begun = self._moment()

    def seconds(self) -> float | None:
        """How long there was nothing to do since then; None where the system does not tell."""
        begun, now = self._begun, self._moment()
        if begun is None or now is None:
            return None
        return max(0.0, now.clock - begun.clock - (now.busy - begun.busy) - (now.queued - begun.queued))

    def _moment(self) -> _Moment | None:
        try:
            queued = int(os.pread(self._file, 100, 0).split()[1]) / 1e9
        except (OSError, ValueError, IndexError):  # there is none, or a test has closed all files that it did not know
            return None
        return _Moment(time.perf_counter(), time.thread_time(), queued)


def _open() -> int:
    with contextlib.suppress(OSError):
        return os.open(_SCHEDULE, os.O_RDONLY | os.O_CLOEXEC)
    return -1
