"""A rehearsal: another process tries whether pytest can begin, before the session gives itself up for a new one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

from pytest_reloadwatch.options import REHEARSAL

_PATIENCE = 60.0  # seconds until the new process is given the benefit of the doubt
_SHOWN = 20  # lines: the last ones of a traceback say what is wrong


@dataclass(frozen=True)
class Breakdown:
    """Pytest ended with *exit_code* before it came to our plugin, and said *text*."""

    exit_code: int
    text: str


def command() -> list[str]:
    """The command line of this process."""
    return [sys.executable, *sys.orig_argv[1:]]


def rehearse(directory: str) -> Breakdown | None:
    """Begin as a new process would in *directory*; None where nothing is in the way."""
    environment = {**os.environ, REHEARSAL: "1"}
    try:
        done = subprocess.run(
            command(),
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode == 0:
        return None
    lines = done.stdout.decode(errors="replace").rstrip().splitlines()
    return Breakdown(done.returncode, "\n".join(lines[-_SHOWN:]))
