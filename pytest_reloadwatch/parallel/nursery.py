"""The nursery: a process forked from a run that has collected, which forks that run's workers on demand.

The run itself has threads as soon as it speaks to its first worker, so it would be no place to fork from when a worker
has crashed and is to be replaced. The nursery has none, and whatever becomes of the run, it ends what it has forked.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import struct
import warnings
from typing import TYPE_CHECKING, NoReturn

from pytest_reloadwatch.rewind.streams import flush_streams

if TYPE_CHECKING:
    from collections.abc import Callable

_REQUEST = struct.Struct("=ci")
_FORK, _INTERRUPT, _KILL, _END = b"F", b"I", b"K", b"E"


class Nursery:
    """The run's end. Each request is answered before the next is made."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def fork(self) -> tuple[socket.socket, int]:
        """A new worker: the socket to speak with it, and its process id. Raises OSError when the nursery is gone."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                return ours, self._ask(_FORK, 0, [theirs.fileno()])
            except OSError:
                ours.close()
                raise

    def interrupt(self) -> None:
        """As Ctrl-C does, for every worker: they are not in the terminal's foreground."""
        with contextlib.suppress(OSError):
            self._ask(_INTERRUPT)

    def kill(self, pid: int) -> None:
        """End a worker that is still there."""
        with contextlib.suppress(OSError):
            self._ask(_KILL, pid)

    def close(self, patience: float = 0.0) -> None:
        """The run is over: what is left of its workers ends, when they have had *patience* seconds for it."""
        if patience:
            self._connection.settimeout(patience)
            with contextlib.suppress(OSError):
                self._ask(_END)
        self._connection.close()

    def _ask(self, request: bytes, pid: int = 0, descriptors: list[int] | None = None) -> int:
        message = _REQUEST.pack(request, pid)
        if descriptors:
            socket.send_fds(self._connection, [message], descriptors)
        else:
            self._connection.sendall(message)
        answer = self._connection.recv(_REQUEST.size)
        if len(answer) < _REQUEST.size:
            raise OSError("the process that forks workers is gone")
        return int(_REQUEST.unpack(answer)[1])


def open_nursery(step_aside: Callable[[], None]) -> Nursery | socket.socket:
    """Fork the nursery. The answer in the run is its end, in each worker the socket to the run.

    *step_aside* closes in the nursery what is the run's alone.
    """
    ours, theirs = socket.socketpair()
    flush_streams()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    gc.freeze()
    if _fork():
        theirs.close()
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        return Nursery(ours)
    ours.close()
    step_aside()
    return _Forker(theirs).serve()


class _Forker:
    """The nursery's own loop; ``serve`` returns in each worker."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._workers: set[int] = set()
        self._is_over = False
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        self._wake, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)  # Ctrl-C is for the run, which tells when its workers are to be interrupted

    def serve(self) -> socket.socket:
        while True:
            readable, _, _ = select.select([self._connection.fileno(), self._wake], [], [])
            if self._wake in readable:
                os.read(self._wake, 4096)
                self._reap()
            if self._connection.fileno() in readable:
                message, descriptors, _, _ = socket.recv_fds(self._connection, _REQUEST.size, 1)
                if not message:
                    self._leave()
                worker = self._answer(message, descriptors)
                if worker is not None:
                    return worker
            if self._is_over and not self._workers:
                self._leave()  # which the run sees, in place of an answer

    def _answer(self, message: bytes, descriptors: list[int]) -> socket.socket | None:
        request, pid = _REQUEST.unpack(message)
        if request == _END:
            self._is_over = True
            return None
        if request == _FORK:
            pid = _fork()
            if not pid:
                return self._begin_worker(descriptors[0])
            self._workers.add(pid)
            os.close(descriptors[0])
        else:
            wanted = self._workers if request == _INTERRUPT else self._workers & {pid}
            self._signal(wanted, signal.SIGINT if request == _INTERRUPT else signal.SIGKILL)
        self._connection.sendall(_REQUEST.pack(request, pid))
        return None

    def _begin_worker(self, descriptor: int) -> socket.socket:
        signal.set_wakeup_fd(-1)
        self._connection.close()
        os.close(self._wake)
        os.close(self._wake_write)
        os.set_inheritable(descriptor, False)  # received ones are, other than those that are opened here
        return socket.socket(fileno=descriptor)

    def _reap(self) -> None:
        for pid in list(self._workers):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._workers.discard(pid)

    @staticmethod
    def _signal(pids: set[int], number: signal.Signals) -> None:
        for pid in pids:  # not reaped yet, so the number is still theirs
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    def _leave(self) -> NoReturn:
        """The run is over, or gone: nothing that was forked for it outlives it."""
        self._signal(self._workers, signal.SIGKILL)
        os._exit(0)


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the run has threads only where that was allowed
        return os.fork()
