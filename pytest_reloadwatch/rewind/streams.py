"""Standard streams of a process that is about to fork, or to end."""

from __future__ import annotations

import contextlib
import sys


def flush_streams() -> None:
    """Write out what is buffered: a fork would write it again."""
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()  # type: ignore[union-attr] # None where there is no console
