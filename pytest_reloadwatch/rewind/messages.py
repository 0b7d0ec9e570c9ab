"""Every message between the controller, checkpoints and runs; parse and format side by side.

A message is one line of JSON on a stream socket: never pickle, nothing is executed.
"""

from __future__ import annotations

import contextlib
import json
import select
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, get_args

from pytest_reloadwatch import endpoint
from pytest_reloadwatch.exceptions import BadMessageError

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping, Sequence


# What a message leaves out, as JSON gives it back; nobody changes a message.
_EMPTY: Sequence[Any] = []
_NOTHING: Mapping[Any, Any] = {}


class Resume(NamedTuple):
    """Controller to checkpoint: fork a run. Controller's choice of what it collects and runs.

    *prune*: files whose tests are all known; *proven*: nodeids not to run; *only*: where not None,
    the nodeids to run; *places*: rank and place within it by nodeid (proof.rank), where the order of collection is not
    to be kept; *direct_before*: how many direct tests earlier runs of the round had, by outcome, None where a later
    run has the last of them; *others_wait*: whether a later run has anything at all; *as_before*: tests that will
    execute what they executed when they last ran, and *imports_as_before* whether imports will; *seconds* is what
    *timed* of the tests took together when they last ran, *waited* of these with nothing to do; *hot*: files before
    which to freeze; *view*: file, name and marker of a filter through which tests have to pass (proof.filter);
    *fail_fast*: whether the first failure ends the run; *update_snapshots*: whether the plugins for them write anew,
    which they know when they are configured; *anew*: whether everything is to be imported; *freeze*: whether to freeze
    at all, *often*: in other places too, which takes a few milliseconds each time; *cause*: the files that changed;
    *executions*: how often each module has been executed in this session; *quiet*: print nothing, for its tests have
    been told already; *stale*: what a warm worker has taken in and is not as it was then (worker.refresh).
    """

    run: int
    prune: Sequence[str] = _EMPTY
    proven: Sequence[str] = _EMPTY
    only: list[str] | None = None
    places: Mapping[str, tuple[int, int]] = _NOTHING
    direct_before: dict[str, int] | None = None
    others_wait: bool = False
    as_before: Sequence[str] = _EMPTY
    imports_as_before: bool = False
    seconds: float = 0.0
    waited: float = 0.0
    timed: int = 0
    hot: Sequence[str] = _EMPTY
    view: Sequence[str] = _EMPTY
    fail_fast: bool = False
    update_snapshots: bool = False
    anew: bool = False
    freeze: bool = True
    often: bool = True
    cause: Sequence[str] = _EMPTY
    executions: Mapping[str, int] = _NOTHING
    quiet: bool = False
    stale: Sequence[str] = _EMPTY


class Shown(NamedTuple):
    """Controller to run: a line of mine comes into the middle of your report."""

    run: int


class Cancelled(NamedTuple):
    """Controller to run: an interrupt follows, for what you say is outdated; so do not say it."""

    run: int


class Retire(NamedTuple):
    """Controller to checkpoint: leave."""


class Spare(NamedTuple):
    """Controller to checkpoint: fork ahead of the next order, if *wanted*; else let go of such a fork."""

    wanted: bool


class Hoist(NamedTuple):
    """Controller to checkpoint: import *names* in this order, shelve them, and freeze again.

    *expected* are the files that the code after the checkpoint executes itself.
    """

    names: list[str]
    surroundings: list[str]
    expected: list[str]


class Frozen(NamedTuple):
    """Checkpoint to controller: here I am.

    *moment* is the time of the timeline up to here, in seconds; *past* are the keys taken in since the
    checkpoint *parent*, from *begun* on, in nanoseconds of the wall clock; *collected* tells of each file
    that collection has passed: ok, error or pruned. What was read after *mark* it has not taken in. *at_hand* is a
    conftest that pytest has found, and imports next.
    """

    pid: int
    parent: int
    run: int
    place: str
    before: str
    moment: float
    past: list[str]
    begun: int
    collected: dict[str, str]
    hoisted: Sequence[str] = _EMPTY
    mark: str = ""
    at_hand: str = ""


class Forked(NamedTuple):
    """Checkpoint to controller: the process *pid*, forked here, is to be this run; it has not said anything yet."""

    run: int
    pid: int


class ChildEnded(NamedTuple):
    """Checkpoint to controller: a process forked here has ended; *status* as os.waitpid gives it."""

    pid: int
    status: int


class Started(NamedTuple):
    """Run to controller: the run with this number is alive, at first and whenever its pid changes."""

    run: int
    pid: int


class Joined(NamedTuple):
    """Worker of a run to controller, first of all: what comes here is that run's too."""

    run: int
    worker: str


class Knowledge(NamedTuple):
    """Run to controller: what the recorder learned (see record.recorder.Learned)."""

    run: int
    past: list[str]
    modules: list[tuple[str, str]]
    edges: list[tuple[str, str]]
    ambient: list[str]
    executed: Sequence[str] = _EMPTY
    at_import: list[tuple[str, int, str]] | None = None  # not known
    costs: Sequence[tuple[str, str, str, float, float]] = _EMPTY
    there: Sequence[str] = _EMPTY
    opens: Sequence[tuple[str, int]] = _EMPTY


class Wrote(NamedTuple):
    """Run to controller, before it happens: the run itself writes, moves or removes *path*."""

    run: int
    path: str


class Connected(NamedTuple):
    """Run to controller, before it happens: the run itself opens the database file *path*, and may write to it."""

    run: int
    path: str


class Retimed(NamedTuple):
    """Run to controller, before it happens: the run itself sets time stamps or mode of *path*."""

    run: int
    path: str


class Kept(NamedTuple):
    """Run to controller: an installed library has read *path*, and may keep what is in it for whoever asks next."""

    run: int
    path: str


class Unheard(NamedTuple):
    """Run to controller, before it happens: the run starts a process that does not report what it writes."""

    run: int


class Collecting(NamedTuple):
    """Run to controller: this file is about to be collected; an end now is its fault."""

    run: int
    path: str
    nodeid: str


class CollectFailed(NamedTuple):
    """Run to controller: a collector failed; for a directory *path* is the directory. *crash* as TestEnded has it."""

    run: int
    path: str
    nodeid: str
    seconds: float
    crash: tuple[str, int, str] | None = None


class Collection(NamedTuple):
    """Run to controller: collection is complete.

    *files* (path, nodeid, outcome: ok, skipped or error) are those that the process has collected, *items* (nodeid,
    path) all the tests in scope, in order; *roots* the first-party directories of ``sys.path``; *imports* what this
    run's first-party code imported so far, as rewind.hoisting.ImportSeen has it; *importing* the seconds in which it
    did; *markers* the names of each test's marks; *modules* all that are imported, where nothing was passed over; what
    was read after *mark* was not read for it. *texts* are files of which tests are made in another way than from a
    module.
    """

    run: int
    files: list[tuple[str, str, str]]
    items: list[tuple[str, str]]
    roots: list[str]
    imports: list[tuple[str, str, str, int, str]]
    importing: float = 0.0
    markers: Mapping[str, list[str]] = _NOTHING
    modules: Sequence[str] = _EMPTY
    mark: str = ""
    texts: Sequence[str] = _EMPTY


class Planned(NamedTuple):
    """Run to controller: so many tests begin now."""

    run: int
    tests: int


class TestStarted(NamedTuple):
    """Run to controller: an end now is this test's fault."""

    run: int
    nodeid: str
    path: str
    worker: str = ""


class TestEnded(NamedTuple):
    """Run to controller: a verdict, with what the test and its fixtures took in.

    *read* are those keys of which more was wanted than whether there is anything. *executed* are numbers of functions,
    None where it is not known; *functions* those that this run has not told of yet, in the order of their numbers:
    path, first line and name of the code; each *worker* has numbers of its own. *as_before*: it was not watched, for it
    executes what it did when it last ran. *teardown_failed* may be about a fixture that was only torn down because this
    test was the last to use it. *unseen*: nobody recorded anything, so all that is first-party counts. *crash* is where
    it failed, path and line, and with which message. *silent* are programs that it started and that do not report,
    because of which it is *opaque*. *covered*: it has executed what it covered (Covered), and *executed* besides.
    *waited*: how many of its seconds it had nothing to do, None where that is not known. *is_part*: of a document, so
    that it rests on what the parts before it do. *set_ups* are fixtures that tests of several files may share and that
    it has used, with the seconds that their set-up took, where that is worth a thought.
    """

    run: int
    nodeid: str
    path: str
    outcome: str
    seconds: float
    keys: list[str]
    opaque: bool
    read: Sequence[str] = _EMPTY
    executed: list[int] | None = None
    functions: Sequence[tuple[str, int, str]] = _EMPTY
    as_before: bool = False
    teardown_failed: bool = False
    worker: str = ""
    unseen: bool = False
    crash: tuple[str, int, str] | None = None
    silent: Sequence[str] = _EMPTY
    covered: bool = False
    waited: float | None = None
    is_part: bool = False
    set_ups: Sequence[tuple[str, float]] = _EMPTY


class Covered(NamedTuple):
    """Run to controller: what one owner has covered so far (covering.portions), with --cov.

    *process* is the one that tells: *sets* are numbers of its own, *new* those that it has not told yet, each with
    path, context, lines or arcs as the store has them, in base 64, and the first-party source, if it is one. *uses*
    are fixtures, by name, that the owner rests on. *seen* are sets that others have covered meanwhile, as modules that
    were imported, or that are not to be measured.
    """

    run: int
    process: int
    kind: str
    name: str
    sets: list[int]
    new: Sequence[tuple[int, str, str, str, str]] = _EMPTY
    uses: Sequence[int] = _EMPTY
    seen: Sequence[int] = _EMPTY


class Measures(NamedTuple):
    """Run to controller: how it measures. *files* are to be in a report, executed or not, with the plugin of each;
    *places* are the directories that they were looked for in; *tracers* are plugins by the file that they trace.
    """

    run: int
    arcs: bool
    files: list[tuple[str, str]]
    places: list[str]
    tracers: dict[str, str]


class Failed(NamedTuple):
    """Run to controller: what pytest will print about a failure, and its *place* as file:line."""

    run: int
    nodeid: str
    text: str
    place: str


class Unwatched(NamedTuple):
    """Run to controller: what tests execute cannot be recorded, and why."""

    run: int
    reason: str


class Remark(NamedTuple):
    """Run to controller: what the person is to be told once, when the run has printed its report."""

    run: int
    text: str


class Debugging(NamedTuple):
    """Run to controller: a debugger has been entered or left; it needs the terminal to itself."""

    run: int
    active: bool


class Impure(NamedTuple):
    """Run to controller: no checkpoint can be taken now, why, and the words that would allow it."""

    run: int
    reason: str
    allow: str


class HoistUnfit(NamedTuple):
    """Run to controller: what was hoisted before this run does not fit; start again without it."""

    run: int
    reason: str


class TookIn(NamedTuple):
    """Worker to controller: what it has taken in since the time *begun*, as Frozen has it, ahead of that."""

    pid: int
    past: list[str]
    begun: int


class Reloaded(NamedTuple):
    """Worker to controller: these modules were executed again in place, each with the reason."""

    run: int
    modules: list[tuple[str, str]]


class Unfit(NamedTuple):
    """Worker to controller: this process cannot go on, and why: the next run, or this one, takes a fresh one."""

    run: int
    reason: str


class ConftestFailed(NamedTuple):
    """Run to controller: an initial conftest could not be imported; pytest ends here."""

    run: int
    path: str


class Stopped(NamedTuple):
    """Run to controller: pytest has finished with this exit code; the process is about to end."""

    run: int
    exit_code: int


Message: TypeAlias = (
    Resume
    | Shown
    | Cancelled
    | Retire
    | Spare
    | Hoist
    | Frozen
    | Forked
    | ChildEnded
    | Started
    | Joined
    | Knowledge
    | Wrote
    | Connected
    | Retimed
    | Kept
    | Unheard
    | Collecting
    | CollectFailed
    | Collection
    | Planned
    | TestStarted
    | TestEnded
    | Covered
    | Measures
    | Failed
    | Unwatched
    | Remark
    | Debugging
    | Impure
    | HoistUnfit
    | TookIn
    | Reloaded
    | Unfit
    | ConftestFailed
    | Stopped
)
_ENCODER = json.JSONEncoder(check_circular=False, separators=(",", ":"))
_KINDS = {kind.__name__: kind for kind in get_args(Message)}


def format_message(message: Message) -> bytes:
    """One line, with its end."""
    return _ENCODER.encode([type(message).__name__, *message]).encode() + b"\n"


def parse_message(line: bytes) -> Message:
    """The message in one line. Raises BadMessageError."""
    try:
        kind, *values = json.loads(line)
        made: Message = _KINDS[kind](*values)
    except (ValueError, KeyError, TypeError) as error:
        raise BadMessageError(f"{error}: {line[:200]!r}") from error
    return made


class Channel:
    """One end of a connection between two of our processes."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""

    @classmethod
    def connect(cls, address: str) -> Channel:
        """Raises OSError when the controller is gone."""
        return cls(endpoint.connect(address))

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, *messages: Message) -> None:
        """Raises OSError when the other end is gone."""
        self._socket.sendall(b"".join(map(format_message, messages)))

    def receive(self) -> list[Message] | None:
        """What has arrived so far; None when the other end is gone. Raises BadMessageError."""
        data = endpoint.receive_now(self._socket)
        if data is None:
            return None
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        return [parse_message(line) for line in lines]

    def wait(self) -> list[Message] | None:
        """The same, after waiting for something to arrive."""
        select.select([self._socket], [], [])
        return self.receive()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.close()
