"""A watch session as scripts see it: a process, its events file, and the commands that ask it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from _cold import Project

_NO_SESSION = 3
_TIMED_OUT = 124
_PATIENCE = 20.0  # seconds for the session to end by itself
_POLL = 0.001


class SessionError(Exception):
    """The session died or does not answer; the message holds the tail of what it printed."""


@dataclass
class Ran:
    """One run of the session, as its events tell: *tests* in the order in which they ended.

    Numbers begin again at 1 when the session starts over.
    """

    number: int
    cause: list[str]
    tests: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    reexecuted: list[str] = field(default_factory=list)
    cancelled: bool = False


@dataclass(frozen=True)
class Selected:
    """What a round of the session selected before its first run: *affected* are nodeids with the reason.

    A file of which tests are not known yet stands as its own path.
    """

    direct: frozenset[str]
    affected: dict[str, str]


class EventsFile:
    """Follows the events file; ``runs`` and ``selections`` are everything that it has told so far."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.runs: list[Ran] = []
        self.selections: list[Selected] = []
        self._offset = 0

    def read(self) -> list[dict[str, Any]]:
        """The events since the last call; a line that is still being written waits."""
        with contextlib.suppress(FileNotFoundError), open(self.path, "rb") as file:
            file.seek(self._offset)
            data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            self._offset += len(whole)
            events = [json.loads(line) for line in whole.splitlines()]
            for event in events:
                self._note(event)
            return events
        return []

    def follow(self, timeout: float) -> Iterator[tuple[float, dict[str, Any]]]:
        """Each event as it comes, with the moment of the monotonic clock. Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            events = self.read()
            now = time.monotonic()
            yield from ((now, event) for event in events)
            if not events:
                time.sleep(_POLL)
        raise TimeoutError(f"no further event within {timeout:g} s")

    def _note(self, event: dict[str, Any]) -> None:
        if event["event"] == "run_started":
            self.runs.append(Ran(event["run"], event["cause"]))
        elif event["event"] == "selected":
            self.selections.append(Selected(frozenset(event["direct"]), event["affected"]))
        elif event["event"] == "test":
            self.runs[-1].tests[event["nodeid"]] = event["outcome"]
            self.runs[-1].seconds[event["nodeid"]] = event["seconds"]
        elif event["event"] == "run_finished":
            self.runs[-1].reexecuted = event["reexecuted"]
            self.runs[-1].cancelled = event["cancelled"]


class WatchSession:
    """``pytest --reload-watch`` in a clone, started on entry and ended on exit, by its own process id.

    *work* is a directory outside of the clone for events and output.
    """

    def __init__(self, project: Project, work: str, *options: str) -> None:
        self._project = project
        self._options = options
        self.output = os.path.join(work, "session-output.txt")
        self.events = EventsFile(os.path.join(work, "session-events.jsonl"))
        self.leftovers = False
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> WatchSession:
        options = ["--reload-watch", f"--reload-events={self.events.path}"]
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.events.path)  # the session appends
        with open(self.output, "wb") as output:
            self._process = subprocess.Popen(
                [self._project.python, "-m", "pytest", *options, *self._options, *self._project.arguments],
                cwd=self._project.clone,
                env=self._project.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        assert process is not None
        if process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._ask("stop", _PATIENCE)
        ends: tuple[Callable[[], None], ...] = (lambda: None, process.terminate, process.kill)
        for end in ends:
            end()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE)
                break
        self.leftovers = _end_group(process.pid)

    @property
    def pid(self) -> int:
        """The process that was started: the controller."""
        assert self._process is not None
        return self._process.pid

    def wait(self, timeout: float) -> dict[str, Any]:
        """The settled object for the tree as it is now. Raises SessionError."""
        deadline = time.monotonic() + timeout
        code, printed = _TIMED_OUT, ""
        while time.monotonic() < deadline:
            self._check_alive()
            left = max(0.1, deadline - time.monotonic())
            code, printed = self._ask("wait", left, "--json", "--timeout", f"{left:.1f}")
            if code in (0, 1) and printed.startswith("{"):
                settled: dict[str, Any] = json.loads(printed)
                return settled
            if code != _NO_SESSION:
                break
            time.sleep(0.05)  # it has not begun to listen, or it is starting over
        self._check_alive()
        raise SessionError(
            f"the session did not settle within {timeout:g} s: code {code} from wait\n"
            f"{printed}\n{self._where_it_stands()}\nthe session printed last:\n{self.tail()}"
        )

    def tail(self, lines: int = 40) -> str:
        """The last lines that the session printed."""
        with open(self.output, encoding="utf-8", errors="replace") as file:
            return "".join(f"  | {line}" for line in file.readlines()[-lines:])

    def _where_it_stands(self) -> str:
        code, printed = self._ask("status", 5.0, "--json")
        settled = '"settled": true' in printed
        return f"status: code {code}, settled: {settled}"

    def _check_alive(self) -> None:
        assert self._process is not None
        code = self._process.poll()
        if code is not None:
            raise SessionError(f"the session's process died with code {code}; the last it printed:\n{self.tail()}")

    def _ask(self, request: str, timeout: float, *options: str) -> tuple[int, str]:
        command = [self._project.python, "-m", "pytest_reloadwatch", request, *options]
        try:
            done = subprocess.run(
                command,
                cwd=self._project.clone,
                env=self._project.environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout + 10.0,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return _TIMED_OUT, ""
        return done.returncode, done.stdout or done.stderr[-600:]


@dataclass
class Answer:
    """What one save led to; times in seconds from just before it. *first* is None when no test ran."""

    first: float | None
    settled: float
    runs: list[Ran]

    @property
    def tests(self) -> list[str]:
        return list(dict.fromkeys(nodeid for run in self.runs for nodeid in run.tests))

    @property
    def modules(self) -> set[str]:
        return {name for run in self.runs for name in run.reexecuted}


def answer_to(save: Callable[[], None], session: WatchSession, timeout: float, pause: float) -> Answer:
    """Save, and follow the session until it has settled; it is left alone for *pause* seconds before and after."""
    time.sleep(pause)
    session.events.read()
    before = len(session.events.runs)
    first = None
    begun = time.monotonic()
    save()
    for moment, event in session.events.follow(timeout):
        if event["event"] == "test" and first is None:
            first = moment - begun
        if event["event"] == "settled":
            break
    settled = moment - begun
    session.wait(timeout)  # the last run may end after it has told everything
    time.sleep(pause)
    session.events.read()
    return Answer(first, settled, session.events.runs[before:])


def end_on_signals() -> None:
    """Have SIGTERM, SIGHUP and SIGINT unwind, so that a session is ended in any case."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, leave)


def _end_group(group: int) -> bool:
    """Whether anything of the session outlived it by two seconds; that is ended."""
    deadline = time.monotonic() + 2.0
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.02)
        os.killpg(group, signal.SIGKILL)
        return True
    return False
