"""Run as a command: start a process, wait for it and all its descendants, write wall and processor time as JSON.

``python _meter.py OUT COMMAND...``. Only what was waited for counts as processor time, and a session forks processes
that outlive their parents: on Linux those become children of this one.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import time

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Have descendants that lose their parent become our children; elsewhere than on Linux this does nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_for_all() -> None:
    """Until there are no children."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def main(out: str, command: list[str]) -> int:
    """The exit code of *command*."""
    adopt_orphans()
    begun = time.perf_counter()
    code = subprocess.Popen(command).wait()
    wall = time.perf_counter() - begun
    wait_for_all()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(out, "w", encoding="utf-8") as file:
        json.dump({"exit_code": code, "wall": wall, "processor": used.ru_utime + used.ru_stime}, file)
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
