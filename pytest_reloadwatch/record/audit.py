"""The audit hook: which files are opened, listed, written, and which processes are started.

An audit hook cannot be removed and fires at every ``id()``, so it leaves in its first line for the
events that are of no interest. It is installed in processes that run tests, never in the controller.
"""

from __future__ import annotations

import functools
import glob
import linecache
import os
import pathlib
import sys
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.record import children, disk, loads
from pytest_reloadwatch.record.child import sitecustomize
from pytest_reloadwatch.record.recorder import SHOWERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from pytest_reloadwatch.record.recorder import Recorder

_FORK = frozenset({"os.fork", "os.forkpty"})
_SPAWN = frozenset({"os.posix_spawn", "os.exec", "os.system", "os.spawn", "pty.spawn", "_winapi.CreateProcess"})
_TALK = frozenset({"subprocess.Popen", "socket.connect"})
_TRACE = "sys.settrace"
_LIBRARY = "ctypes.dlopen"
_DATABASE = "sqlite3.connect"
_NAMED = {"os.listdir": "listed", "os.scandir": "listed", _LIBRARY: "opened"}
_EVENTS = frozenset(
    {_TRACE, "open", _DATABASE, *_NAMED, *sitecustomize.WRITTEN, *sitecustomize.RETIMED, *_SPAWN, *_FORK, *_TALK}
)
_OWN = frozenset({children.FILE, sitecustomize.__file__, loads.__file__})  # what these read and remove is nobody's


def install(recorder: Recorder, reports: str) -> None:
    """Report to *recorder* for as long as this process lives; children report to files in the directory *reports*."""

    starts = None
    if children.can_report() and not children.is_out_of_sight(recorder.first_party.roots):
        starts = children.Starts(reports, recorder.spawned, recorder.pause)
        starts.install()

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event not in _EVENTS or recorder.paused:
            return
        frame = sys._getframe(1)
        if event in _FORK and starts is not None:
            starts.forks(frame)
        elif event == _TRACE:
            recorder.on_trace(frame)
        elif event == "subprocess.Popen" and starts is None:
            recorder.spawned(children.Child(words=sitecustomize.flat(args), directory=args[2]), frame)
        else:
            _report(recorder, event, args, frame)

    sys.addaudithook(hook)
    _watch_stat(recorder)
    _watch_lines(recorder)


def _watch_lines(recorder: Recorder) -> None:
    """Report the lines that tracebacks and warnings show; they look ``linecache.getline`` up at each call."""
    original = linecache.getline

    @functools.wraps(original)
    def getline(filename: str, lineno: int, module_globals: dict[str, Any] | None = None) -> str:
        line = original(filename, lineno, module_globals)
        frame = sys._getframe(1)
        if not recorder.paused and os.path.basename(frame.f_code.co_filename) in SHOWERS:
            recorder.shown(filename, line.strip(), frame)
        return line

    linecache.getline = getline


def _watch_stat(recorder: Recorder) -> None:
    """Report what is asked by ``os.path.exists`` and its like, for which there is no audit event.

    They and pathlib look ``os.stat`` up at each call. The import system has its own.
    """
    os.stat = _watched(os.stat, recorder, recorder.asked)
    os.lstat = _watched(os.lstat, recorder, recorder.asked_whether_there)
    os.access = _watched(os.access, recorder, recorder.asked_whether_there)
    if hasattr(os, "readlink"):
        os.readlink = _watched(os.readlink, recorder, recorder.asked_whether_there)
    if sys.version_info < (3, 11):  # there pathlib keeps the functions that it found first
        pathlib._NormalAccessor.stat = staticmethod(os.stat)  # type: ignore[attr-defined]
        pathlib._NormalAccessor.lstat = staticmethod(os.lstat)  # type: ignore[attr-defined]
        pathlib._NormalAccessor.readlink = staticmethod(os.readlink)  # type: ignore[attr-defined]
    globber: Any = getattr(glob, "_StringGlobber", None)
    if hasattr(globber, "lstat"):  # there pathlib's globs do, in 3.13
        globber.lstat = staticmethod(os.lstat)


class _Asked:
    """*original*, of a path, which first tells *report* who asks for which path; no function, or it could be a method.

    A traceback through it shows nothing of it in pytest's reports, and a process that gets it by pickle has its own.
    """

    def __init__(self, original: Any, recorder: Recorder, report: Callable[[str, FrameType], None]) -> None:
        functools.update_wrapper(self, original)
        self.__module__ = "os"  # by which it is found again
        self._original = original
        self._recorder = recorder
        self._report = report

    def __call__(self, path: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        recorder = self._recorder
        if not recorder.paused and recorder.is_asked_by_first_party(sys._getframe(1)):
            absolute = sitecustomize.absolute(path, sitecustomize.directory_in(kwargs))
            if absolute is not None:
                self._report(absolute, sys._getframe(1))
        return self._original(path, *args, **kwargs)

    def __reduce__(self) -> str:
        return str(self._original.__name__)

    def __repr__(self) -> str:
        return repr(self._original)


def _watched(original: Any, recorder: Recorder, report: Callable[[str, FrameType], None]) -> Any:
    """*original*, of which those that the project's code calls are reported."""
    ask = _Asked(original, recorder, report)
    for supporting in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
        if original in supporting:
            supporting.add(ask)
    return ask


def _report(recorder: Recorder, event: str, args: tuple[Any, ...], frame: FrameType) -> None:
    if frame.f_code.co_filename in _OWN:
        return
    if event in _SPAWN or event in _FORK:
        recorder.spawned(children.Child(words=sitecustomize.flat(args)), frame)
    elif event in _TALK:
        _report_talk(recorder, event)
    elif event == "open":
        _report_open(recorder, args, frame)
    elif event in sitecustomize.WRITTEN or event in sitecustomize.RETIMED:
        _report_change(recorder, event, args)
    elif event == _DATABASE:
        _report_database(recorder, args, frame)
    elif event == _LIBRARY and not sitecustomize.is_path(args[0]):
        return
    elif (path := sitecustomize.place_of(args[0])) is not None and not frame.f_code.co_name.startswith("_rmtree"):
        if event == "os.scandir":
            recorder.scanned(path, frame)
        getattr(recorder, _NAMED[event])(path, frame)


def _report_talk(recorder: Recorder, event: str) -> None:
    if event == "subprocess.Popen":
        sitecustomize.close_other_door()
    else:
        recorder.connects()


def _report_open(recorder: Recorder, args: tuple[Any, ...], frame: FrameType) -> None:
    path = sitecustomize.absolute(args[0])
    if path is None or (frame.f_code.co_name.startswith("_rmtree") and not os.path.isabs(args[0])):
        return  # the event does not tell the directory to which shutil's names are relative
    is_write = sitecustomize.is_write(args[1], args[2])
    if not is_write or sitecustomize.is_read_too(args[1]):
        recorder.opened(path, frame)
    if is_write and not disk.is_directory(path):  # a temporary file without a name is made "in" a directory
        recorder.wrote(path)


def _report_database(recorder: Recorder, args: tuple[Any, ...], frame: FrameType) -> None:
    name = sitecustomize.database(args[0])
    if name is not None and (path := sitecustomize.absolute(name)) is not None:
        recorder.connected(path, frame)


def _report_change(recorder: Recorder, event: str, args: tuple[Any, ...]) -> None:
    for path in _paths(args, sitecustomize.RETIMED.get(event, ())):
        recorder.retimed(path)
    for path in _paths(args, sitecustomize.WRITTEN.get(event, ())):
        if event != "os.mkdir" or not disk.is_there(path):  # one that is there already stays as it is
            recorder.wrote(path)


def _paths(args: tuple[Any, ...], places: tuple[tuple[int, int | None], ...]) -> Iterator[str]:
    for place, directory in places:
        path = sitecustomize.absolute(args[place], -1 if directory is None else args[directory])
        if path is not None:
            yield path
