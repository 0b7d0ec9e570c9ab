"""The exit codes of all commands; scripts rely on them."""

from __future__ import annotations

GOOD = 0
BAD = 1  # some test fails, or what was asked for did not come about
NO_SESSION = 3
UNKNOWN = 4  # nothing of that name is known
TIMED_OUT = 124
INTERRUPTED = 130
