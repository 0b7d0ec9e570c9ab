"""Projects to edit and watch sessions to ask: every behaviour test drives a real session in a subprocess."""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import textwrap
import time
import uuid
from pathlib import Path

import pyte

from pytest_reloadwatch.exceptions import NoSessionError
from pytest_reloadwatch.session.clients import ask

try:
    import fcntl
    import pty
    import termios
except ImportError:  # as on Windows, where no test sits at a terminal
    fcntl = pty = termios = None

TIMEOUT = 60  # seconds: far more than anything takes on a busy machine
TOKEN = "RELOADWATCH_TEST_TOKEN"
BAD = ("failed", "error")
# RELOADWATCH_TEST_ENGINE=inplace has every session reload in place: most of the suite is about any engine.
ENGINE = [f"--reload-engine={name}"] if (name := os.environ.get("RELOADWATCH_TEST_ENGINE")) else []
# RELOADWATCH_TEST_WORKERS=2 has first runs, of which nobody knows how long they take, share their tests among two.
if workers := os.environ.get("RELOADWATCH_TEST_WORKERS"):
    ENGINE += ["-n", workers]
LOOKS = 10  # at processes that sleep, before they count as idle
SHOWN = 6000  # characters of output and of events, where a test fails
_HEADER = re.compile(r"^--- (?P<path>\S+)(?: (?P<verb>deleted|renamed|same-stat|older)(?: (?P<target>\S+))?)?$")
_REPLACEMENT = re.compile(r"^--- (?P<path>\S+): (?P<old>.+) => (?P<new>.*)$")


def eventually(what, condition, timeout=TIMEOUT):
    """The first true answer of *condition*; *what* says what did not happen within *timeout* seconds."""
    deadline = time.monotonic() + timeout
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.005)
    return answer


class SessionEnded(Exception):  # noqa: N818 - no error where a test expects it
    """The session has ended while a test waits for something from it."""


class Project:
    """A directory with files, saved in the ways in which people and their editors save them."""

    def __init__(self, root, known=None):
        """*known* are the answers of cold runs so far, where several projects go through the same states."""
        self.root = Path(root)
        self.root.mkdir()
        self.write("pytest.ini", "[pytest]\n")
        self._cold = {} if known is None else known

    def path(self, name):
        return self.root / name

    def read(self, name):
        return self.path(name).read_text(encoding="utf-8")

    def write(self, name, text):
        """Save in place: the file is emptied, then written."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")

    def save_by_rename(self, name, text):
        """As vim and most others save: a new file takes the old one's place."""
        temporary = f"{name}.tmp~"
        self.write(temporary, text)
        os.replace(self.path(temporary), self.path(name))

    def save_with_older_time(self, name, text):
        """As rsync, tar or a restored backup leave it."""
        past = self.path(name).stat().st_mtime - 3600
        self.write(name, text)
        os.utime(self.path(name), (past, past))

    def save_with_same_stat(self, name, text):
        """Same size, same modification time."""
        before = self.path(name).stat()
        self.write(name, text)
        os.utime(self.path(name), ns=(before.st_atime_ns, before.st_mtime_ns))
        after = self.path(name).stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)

    def replace(self, name, old, new):
        """Save with one piece of text in another's place."""
        text = self.read(name)
        assert old in text, f"{name} has no {old!r}"
        self.write(name, text.replace(old, new))

    def delete(self, name):
        path = self.path(name)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    def rename(self, name, target):
        self.path(target).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).rename(self.path(target))

    def apply(self, edit):
        """Edit as a text says: sections begin with ``--- `` and a path.

        ``--- a.py`` followed by the new content, ``--- a.py deleted``, ``--- a.py renamed b.py``,
        ``--- a.py: old => new``, ``--- a.py same-stat`` followed by content of the same size,
        ``--- a.py older`` followed by the new content.
        """
        for header, body in _sections(textwrap.dedent(edit)):
            replacement = _REPLACEMENT.match(header)
            if replacement:
                self.replace(*replacement.group("path", "old", "new"))
                continue
            path, verb, target = _HEADER.match(header).group("path", "verb", "target")
            if verb == "deleted":
                self.delete(path)
            elif verb == "renamed":
                self.rename(path, target)
            elif verb == "same-stat":
                self.save_with_same_stat(path, body)
            elif verb == "older":
                self.save_with_older_time(path, body)
            else:
                self.write(path, body)

    def files(self):
        """Content by path, of all that is not a cache."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = str(path.relative_to(self.root))
            if path.is_file() and not {"__pycache__", ".pytest_cache", ".git"}.intersection(path.parts):
                found[name] = path.read_bytes()
        return found

    def restore(self, files):
        """Undo: make the files what they were."""
        now = self.files()
        for name in set(now) - set(files):
            self.delete(name)
        for name in (n for n, content in files.items() if now.get(n) != content):
            self.path(name).parent.mkdir(parents=True, exist_ok=True)
            self.path(name).write_bytes(files[name])

    def cold(self, *arguments):
        """What a cold run says of a copy of the tree as it is now: the exit code and the outcomes."""
        state = (arguments, frozenset(self.files().items()))
        if state not in self._cold:
            self._cold[state] = self._run_cold(arguments)
        return self._cold[state]

    def _run_cold(self, arguments):
        place = self.root.with_name(f"cold{len(self._cold)}") / self.root.name
        ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache", ".git")
        shutil.copytree(self.root, place, ignore=ignored, symlinks=True)
        target, output = place.with_name("verdicts.json"), place.with_name("output.txt")
        cold_run(place, output, target, arguments)
        said = output.read_text(encoding="utf-8", errors="replace")
        assert target.exists(), f"the cold run failed:\n{said}"
        found = json.loads(target.read_text(encoding="utf-8"))
        broken = re.search(r"ImportError while loading conftest '(.+?)'", said)
        if broken:
            found["outcomes"] = {os.path.relpath(broken[1], os.path.realpath(place)): "error"}
        return found


class _ColdServer:
    """A process from which cold runs are forked, see cold.py."""

    def __init__(self, environment):
        self._process = subprocess.Popen(
            [sys.executable, _COLD_RUN, "serve"], env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, **request):
        print(json.dumps(request), file=self._process.stdin, flush=True)
        if not select.select([self._process.stdout], [], [], TIMEOUT)[0]:
            self._process.kill()
        assert self._process.stdout.readline(), "the cold run does not end"

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()


_COLD_RUN = str(Path(__file__).with_name("cold.py"))
_servers = {}


def cold_run(place, output, target, arguments):
    """Plain pytest in the directory *place*; its verdicts go to *target*, what it prints to *output*."""
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    if not hasattr(os, "fork"):
        cold_run_in_new_process(place, output, target, arguments, environment)
        return
    # One for each way in which the interpreter itself is told to start.
    settings = frozenset(item for item in environment.items() if item[0].startswith("PYTHON"))
    server = _servers.get(settings) or _servers.setdefault(settings, _ColdServer(environment))
    request = {"place": str(place), "output": str(output), "target": str(target), "arguments": arguments}
    server.run(environment=environment, **request)


def cold_run_in_new_process(place, output, target, arguments, environment):
    """The same where nothing forks."""
    with open(output, "wb") as file:
        subprocess.run(
            [sys.executable, _COLD_RUN, str(target), *arguments], cwd=place, env=environment,
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, timeout=TIMEOUT, check=False,
        )  # fmt: skip


def close_cold_runs():
    """End what cold runs of this process were forked from."""
    while _servers:
        _servers.popitem()[1].close()


class Step:
    """What a session did about an edit: its events since the step before, and where it stands."""

    def __init__(self, events, settled):
        self.events = events
        self.settled = settled

    @property
    def outcomes(self):
        return self.settled["outcomes"]

    @property
    def exit_code(self):
        return self.settled["exit_code"]

    @property
    def runs(self):
        return self.of("run_finished")

    @property
    def ran(self):
        """The node ids of the tests that ran, in order."""
        return [event["nodeid"] for event in self.of("test")]

    @property
    def reexecuted(self):
        """The modules that were executed again, sorted."""
        return sorted({name for run in self.runs for name in run["reexecuted"]})

    def of(self, kind):
        return [event for event in self.events if event["event"] == kind]


class WatchSession:
    """``pytest --reload-watch`` in a subprocess, as a context manager that leaves no process behind.

    *arguments* are added to the command line, *environment* to the environment.
    """

    def __init__(self, project, *arguments, environment=None, option="--reload-watch", directory=None):
        self.project = project
        self.token = uuid.uuid4().hex
        place = project.root.parent
        self.events_path = place / f"events-{self.token}.jsonl"
        self._output_path = place / f"output-{self.token}.txt"
        self._directory = directory or project.root
        events = f"--reload-events={self.events_path}"
        self._command = [sys.executable, "-m", "pytest", option, events, *ENGINE, *arguments]
        self._environment = {**os.environ, TOKEN: self.token, **(environment or {})}
        self._taken = 0
        self._settled_runs = 0
        self.process = None

    def __enter__(self):
        self.process = self._start(self._command)
        return self

    def __exit__(self, kind, error, trace):
        try:
            self._end()
            remaining = self._kill_remaining()
        finally:
            if kind is not None:
                events = "\n".join(map(str, self.events()))
                print(f"--- output\n{self.output()[-SHOWN:]}")  # noqa: T201 - shown where the test fails
                print(f"--- events\n{events[-SHOWN:]}")  # noqa: T201 - as above
        assert not remaining or kind is not None, f"processes of the session remained:\n{remaining}"

    def _start(self, command):
        with open(self._output_path, "wb") as output:
            return subprocess.Popen(
                command, cwd=self._directory, env=self._environment,
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip

    # What the session says

    def output(self):
        """Everything that it has printed."""
        return self._output_path.read_text(encoding="utf-8", errors="replace")

    def events(self):
        """All events so far."""
        if not self.events_path.exists():
            return []
        lines = self.events_path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def wait_for_output(self, text, since=0):
        """Wait until *text* is printed, after the first *since* characters."""
        self._await(f"output {text!r}", lambda: text in self.output()[since:])

    def wait_for_event(self, kind, **values):
        """Wait for an event after the last step; it is the answer."""

        def find():
            for event in self.events()[self._taken :]:
                if event["event"] == kind and all(event.get(name) == value for name, value in values.items()):
                    return event
            return None

        return self._await(f"event {kind} {values}", find)

    def step(self, timeout=TIMEOUT):
        """Wait until every known test is proven for the tree as it is now."""
        settled = self._ask("wait", timeout)
        assert settled.get("settled", True), f"it came to rest with tests that are not proven: {settled}"
        events = self.events()
        taken, self._taken = self._taken, len(events)
        return Step(events[taken:], settled)

    def settled_step(self, timeout=TIMEOUT):
        """Wait for the session to settle by itself, without a question that makes it look."""
        settled = self.wait_for_event("settled")
        events = self.events()
        taken, self._taken = self._taken, len(events)
        return Step(events[taken:], settled)

    def status(self):
        return self._ask("status", TIMEOUT)

    def assert_equal_to_cold(self, *arguments):
        """Settle, compare with a cold run of the same tree; the step is the answer."""
        step = self.step()
        cold = self.project.cold(*arguments)
        assert step.outcomes == cold["outcomes"]
        is_good = bool(step.outcomes) and not any(outcome in BAD for outcome in step.outcomes.values())
        assert (step.exit_code == 0) == is_good
        return step

    def _ask(self, request, timeout):
        deadline = time.monotonic() + timeout

        def answer():
            with contextlib.suppress(NoSessionError):  # it has only begun, or starts over
                return ask(str(self._directory), request, max(1, deadline - time.monotonic()))
            self._check_alive(f"it answered {request}")
            return None

        return eventually(f"an answer to {request}", answer, timeout)

    def _await(self, what, condition):
        def check():
            answer = condition()
            if not answer:
                self._check_alive(what)
            return answer

        return eventually(what, check)

    def _check_alive(self, what):
        if self.process.poll() is not None:
            raise SessionEnded(f"with exit code {self.process.returncode}, before {what}")

    # Its processes

    def pids(self):
        """All living processes of the session."""
        return processes_with(f"{TOKEN}={self.token}")

    def checkpoints(self):
        """The living processes other than the controller."""
        return [pid for pid in self.pids() if pid != self.process.pid]

    def wait_until_idle(self):
        """Wait until all its processes sleep: work that nobody waits for, as hoisting, is done too."""
        asleep = 0

        def is_idle():
            nonlocal asleep
            asleep = asleep + 1 if all(map(_is_asleep, self.pids())) else 0
            return asleep > LOOKS

        eventually("the rest of all processes", is_idle)

    def wait_for_end(self, timeout=TIMEOUT):
        """Wait until the session ends; its exit code."""
        return self.process.wait(timeout)

    def wait_until_nothing_remains(self, timeout=5):
        """A few seconds are what the design allows."""
        eventually("the end of all processes", lambda: not self.pids(), timeout)

    def _end(self):
        if self.process.poll() is None:
            with contextlib.suppress(NoSessionError, TimeoutError, OSError):
                ask(str(self._directory), "stop", 5)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _kill_remaining(self):
        """What is still there a few seconds later, which it should not; ended in any case."""
        with contextlib.suppress(AssertionError):
            self.wait_until_nothing_remains()
        remaining = [_describe(pid) for pid in self.pids()]
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return "\n".join(remaining)


class Screen(WatchSession):
    """A session in a terminal of its own, at which a test looks and presses keys."""

    def __init__(self, project, *arguments, columns=80, **settings):
        super().__init__(project, *arguments, **settings)
        for name in ("COLUMNS", "LINES"):  # as xdist sets them for its workers: the terminal says how wide it is
            self._environment.pop(name, None)
        self.columns = columns
        self._terminal = -1
        self._shown = b""
        self._looked = 0

    def __exit__(self, kind, error, trace):
        try:
            super().__exit__(kind, error, trace)
        finally:
            os.close(self._terminal)

    def _start(self, command):
        self._terminal, inner = pty.openpty()
        os.set_blocking(self._terminal, False)
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, self.columns, 0, 0))
        try:
            return subprocess.Popen(
                [sys.executable, "-c", _IN_TERMINAL, *command], cwd=self._directory, env=self._environment,
                stdin=inner, stdout=inner, stderr=inner, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(inner)

    def output(self):
        """Everything that the terminal has shown."""
        with contextlib.suppress(OSError):  # nothing there, or nobody any more
            while part := os.read(self._terminal, 1 << 16):
                self._shown += part
        return self._shown.decode(errors="replace").replace("\r\n", "\n")

    def lines(self):
        """The last lines as a person sees them now, and their colours, by a terminal emulator."""
        emulated = pyte.Screen(self.columns, 40)
        pyte.Stream(emulated).feed(self.output().replace("\n", "\r\n"))
        colours = {cell.fg for row in emulated.buffer.values() for cell in row.values()} - {"default"}
        return [line.rstrip() for line in emulated.display if line.strip()], colours

    def new_lines(self, seen):
        """What a person sees of everything that was shown after the first *seen* characters; how many there are now."""
        shown = self.output()
        emulated = pyte.HistoryScreen(self.columns, 200)
        pyte.Stream(emulated).feed(shown[seen:].replace("\n", "\r\n"))
        lines = [line.rstrip() for line in emulated.display]
        return "\n".join(lines).strip("\n").split("\n"), len(shown)

    def press(self, keys):
        """Type *keys*; what is shown from now on is what ``see`` looks at."""
        self._looked = len(self.output())
        os.write(self._terminal, keys.encode())

    def see(self, text):
        """Wait until *text* is shown, after what was seen before or since the last key; all that was shown by then."""
        since = self._looked
        self.wait_for_output(text, since)
        self._looked = self.output().index(text, since) + len(text)
        return self.output()[since : self._looked]

    def echoes(self):
        """Whether the terminal shows what is typed."""
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)


# Makes the terminal the controlling one of a new session, as a terminal's window does, so that Ctrl-C is a signal.
_IN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def processes_with(variable):
    """The pids of living processes whose environment began with *variable* in it."""
    wanted = variable.encode()
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        if name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in Path("/proc", name, "environ").read_bytes().split(b"\0"):
                    found.append(int(name))
    return sorted(found)


def run_once(project, *arguments, environment=None):
    """``pytest --reload-once`` to its end; the finished session."""
    with WatchSession(project, *arguments, environment=environment, option="--reload-once") as session:
        session.wait_for_end()
    return session


def _is_asleep(pid):
    """Whether it waits for something; a process that waits for a processor does not sleep."""
    with contextlib.suppress(OSError):
        return Path("/proc", str(pid), "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] in "SZ"
    return False


def _describe(pid):
    with contextlib.suppress(OSError):
        status = Path("/proc", str(pid), "status").read_text(encoding="utf-8").splitlines()
        command = Path("/proc", str(pid), "cmdline").read_text(errors="replace").replace("\0", " ")
        return f"{pid}: {status[2]}, {command}"
    return f"{pid}: gone meanwhile"


def _sections(text):
    header, body = "", []
    for line in text.splitlines(keepends=True):
        if line.startswith("--- "):
            if header:
                yield header, "".join(body)
            header, body = line.rstrip("\n"), []
        else:
            body.append(line)
    if header:
        yield header, "".join(body)
