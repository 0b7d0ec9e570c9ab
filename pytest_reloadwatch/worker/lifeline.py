"""What ends a worker when its controller is gone, in the middle of a test too."""

from __future__ import annotations

import _thread
import os
import signal
from typing import TYPE_CHECKING

from pytest_reloadwatch import endpoint

if TYPE_CHECKING:
    import socket

try:
    import fcntl
except ImportError:  # pragma: no cover - as on Windows
    fcntl = None  # type: ignore[assignment]


class Lifeline:
    """A connection on which nothing is ever said; it lives as long as this object and the controller."""

    def __init__(self, address: str) -> None:
        """Raises OSError when the controller is gone already."""
        self._connection = endpoint.connect(address)
        if fcntl is not None and hasattr(os, "O_ASYNC"):
            self._have_system_watch()
        else:
            _thread.start_new_thread(_watch, (self._connection,))

    def _have_system_watch(self) -> None:
        """SIGIO, whose default is to end the process, comes with the other end's close: no thread for tests to see."""
        descriptor = self._connection.fileno()
        signal.signal(signal.SIGIO, signal.SIG_DFL)
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)


def _watch(connection: socket.socket) -> None:
    try:
        while connection.recv(1):
            pass
    except OSError:
        pass
    os._exit(1)
