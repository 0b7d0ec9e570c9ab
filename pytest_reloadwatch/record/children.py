"""The processes that a test, a fixture or an import starts, and what they report of themselves.

A child that runs the same Python tells what it takes in before it has it, so what it has told at the end of a test is
all that the verdict can rest on, whether the child has ended by then, was killed, or goes on.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import sys
import time
from dataclasses import dataclass, field
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.graph.keys import text_key
from pytest_reloadwatch.proof.digest import listing_key
from pytest_reloadwatch.record.child import sitecustomize as protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import FrameType

FILE = __file__
_SHOWN = 40  # characters of a word
_LIBRARY = os.path.dirname(os.__file__)


@dataclass(eq=False)
class Child:
    """A process that was started, with all that it starts itself.

    *report* is the file that it reports to, empty where it does not. *keepers* are the sources of the modules that
    may keep what it gave. *keys* are what has been learned of it so far, as the recorder records it. *what* is
    what people call it, *words* its command and *directory* where it is to run, empty for where we are.
    """

    report: str = ""
    pid: int = 0
    keepers: tuple[str, ...] = ()
    keys: set[str] = field(default_factory=set)
    what: str = "a fork"
    words: Sequence[Any] = ()
    directory: Any = ""
    _taken: int = 0
    _told_too_little: bool = False
    _has_offspring: bool = False
    _is_finished: bool = False
    _expected: set[str] = field(default_factory=lambda: {_FIRST})
    _begun: set[str] = field(default_factory=set)

    @property
    def is_silent(self) -> bool:
        """Whether anything of what it has taken in so far may be unknown."""
        return not self.report or self._told_too_little or not self._expected <= self._begun

    def has_ended(self) -> bool:
        """Whether the process is gone, or waits to be waited for."""
        if not self.pid:
            return not self.report  # nobody knows; a fork tells
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        try:
            os.kill(self.pid, 0)
        except OSError:
            return True
        return False

    def read(self) -> Iterator[tuple[str, list[str]]]:
        """What has been reported since the last call: kinds of records, with what they are about."""
        if self._is_finished:
            return
        has_ended = bool(self.pid) and self.has_ended()
        for kind, *fields in self._records():
            if kind == "O":
                self._told_too_little = True
            elif kind == "X":
                self._expected.add(fields[0])
                self._has_offspring = True
            elif kind == "F":
                self._has_offspring = True
            elif kind == "S":
                self._begun.add(fields[0])
                self.pid = self.pid or int(fields[1])
            else:
                yield kind, fields
        if has_ended and not self._has_offspring:
            self._finish()

    def _finish(self) -> None:
        """There is nobody left who could report."""
        self._is_finished = True
        with contextlib.suppress(OSError):
            os.remove(self.report)

    def _records(self) -> Iterator[list[str]]:
        if not self.report:
            return
        try:
            with open(self.report, "rb") as file:
                file.seek(self._taken)
                data = file.read()
        except OSError:
            return
        *records, _unfinished = data.split(protocol.END)
        for record in records:
            self._taken += len(record) + len(protocol.END)
            yield [os.fsdecode(value) for value in record.split(b"\0")]


_FIRST = "0"


class Starts:
    """Every process that subprocess or multiprocessing start, and every fork, is noticed and reports where it can.

    *directory* is where reports are kept, the owner's alone. *on_start* gets each child before it is started, *on_fork*
    is called in each fork.
    """

    def __init__(
        self, directory: str, on_start: Callable[[Child, FrameType], None], on_fork: Callable[[], None]
    ) -> None:
        self._directory = directory
        self._on_start = on_start
        self._on_fork = on_fork
        self._count = 0
        self._forking: Child | None = None
        self._is_fork = False

    def install(self) -> None:
        protocol.watch_starts(self._start)
        os.register_at_fork(after_in_parent=self._after_fork, after_in_child=self._in_fork)

    def forks(self, frame: FrameType) -> None:
        """This process is about to fork; where two threads do so at a time, neither fork is trusted to report."""
        self._forking = Child() if self._forking is not None else Child(report=self._report())
        self._on_start(self._forking, frame)

    def _after_fork(self) -> None:
        self._forking = None

    def _in_fork(self) -> None:
        child, self._forking = self._forking, None
        if child is not None:
            self._is_fork = True
            self._on_fork()
            if child.report:
                protocol.begin_in_fork(child.report, _FIRST)

    def _report(self) -> str:
        self._count += 1
        return os.path.join(self._directory, f"{os.getpid()}-{time.monotonic_ns()}-{self._count}")

    def _start(self, original: Callable[..., int], *args: Any) -> int:
        if self._is_fork:
            return protocol.start(original, *args)
        words, programs, _close, _passed, directory, environment, *rest = args
        child = Child(what=_name_of(words), words=list(words), directory=directory)
        if _keeps_python_out(rest) and protocol.reports(words, programs, directory, environment):
            child.report = self._report()
        if not (child.report and protocol.may_outlive(words)):
            self._on_start(child, sys._getframe(2))
        if child.report:
            child.pid = protocol.start_reporting(original, args, child.report, _FIRST)
        else:
            child.pid = original(*args)
        return child.pid


def _name_of(words: Sequence[str | bytes]) -> str:
    """The program and its first word, as a person would recognize them."""
    first, *others = [os.fsdecode(word) for word in list(words)[:2]] or ["a program"]
    return " ".join([os.path.basename(first), *(other[:_SHOWN] for other in others)])


def _keeps_python_out(rest: Sequence[Any]) -> bool:
    """Whether nothing runs between fork and exec, as another user or in Python, that a report would not show.

    *rest* are the arguments of fork_exec from the seventh on; counted from behind they are the same on Python 3.10 and,
    with one more at the end, since 3.11.
    """
    group, _groups, user, _umask, prepare = rest[-5:] if sys.version_info < (3, 11) else rest[-6:-1]
    is_harmless = prepare is None or isinstance(prepare, BuiltinFunctionType)
    return is_harmless and group is None and user in (None, -1)


def can_report() -> bool:
    """Whether this system starts processes in the way that children report of; on Windows none does."""
    return hasattr(os, "register_at_fork") and importlib.util.find_spec("_posixsubprocess") is not None


def is_out_of_sight(roots: Iterable[str]) -> bool:
    """Whether first-party source lies where children take everything for the standard library."""
    return any(root.startswith(_LIBRARY) for root in roots)


def watch_pipes(on_send: Callable[[], None]) -> None:
    """Have *on_send* called when multiprocessing sends anything: pools of processes serve one test after the other.

    No audit event tells. Its method is a private one since queues keep the public ones once they have begun to send.
    """
    connection: Any = getattr(sys.modules.get("multiprocessing.connection"), "Connection", None)
    original = getattr(connection, "_send", None)
    if original is None or hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def send(self: Any, *args: Any, **kwargs: Any) -> Any:
        on_send()
        return original(self, *args, **kwargs)

    connection._send = send


def key_of(kind: str, path: str) -> str:
    """As the recorder records what a record of this *kind* tells of *path*."""
    if kind == "L":
        return listing_key(path)
    return path if kind == "M" else text_key(path)


def passed_over(name: str, origin: str, places: Iterable[str], *, is_open: bool = False) -> list[str]:
    """Paths in these *places* where the module *name* could have been but was not; a later one would come first.

    Where no file was found, *is_open*, a directory of this name counts too: a namespace package, or a part of one.
    """
    passed: list[str] = []
    if os.sep in name:  # a path that was taken for a name: the import system looks names up in listings
        return passed
    for place in places:
        candidates = [os.path.join(place, name, "__init__.py"), os.path.join(place, name + ".py")]
        if origin in candidates:
            return passed + candidates[: candidates.index(origin)]
        passed += candidates
        if is_open:
            passed.append(os.path.join(place, name))
    return passed
