"""Watchers only wake the controller: a sweep decides what changed. Each is something to select on."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watchdog.observers.api import ObservedWatch

POLL_SECONDS = 0.3
_EVENT = struct.Struct("iIII")  # inotify(7): watch, mask, cookie, length of the name behind it


class Watcher(Protocol):
    """Readable at *fileno* when something may have changed in a watched directory."""

    problem: str

    def fileno(self) -> int: ...

    def watch(self, directories: Iterable[str]) -> None:
        """Watch exactly these directories, each without what lies below it."""

    def drain(self) -> None:
        """Take what has been reported."""

    def close(self) -> None: ...


class InotifyWatcher:
    """One inotify instance, one watch a directory, no thread. Raises OSError where inotify fails."""

    problem = ""

    def __init__(self) -> None:
        from watchdog.observers import inotify_c  # only there on Linux

        self._binding = inotify_c
        constants = inotify_c.InotifyConstants
        self._mask = (
            constants.IN_CLOSE_WRITE
            | constants.IN_ATTRIB
            | constants.IN_MOVE
            | constants.IN_CREATE
            | constants.IN_DELETE
            | constants.IN_DELETE_SELF
            | constants.IN_MOVE_SELF
        )
        self._gone = constants.IN_IGNORED | constants.IN_MOVE_SELF | constants.IN_UNMOUNT
        self._watches: dict[str, inotify_c.WatchDescriptor] = {}
        self._fd = inotify_c.inotify_init()
        if self._fd < 0:
            raise OSError("inotify_init failed")
        os.set_blocking(self._fd, False)
        os.set_inheritable(self._fd, False)

    def fileno(self) -> int:
        return self._fd

    def watch(self, directories: Iterable[str]) -> None:
        wanted = set(directories)
        for directory in set(self._watches) - wanted:
            self._binding.inotify_rm_watch(self._fd, self._watches.pop(directory))
        for directory in wanted - set(self._watches):
            watch = self._binding.inotify_add_watch(self._fd, os.fsencode(directory), self._mask)
            if watch >= 0:
                self._watches[directory] = watch
            elif os.path.isdir(directory):
                raise OSError(f"cannot watch {directory}: the system's limit of inotify watches is reached")

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._fd, 1 << 16):
                self._forget_gone(data)

    def close(self) -> None:
        os.close(self._fd)

    def _forget_gone(self, data: bytes) -> None:
        """A directory that went and came back needs a new watch."""
        offset = 0
        while offset < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, offset)
            offset += _EVENT.size + length
            if mask & self._gone:
                self._watches = {place: number for place, number in self._watches.items() if number != watch}


class ObserverWatcher:
    """watchdog's own observer, for systems without inotify: one non-recursive watch a directory."""

    problem = ""

    def __init__(self) -> None:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        self._read, self._write = _bell()
        wake = self._wake

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:  # noqa: ARG002 - watchdog's signature
                wake()

        self._handler = Handler()
        self._watches: dict[str, ObservedWatch] = {}
        self._observer = Observer()
        self._observer.start()

    def fileno(self) -> int:
        return self._read.fileno()

    def watch(self, directories: Iterable[str]) -> None:
        wanted = set(directories)
        for directory in set(self._watches) - wanted:
            self._observer.unschedule(self._watches.pop(directory))
        for directory in wanted - set(self._watches):
            if os.path.isdir(directory):
                self._watches[directory] = self._observer.schedule(self._handler, directory, recursive=False)

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._read.recv(1 << 16)

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()
        self._read.close()
        self._write.close()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            self._write.send(b"!")


class PollWatcher:
    """Wakes at a fixed interval: the sweep itself then is the poll."""

    def __init__(self, problem: str = "", seconds: float = POLL_SECONDS) -> None:
        self.problem = problem
        self._read, self._write = _bell()
        self._seconds = seconds
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._tick, name="reloadwatch-poll", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        return self._read.fileno()

    def watch(self, directories: Iterable[str]) -> None:
        """Nothing to do: a sweep looks at all of them."""

    def drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._read.recv(1 << 16)

    def close(self) -> None:
        self._closing.set()
        self._thread.join()
        self._read.close()
        self._write.close()

    def _tick(self) -> None:
        while not self._closing.wait(self._seconds):
            with contextlib.suppress(BlockingIOError):
                self._write.send(b"!")


def _bell() -> tuple[socket.socket, socket.socket]:
    """Two ends, to wait at and to ring: sockets, because only these can be waited for on every system."""
    read, write = socket.socketpair()
    read.setblocking(False)
    write.setblocking(False)
    return read, write


def make_watcher(poll: bool) -> Watcher:
    """The best watcher that works here; a poller names in *problem* what stood in the way."""
    if poll:
        return PollWatcher()
    try:
        return InotifyWatcher() if sys.platform == "linux" else ObserverWatcher()
    except (OSError, ImportError) as error:
        return PollWatcher(f"file events do not work here ({error}): polling instead")
