"""Purity: a moment may be frozen only while the process holds nothing that a fork shares with the world."""

from __future__ import annotations

import fnmatch
import os
import stat
import sys
import tempfile
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_reloadwatch.record.recorder import Recorder

try:
    import fcntl
except ImportError:  # pragma: no cover - without fork this module is not used
    fcntl = None  # type: ignore[assignment]

_DESCRIPTORS = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"


@dataclass(frozen=True)
class Impurity:
    """What stands in the way of a checkpoint, and the word for the ini option reload_allow."""

    reason: str
    allow: str


Identity = tuple[int, int]


class Purity:
    """Judges moments of a timeline against what was open at its start."""

    def __init__(self, recorder: Recorder, allow: Iterable[str]) -> None:
        self._recorder = recorder
        self._allow = tuple(allow)
        self._baseline = {identity(fd) for fd in open_descriptors()}

    def check(self, ours: Iterable[int]) -> Impurity | None:
        """What makes this moment impure; *ours* are descriptors that may be open."""
        for finding in (self._thread(), self._child(), self._descriptor(set(ours)), self._written(), self._silent()):
            if finding is not None and not self._is_allowed(finding):
                return finding
        return None

    def _is_allowed(self, finding: Impurity) -> bool:
        return any(fnmatch.fnmatch(finding.allow, pattern) for pattern in self._allow)

    def _thread(self) -> Impurity | None:
        if len(sys._current_frames()) <= 1:
            return None
        others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
        return Impurity(f"a thread is running ({', '.join(others) or 'unnamed'})", "thread")

    def _child(self) -> Impurity | None:
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return None
        return Impurity("a child process is running", "child")

    def _descriptor(self, ours: set[int]) -> Impurity | None:
        known = self._baseline | {identity(descriptor) for descriptor in ours if descriptor >= 0}
        for descriptor in open_descriptors():
            if identity(descriptor) not in known:
                finding = _judge_descriptor(descriptor)
                if finding is not None:
                    return finding
        return None

    def _written(self) -> Impurity | None:
        for path, existed in self._recorder.written.items():
            if (existed or os.path.lexists(path)) and self._matters(path):
                return Impurity(f"{path} has been written", path)
        return None

    def _silent(self) -> Impurity | None:
        self._recorder.hear_children()
        if not self._recorder.has_silent:
            return None
        return Impurity("a process has been started that does not tell what it reads", "process")

    def _matters(self, path: str) -> bool:
        return self._recorder.first_party.is_data(path) or path.startswith(tempfile.gettempdir())


def open_descriptors() -> list[int]:
    """The file descriptors of this process."""
    found = []
    for name in os.listdir(_DESCRIPTORS):
        try:
            os.fstat(int(name))
        except OSError:  # the one that listed the directory
            continue
        found.append(int(name))
    return found


def identity(descriptor: int) -> Identity:
    """What a descriptor refers to, the same for its duplicates."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _judge_descriptor(descriptor: int) -> Impurity | None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISSOCK(mode):
        return Impurity("a socket is open", "socket")
    if stat.S_ISREG(mode):
        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            return None
        return Impurity(f"a file is open for writing ({_name(descriptor)})", "fd")
    if stat.S_ISCHR(mode) or stat.S_ISDIR(mode):
        return None
    return Impurity(f"a pipe or event queue is open ({_name(descriptor)})", "fd")


def _name(descriptor: int) -> str:
    try:
        return os.readlink(f"{_DESCRIPTORS}/{descriptor}")
    except OSError:
        return f"descriptor {descriptor}"
