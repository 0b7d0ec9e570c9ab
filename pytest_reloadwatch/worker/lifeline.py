"""What ends a worker when its controller is gone: while it starts, and in the middle of a test too."""

from __future__ import annotations

import _thread
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from pytest_reloadwatch import endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

try:
    import fcntl
except ImportError:  # pragma: no cover - as on Windows
    fcntl = None  # type: ignore[assignment]

_HAS_SYSTEM_WATCH = fcntl is not None and sys.platform == "linux"  # elsewhere SIGIO ends no process


class Lifeline:
    """The controller's end: a connection on which nothing is ever said. It lives as long as the controller."""

    def __init__(self) -> None:
        self._ends = socket.socketpair() if _HAS_SYSTEM_WATCH else ()

    @property
    def inherited(self) -> tuple[int, ...]:
        """The descriptors with which the worker is to be started."""
        return tuple(end.fileno() for end in self._ends[1:])

    @property
    def in_child(self) -> Callable[[], None] | None:
        """To be called in the worker's process before anything else, so that there is no moment without a watch."""
        return self._have_system_watch if self._ends else None

    def _have_system_watch(self) -> None:
        """SIGIO, whose default is to end the process, comes with the other end's close: no thread for tests to see."""
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        for descriptor in self.inherited:
            fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
            fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)

    def let_go(self) -> None:
        """The worker has its end now."""
        for end in self._ends[1:]:
            end.close()

    def close(self) -> None:
        for end in self._ends:
            end.close()


def hold(inherited: str, address: str) -> None:
    """In the worker: keep the other end for good. *inherited* is its descriptor, empty where the system has no watch.

    Raises OSError when the controller at *address* is gone already.
    """
    if inherited:
        os.set_inheritable(int(inherited), False)
    else:
        _thread.start_new_thread(_watch, (endpoint.connect(address),))


def _watch(connection: socket.socket) -> None:
    try:
        while connection.recv(1):
            pass
    except OSError:
        pass
    os._exit(1)
