"""Purity: a moment may be frozen only while the process holds nothing that a fork shares with the world."""

from __future__ import annotations

import contextlib
import fnmatch
import itertools
import os
import re
import stat
import sys
import tempfile
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from pytest_reloadwatch.record.recorder import Recorder

try:
    import fcntl
except ImportError:  # pragma: no cover - without fork this module is not used
    fcntl = None  # type: ignore[assignment]

MOST = 3  # obstacles that are told at a time: there can be a file for each module
# The part of a name that tempfile draws: eight of these. Where all are letters it could be a word, unless it stands
# behind a dash or tempfile's own prefix.
_RANDOM = re.compile(r"((?=[a-z]{0,7}[0-9_])|(?<=[-_.])|(?<=/tmp))[a-z0-9_]{8}(?=$|[./])")
_TEMPORARY = tempfile.gettempdir().rstrip(os.sep) + os.sep
_DESCRIPTORS = "/proc/self/fd" if os.path.isdir("/proc/self/fd") else "/dev/fd"


@dataclass(frozen=True)
class Impurity:
    """What stands in the way of a checkpoint, and the word for the ini option reload_allow."""

    reason: str
    allow: str


def describe(found: Sequence[Impurity]) -> tuple[str, str]:
    """The reasons, and what to write behind ``reload_allow =``, each once."""
    reasons = dict.fromkeys(one.reason for one in found)
    words = dict.fromkeys(one.allow if one.allow.split() == [one.allow] else repr(one.allow) for one in found)
    return ", ".join(reasons), " ".join(words)


Identity = tuple[int, int]


class Purity:
    """Judges moments of a timeline against what was open at its start."""

    def __init__(self, recorder: Recorder, allow: Iterable[str]) -> None:
        self._recorder = recorder
        self._allow = tuple(allow)
        self._baseline = {identity(fd) for fd in open_descriptors()}

    def check(self, ours: Iterable[int], restored: Collection[str] = ()) -> list[Impurity]:
        """What makes this moment impure; *ours* are descriptors that may be open, *restored* is put back."""
        found = (one for one in self._findings(set(ours), restored) if not self._is_allowed(one))
        return list(itertools.islice(found, MOST))

    def empty_directories(self) -> list[str]:
        """Temporary directories that this process has made, with nothing in them yet: they can be put back."""
        own = (path for path, existed in self._recorder.written.items() if not existed and self._is_temporary(path))
        return [path for path in own if _is_empty_directory(path)]

    def _findings(self, ours: set[int], restored: Collection[str]) -> Iterator[Impurity]:
        yield from self._threads()
        yield from self._children()
        yield from self._descriptors(ours)
        yield from self._written(restored)
        yield from self._silent()

    def _is_allowed(self, finding: Impurity) -> bool:
        return any(fnmatch.fnmatch(finding.allow, pattern) for pattern in self._allow)

    def _threads(self) -> Iterator[Impurity]:
        if len(sys._current_frames()) > 1:
            others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
            yield Impurity(f"a thread is running ({', '.join(others) or 'unnamed'})", "thread")

    def _children(self) -> Iterator[Impurity]:
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            yield Impurity("a child process is running", "child")

    def _descriptors(self, ours: set[int]) -> Iterator[Impurity]:
        known = self._baseline | {identity(descriptor) for descriptor in ours if descriptor >= 0}
        for descriptor in open_descriptors():
            if identity(descriptor) not in known:
                finding = _judge_descriptor(descriptor)
                if finding is not None:
                    yield finding

    def _written(self, restored: Collection[str]) -> Iterator[Impurity]:
        for path, existed in self._recorder.written.items():
            is_there = existed or (path not in restored and os.path.lexists(path))
            if is_there and self._is_temporary(path):
                yield Impurity(f"{path} has been written", as_pattern(path))
            elif is_there and self._recorder.first_party.is_data(path):
                yield Impurity(f"{path} has been written", path)

    def _is_temporary(self, path: str) -> bool:
        """Not where the project itself is in the directory for temporary files."""
        own = (root.rstrip(os.sep) + os.sep for root in self._recorder.first_party.roots)
        return path.startswith(_TEMPORARY) and not path.startswith(tuple(own))

    def _silent(self) -> Iterator[Impurity]:
        self._recorder.hear_children()
        if self._recorder.has_silent:
            yield Impurity("a process has been started that does not tell what it reads", "process")


def _is_empty_directory(path: str) -> bool:
    try:
        return not os.path.islink(path) and not os.listdir(path)
    except OSError:
        return False


def as_pattern(path: str) -> str:
    """What matches a temporary *path* in each run: tempfile gives another name each time."""
    return _RANDOM.sub("*", path, count=1)


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
