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
    from collections.abc import Callable, Iterator
    from types import FrameType

    from pytest_reloadwatch.record.recorder import Recorder

_LIST = frozenset({"os.listdir", "os.scandir"})
# For each path that an event names and that is written: where in its arguments it stands, and where the descriptor of
# the directory that it is relative to, if there is one (sys.audit events of the os module, and shutil.move).
_WRITTEN: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.mkdir": ((0, 2),),
    "os.rmdir": ((0, 1),),
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "shutil.move": ((0, None), (1, None)),
}
# The same for those that keep their content and get other time stamps or another mode.
_RETIMED: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.utime": ((0, 3),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.link": ((0, 2),),
}
_SPAWN = frozenset(
    {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec", "os.system", "os.spawn", "pty.spawn"}
)
_EVENTS = frozenset({"open", "sqlite3.connect", *_LIST, *_WRITTEN, *_RETIMED, *_SPAWN})
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
    os.stat = _watched(os.stat, recorder, recorder.asked)
    os.lstat = _watched(os.lstat, recorder, recorder.asked_whether_there)
    os.access = _watched(os.access, recorder, recorder.asked_whether_there)
    if sys.version_info < (3, 11):  # there pathlib keeps the functions that it found first
        pathlib._NormalAccessor.stat = staticmethod(os.stat)  # type: ignore[attr-defined]
        pathlib._NormalAccessor.lstat = staticmethod(os.lstat)  # type: ignore[attr-defined]


def _watched(original: Any, recorder: Recorder, report: Callable[[str, FrameType], None]) -> Any:
    """*original*, a function of a path, which first tells *report* who asks for which path, if that is first-party."""

    @functools.wraps(original)
    def ask(path: Any, *args: Any, **kwargs: Any) -> Any:
        if not recorder.paused and recorder.is_asked_by_first_party(sys._getframe(1)):
            absolute = _path(path)
            if absolute is not None:
                report(absolute, sys._getframe(1))
        return original(path, *args, **kwargs)

    for supporting in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if original in supporting:
            supporting.add(ask)
    return ask


def _report(recorder: Recorder, event: str, args: tuple[Any, ...], frame: FrameType) -> None:
    if event in _SPAWN:
        recorder.spawned()
    elif event == "open":
        _report_open(recorder, args, frame)
    elif event in _WRITTEN or event in _RETIMED:
        _report_change(recorder, event, args)
    elif (path := _path(args[0])) is not None:
        if event == "os.scandir":
            recorder.scanned(path, frame)
        (recorder.listed if event in _LIST else recorder.connected)(path, frame)


def _report_open(recorder: Recorder, args: tuple[Any, ...], frame: FrameType) -> None:
    path = _path(args[0])
    if path is None or (frame.f_code.co_name.startswith("_rmtree") and not os.path.isabs(args[0])):
        return  # the event does not tell the directory to which shutil's names are relative
    if not _is_write(args[1], args[2]):
        recorder.opened(path, frame)
    elif not os.path.isdir(path):  # a temporary file without a name is made "in" a directory
        recorder.wrote(path)


def _report_change(recorder: Recorder, event: str, args: tuple[Any, ...]) -> None:
    for path in _paths(args, _RETIMED.get(event, ())):
        recorder.retimed(path)
    for path in _paths(args, _WRITTEN.get(event, ())):
        if event != "os.mkdir" or not os.path.lexists(path):  # one that is there already stays as it is
            recorder.wrote(path)


def _paths(args: tuple[Any, ...], places: tuple[tuple[int, int | None], ...]) -> Iterator[str]:
    for place, directory in places:
        path = _path(args[place], -1 if directory is None else args[directory])
        if path is not None:
            yield path


def _is_write(mode: object, flags: object) -> bool:
    if isinstance(mode, str) and ("w" in mode or "a" in mode or "x" in mode or "+" in mode):
        return True
    return isinstance(flags, int) and bool(flags & _WRITING)


def _path(value: object, directory: int = -1) -> str | None:
    """An absolute path; None for descriptors and what names no file.

    *directory* is the descriptor of the one that a relative path starts from, -1 for the working directory.
    """
    try:
        if value is None:
            value = "."
        text = value if isinstance(value, str) else os.fsdecode(value)  # type: ignore[arg-type] # raises below
        if directory >= 0 and not os.path.isabs(text):
            text = os.path.join(os.readlink(f"/proc/self/fd/{directory}"), text)
        return os.path.abspath(text) if text and not text.startswith(":") else None
    except (TypeError, ValueError, OSError):
        return None
