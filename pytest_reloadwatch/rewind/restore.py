"""What a fork shares with its parent or loses, saved at a freeze and put back when a run continues."""

from __future__ import annotations

import contextlib
import fcntl
import os
import random
import shutil
import signal
import stat
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import _compat
from pytest_reloadwatch.rewind.purity import open_descriptors

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    import pytest

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP)


@dataclass(frozen=True)
class _Capture:
    """A temporary file that pytest captures into: forks would share its offset and its content."""

    descriptor: int
    target: int | None
    content: bytes
    offset: int

    @classmethod
    def save(cls, descriptor: int, target: int | None) -> _Capture:
        offset = os.lseek(descriptor, 0, os.SEEK_CUR)
        content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        return cls(descriptor, target, content, offset)

    def restore(self) -> None:
        with tempfile.TemporaryFile(buffering=0) as fresh:
            fresh.write(self.content)
            fresh.seek(self.offset)
            os.dup2(fresh.fileno(), self.descriptor, inheritable=False)
            if self.target is not None:
                os.dup2(fresh.fileno(), self.target)


@dataclass(frozen=True)
class SharedState:
    """The state of one freeze; *directories* are empty ones that its process has made, with their modes."""

    captures: tuple[_Capture, ...]
    offsets: dict[int, int]
    randomness: tuple[Any, ...]
    handlers: dict[signal.Signals, Any]
    mask: frozenset[int]
    wakeup: int
    directories: dict[str, int]

    @classmethod
    def save(cls, config: pytest.Config, directories: Iterable[str] = ()) -> SharedState:
        captures = tuple(_Capture.save(*files) for files in _compat.capture_files(config))
        return cls(
            captures=captures,
            offsets=_read_offsets(),
            randomness=random.getstate(),
            handlers={number: signal.getsignal(number) for number in _SIGNALS},
            mask=frozenset(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
            wakeup=_wakeup_descriptor(),
            directories={path: stat.S_IMODE(os.stat(path).st_mode) for path in directories},
        )

    def restore_randomness(self) -> None:
        """Python reseeds after a fork; a cold run would not have forked."""
        random.setstate(self.randomness)

    def restore(self, *, blocked: Collection[signal.Signals] = ()) -> None:
        """Make this fork what the frozen process was; signals that are *blocked* wait until the next restore."""
        signal.pthread_sigmask(signal.SIG_SETMASK, {*self.mask, *blocked})
        for capture in self.captures:
            capture.restore()
        for descriptor, offset in self.offsets.items():
            with contextlib.suppress(OSError):
                os.lseek(descriptor, offset, os.SEEK_SET)
        for path, mode in self.directories.items():
            _make_anew(path, mode)
        self.restore_randomness()
        signal.set_wakeup_fd(self.wakeup)
        for number, handler in self.handlers.items():
            if handler is not None:
                signal.signal(number, handler)


def _make_anew(directory: str, mode: int) -> None:
    """As it was: the run before may have removed it, or left something there."""
    shutil.rmtree(directory, ignore_errors=True)
    with contextlib.suppress(FileExistsError):
        os.mkdir(directory, mode)


def _read_offsets() -> dict[int, int]:
    offsets = {}
    for descriptor in open_descriptors():
        readable = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
        if readable and stat.S_ISREG(os.fstat(descriptor).st_mode):
            offsets[descriptor] = os.lseek(descriptor, 0, os.SEEK_CUR)
    return offsets


def _wakeup_descriptor() -> int:
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor)
    return descriptor
