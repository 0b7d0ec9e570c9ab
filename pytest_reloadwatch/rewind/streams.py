"""Standard streams of a process that is about to fork, to end, or to ask the person."""

from __future__ import annotations

import contextlib
import sys
import time

_LOOK = 0.005  # seconds between two looks at the terminal


def flush_streams() -> None:
    """Write out what is buffered: a fork would write it again."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()  # type: ignore[union-attr] # None where there is no console


def wait_for_lines(seconds: float) -> None:
    """Wait until the terminal gives whole lines, *seconds* at most: before that the controller reads keys from it."""
    try:
        import termios
    except ImportError:  # Windows: keys are read in another way
        return
    deadline = time.monotonic() + seconds
    with contextlib.suppress(termios.error, OSError, ValueError):  # there is no terminal
        while not termios.tcgetattr(sys.stdin.fileno())[3] & termios.ICANON and time.monotonic() < deadline:
            time.sleep(_LOOK)
