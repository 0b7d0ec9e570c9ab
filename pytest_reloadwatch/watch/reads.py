"""Which files somebody reads, as the kernel tells (Linux, inotify(7)): whoever it is, in whichever language."""

from __future__ import annotations

import contextlib
import os
import struct
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MOST = 2000  # directories: people's editors need watches too, and there are 8192 on some systems
_ACCESS, _CLOSE_NOWRITE, _CREATE, _IGNORED = 0x1, 0x10, 0x100, 0x8000
_IS_DIRECTORY, _ONLY_DIRECTORY = 0x40000000, 0x1000000
_READ, _MARKED = _ACCESS | _CLOSE_NOWRITE, _CREATE
_EVENT = struct.Struct("iIII")  # watch, mask, cookie, length of the name behind it


def leave_mark(directory: str) -> str:
    """Part what was read before this moment from what is read after it: the mark's path. Raises OSError."""
    mark = os.path.join(directory, f"{os.getpid()}-{time.monotonic_ns()}")
    os.close(os.open(mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    os.unlink(mark)
    return mark


class Reads:
    """What has been read, or open for reading and closed, in some directories; nothing where that cannot be known.

    Not what is mapped into memory and still open. The binding is made by hand: watchdog's takes as long to import as
    many a run, and this has to be there before anything reads.
    """

    def __init__(self) -> None:
        self._fd: int | None = None if sys.platform == "linux" else -1
        self._directories: dict[str, int] = {}
        self._by_watch: dict[int, str] = {}
        self._found: dict[str, int] = {}  # since the last call of take(), in that order, and how often it was closed

    def follow(self, directories: Iterable[str]) -> None:
        """These directories too, each without what lies below it."""
        for directory in directories:
            if directory not in self._directories and len(self._directories) < MOST:
                self._watch(directory, _READ)

    def follow_marks(self, directory: str) -> None:
        """What ``leave_mark`` leaves there is found among what was read, at its place."""
        self._watch(directory, _MARKED)

    def take(self) -> dict[str, int]:
        """The files that were read since the last call, in the order in which each was first, and how often closed."""
        self._hear()
        found, self._found = self._found, {}
        return found

    def aside(self, read: Callable[[str], str], path: str) -> str:
        """What *read* gives for *path*; that it reads this file does not count."""
        self._hear()
        before, self._found = self._found, {}
        text = read(path)
        self._hear()
        if self._found:
            own = (path, os.path.realpath(path))
            for found, closes in self._found.items():
                if found not in own:
                    before[found] = before.get(found, 0) + closes
        self._found = before
        return text

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._fd is not None and self._fd >= 0 and (data := os.read(self._fd, 1 << 16)):
                self._note(data)

    def _open(self) -> int:
        with contextlib.suppress(ImportError, OSError, AttributeError):  # a Python, or a C library, without
            import ctypes

            libc = ctypes.CDLL(None)
            self._add_watch = libc.inotify_add_watch
            return int(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        return -1

    def _watch(self, directory: str, what: int) -> None:
        if self._fd is None:
            self._fd = self._open()
        if self._fd < 0:
            return
        watch = self._add_watch(self._fd, os.fsencode(directory), what | _ONLY_DIRECTORY)
        if watch >= 0:
            self._directories[directory] = watch
            self._by_watch[watch] = directory

    def _note(self, data: bytes) -> None:
        offset = 0
        while offset < len(data):
            watch, mask, _, length = _EVENT.unpack_from(data, offset)
            start = offset + _EVENT.size
            offset = start + length
            directory = self._by_watch.get(watch)
            if directory is None:
                continue
            if mask & _IGNORED:  # it is gone; one that comes in its place is another
                del self._directories[self._by_watch.pop(watch)]
            elif length and not mask & _IS_DIRECTORY:
                path = os.path.join(directory, os.fsdecode(data[start:offset].rstrip(b"\0")))
                self._found[path] = self._found.get(path, 0) + bool(mask & _CLOSE_NOWRITE)
