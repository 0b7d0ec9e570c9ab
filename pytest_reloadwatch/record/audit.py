"""The audit hook: which files are opened, listed, written, and which processes are started.

An audit hook cannot be removed and fires at every ``id()``, so it leaves in its first line for the
events that are of no interest. It is installed in processes that run tests, never in the controller.
"""

from __future__ import annotations

import functools
import os
import pathlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from pytest_reloadwatch.record.recorder import Recorder

_LIST = frozenset({"os.listdir", "os.scandir"})
_WRITE = frozenset(
    {"os.mkdir", "os.rmdir", "os.remove", "os.rename", "os.link", "os.symlink", "os.truncate", "shutil.move"}
)
_SPAWN = frozenset(
    {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "os.system", "os.spawn", "pty.spawn"}
)
_RETIME = frozenset({"os.utime", "os.chmod", "os.chown"})  # they leave the content as it is
_EVENTS = frozenset({"open", "sqlite3.connect"}) | _LIST | _WRITE | _RETIME | _SPAWN
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def install(recorder: Recorder) -> None:
    """Report to *recorder* for as long as this process lives."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in _EVENTS or recorder.paused:
            return
        _report(recorder, event, args, sys._getframe(1))

    sys.addaudithook(hook)
    _watch_stat(recorder)


def _watch_stat(recorder: Recorder) -> None:
    """Report what is asked by ``os.path.exists`` and its like, for which there is no audit event.

    They and pathlib look ``os.stat`` up at each call. The import system has its own.
    """
    original = os.stat

    @functools.wraps(original)
    def stat(path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        if not recorder.paused and recorder.is_asked_by_first_party(sys._getframe(1)):
            absolute = _path(path)
            if absolute is not None:
                recorder.asked(absolute, sys._getframe(1))
        return original(path, *args, **kwargs)

    for supporting in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if original in supporting:
            supporting.add(stat)
    os.stat = stat
    if sys.version_info < (3, 11):  # there pathlib keeps the function that it found first
        pathlib._NormalAccessor.stat = staticmethod(stat)  # type: ignore[attr-defined]


def _report(recorder: Recorder, event: str, args: tuple[Any, ...], frame: FrameType) -> None:
    if event in _SPAWN:
        recorder.spawned()
        return
    path = _path(args[0])
    if path is None:
        return
    if event == "open":
        _report_open(recorder, path, args, frame)
    elif event in _LIST:
        recorder.listed(path, frame)
    elif event in _RETIME:
        recorder.retimed(path)
    elif event == "sqlite3.connect":
        recorder.connected(path, frame)
    elif event != "os.mkdir" or not os.path.lexists(path):  # one that is there already stays as it is
        recorder.wrote(path)
        target = _path(args[1]) if event in ("os.rename", "os.link", "shutil.move") else None
        if target is not None:
            recorder.wrote(target)


def _report_open(recorder: Recorder, path: str, args: tuple[Any, ...], frame: FrameType) -> None:
    if not _is_write(args[1], args[2]):
        recorder.opened(path, frame)
    elif not os.path.isdir(path):  # a temporary file without a name is made "in" a directory
        recorder.wrote(path)


def _is_write(mode: object, flags: object) -> bool:
    if isinstance(mode, str) and ("w" in mode or "a" in mode or "x" in mode or "+" in mode):
        return True
    return isinstance(flags, int) and bool(flags & _WRITING)


def _path(value: object) -> str | None:
    """An absolute path; None for descriptors and what names no file."""
    try:
        if value is None:
            value = "."
        text = value if isinstance(value, str) else os.fsdecode(value)  # type: ignore[arg-type] # raises below
        return os.path.abspath(text) if text and not text.startswith(":") else None
    except (TypeError, ValueError, OSError):
        return None
