"""The processes that the controller starts for reload in place: fresh interpreters with the session's command line."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from pytest_reloadwatch.worker.lifeline import Lifeline

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKER = "PYTEST_RELOADWATCH_WORKER"  # the variable that tells a worker where its controller listens


class Workers:
    """*address* is where they meet the controller, *directory* where the person started the session."""

    def __init__(self, address: str, reports: str, directory: str) -> None:
        self._order = (address, reports)
        self._directory = directory
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._lifelines: dict[int, Lifeline] = {}

    def start(self) -> int:
        """Start one; its pid."""
        command = [sys.executable, *sys.orig_argv[1:]]
        lifeline = Lifeline()
        order = os.pathsep.join((*self._order, *map(str, lifeline.inherited)))
        with _interrupts_held():
            process = subprocess.Popen(
                command,
                cwd=self._directory,
                env={**os.environ, WORKER: order},
                pass_fds=lifeline.inherited,
                preexec_fn=lifeline.in_child,
                creationflags=_out_of_reach_of_ctrl_c(),
            )
        lifeline.let_go()
        self._processes[process.pid] = process
        self._lifelines[process.pid] = lifeline
        return process.pid

    def reap(self) -> dict[int, int]:
        """Exit codes of those that have ended since the last call, as subprocess has them."""
        ended = {pid: code for pid, process in self._processes.items() if (code := process.poll()) is not None}
        for pid in ended:
            del self._processes[pid]
            self._lifelines.pop(pid).close()
        return ended

    def wait(self, pid: int, seconds: float) -> int | None:
        """The exit code of one that is about to end; it is killed where it does not. None for one that is not known."""
        process = self._processes.pop(pid, None)
        if process is None:
            return None
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        finally:
            self._lifelines.pop(pid).close()

    def interrupt(self, pid: int) -> None:
        """Where nothing like Ctrl-C can be sent to one process alone, it is ended."""
        if pid in self._processes:
            with contextlib.suppress(OSError):
                if os.name == "nt":
                    self._processes[pid].terminate()
                else:
                    self._processes[pid].send_signal(signal.SIGINT)

    def kill(self, pid: int) -> None:
        if pid in self._processes:
            with contextlib.suppress(OSError):
                self._processes[pid].kill()

    def close(self, seconds: float) -> None:
        """Their connections are closed: wait for the end of all, and see to it."""
        deadline = time.monotonic() + seconds
        for pid in list(self._processes):
            self.wait(pid, max(0.0, deadline - time.monotonic()))


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """A process that is being started inherits that Ctrl-C has to wait: it is the session's, not its own."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _out_of_reach_of_ctrl_c() -> int:
    """On Windows only a process group of its own keeps the console's Ctrl-C away."""
    return int(getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0))
