"""Run as a command: start a process, wait for it and all its descendants, write what they took as JSON.

``python _meter.py OUT COMMAND...``. Only what was waited for counts as processor time, and a session forks processes
that outlive their parents: on Linux those become children of this one. There *memory*, in MiB, is the greatest
proportional set size that all of them were seen to have together, else 0.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import threading
import time

_PR_SET_CHILD_SUBREAPER = 36
_LOOK = 0.1  # seconds between two looks at the memory


def adopt_orphans() -> None:
    """Have descendants that lose their parent become our children; elsewhere than on Linux this does nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def wait_for_all() -> None:
    """Until there are no children."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


class Memory(threading.Thread):
    """Looks at all descendants of this process again and again, until it is stopped; *greatest* is in KiB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.greatest = 0
        self._stopped = threading.Event()

    def run(self) -> None:
        while sys.platform == "linux" and not self._stopped.wait(_LOOK):
            self.greatest = max(self.greatest, sum(map(_proportional, _descendants(os.getpid()))))

    def stop(self) -> None:
        self._stopped.set()
        self.join()


def _descendants(pid: int) -> set[int]:
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
            parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
    found, new = set(), {pid}
    while new:
        new = {child for child, parent in parents.items() if parent in new} - found
        found |= new
    return found


def _proportional(pid: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("Pss:")), 0)
    return 0


def main(out: str, command: list[str]) -> int:
    """The exit code of *command*."""
    adopt_orphans()
    memory = Memory()
    memory.start()
    begun = time.perf_counter()
    code = subprocess.Popen(command).wait()
    wall = time.perf_counter() - begun
    wait_for_all()
    memory.stop()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(out, "w", encoding="utf-8") as file:
        told = {"wall": wall, "processor": used.ru_utime + used.ru_stime, "memory": memory.greatest / 1024}
        json.dump({"exit_code": code, **told}, file)
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], sys.argv[2:]))
