"""What wakes the controller besides its own processes: signals as bytes, and the watcher with its way out."""

from __future__ import annotations

import signal
import socket
from typing import TYPE_CHECKING

from pytest_reloadwatch.watch.watchers import PollWatcher

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_reloadwatch.watch.watchers import Watcher


CHILD_ENDED = getattr(signal, "SIGCHLD", None)


def catch_signals() -> socket.socket:
    """Signals become bytes to select on; their numbers are what is read from the socket."""
    read, write = socket.socketpair()
    read.setblocking(False)
    write.setblocking(False)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGCHLD", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda _number, _frame: None)
    signal.set_wakeup_fd(write.detach(), warn_on_full_buffer=False)
    return read


def watch_or_poll(watcher: Watcher, directories: Iterable[str]) -> Watcher:
    """*watcher*, watching these; where the system refuses, a poller that is to take its place."""
    try:
        watcher.watch(directories)
    except OSError as error:
        return PollWatcher(f"{error}: polling instead")
    return watcher
