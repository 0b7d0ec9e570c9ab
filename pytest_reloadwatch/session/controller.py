"""The controller's loop: waits for files, keys, clients and its own processes, and decides what runs.

It runs in the process that the person started, which never imports first-party code and so never goes stale.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pytest_reloadwatch.exceptions import BadMessage
from pytest_reloadwatch.proof.digest import ABSENT, digest_bytes
from pytest_reloadwatch.proof.lead import lead
from pytest_reloadwatch.proof.model import BAD, Group
from pytest_reloadwatch.rewind import messages as m
from pytest_reloadwatch.session.book import Book, RunRecord
from pytest_reloadwatch.session.clients import Client, Listener
from pytest_reloadwatch.session.hoisting import Hoister
from pytest_reloadwatch.session.pool import Pool
from pytest_reloadwatch.session.screen import Summary
from pytest_reloadwatch.session.states import SUCCESSORS, State

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pytest_reloadwatch.options import Options
    from pytest_reloadwatch.proof.selection import Selection
    from pytest_reloadwatch.session.events import Events
    from pytest_reloadwatch.session.screen import Screen
    from pytest_reloadwatch.watch.watchers import Watcher

QUIET = 0.06  # seconds without a change after which a burst of them is over
REPLACING = 0.02  # seconds in which an editor that removes or empties a file has written the new one
PATIENCE = 0.3  # seconds that a run has to heed the terminal's own Ctrl-C
GRACE = 2.0  # seconds that a run has to end after an interrupt
HOT = 4  # files edited lately before which runs freeze
_EMPTY = digest_bytes(b"")
_EXIT_INTERRUPTED = 2
_EXIT_INTERNAL = 3
_EXIT_USAGE = 4


@dataclass
class Failure:
    """A run that ended before there were tests: holds as long as what it had taken in stays as it is."""

    exit_code: int
    problem: str
    verdicts: dict[str, str]
    past: Group


@dataclass
class Current:
    """The run that is alive."""

    record: RunRecord
    pid: int
    checkpoint: int
    cause: list[str]
    began: float
    planned: int = -1
    reached: tuple[str, str] = ("", "")  # the test or file that it is at, and its path
    reached_test: bool = False
    exit_code: int | None = None
    status: int | None = None
    closed: bool = False
    debugging: bool = False
    unfit: bool = False
    conftest: str = ""
    announced: bool = False


@dataclass
class Wish:
    """What the next run is to do besides what is not proven: everything, or only the failing tests."""

    everything: bool = False
    only_failing: bool = False


class Restart(Exception):  # noqa: N818 - not an error: the session begins anew in this process's place
    """Something that was read before the root has changed; the argument says what."""


class Outside(Protocol):
    """What the controller needs to know of the process that it lives in."""

    rootdir: str
    capture_off: bool

    def changed_before_root(self, changed: Collection[str]) -> str:
        """A reason to start over, empty for none."""


@dataclass
class Deadlines:
    """Moments of the monotonic clock at which something is due."""

    interrupt: float | None = None
    kill: float | None = None
    quiet: float | None = None

    def next(self) -> float | None:
        due = [moment for moment in (self.interrupt, self.kill, self.quiet) if moment is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None


@dataclass
class Round:
    """Everything since the tree last changed or the person last asked: what has had its turn in it."""

    cause: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)  # the keys behind the cause
    attempted: set[str] = field(default_factory=set)
    started: float = field(default_factory=time.monotonic)
    ran: int = 0
    reexecuted: set[str] = field(default_factory=set)
    wish: Wish = field(default_factory=Wish)
    runs: int = 0
    remaining: frozenset[str] = frozenset()  # what was not proven when the last run began
    held: bool = False  # interrupted, or stopped at a failure as asked: nothing more runs unasked
    disturbances: dict[str, int] = field(default_factory=dict)


class Controller:
    """One session. ``serve`` returns its exit code."""

    def __init__(
        self,
        options: Options,
        outside: Outside,
        book: Book,
        watcher: Watcher,
        screen: Screen,
        events: Events,
        internal: Listener,
        clients: Listener | None,
    ) -> None:
        self._options = options
        self._outside = outside
        self._book = book
        self._watcher = watcher
        self._screen = screen
        self._events = events
        self._internal = internal
        self._listener = clients
        self._pool = Pool(book.tree)
        self._hoister = Hoister(book, self._pool)
        self._selector = selectors.DefaultSelector()
        self._state = State.IDLE
        self._deadlines = Deadlines()
        self._current: Current | None = None
        self._runs = 0
        self._round = Round(wish=Wish(everything=options.everything))
        self._failure: Failure | None = None
        self._hot: list[str] = []
        self._waiting: list[Client] = []
        self._conversations: dict[int, Client] = {}
        self._hoists: dict[int, int] = {}
        self._complaints: set[str] = set()
        self._interrupts = 0
        self._last_change = 0.0
        self._screen_fd = -1
        self._root_missing = True
        self._crashed: set[str] = set()
        self._exit_code = 0
        self._current_channel: m.Channel | None = None
        self._leaving: tuple[int, m.Channel] | None = None  # a run that has finished, but not ended yet
        self._held_back = False  # a run is wanted, and waits for that end

    # The loop

    def serve(self) -> int:
        """Serve until the session ends. Raises Restart."""
        wake = self._catch_signals()
        self._selector.register(self._watcher.fileno(), selectors.EVENT_READ, lambda: self._on_files())
        self._selector.register(self._internal.fileno(), selectors.EVENT_READ, self._on_process)
        if self._listener is not None:
            self._selector.register(self._listener.fileno(), selectors.EVENT_READ, self._on_client)
        self._selector.register(wake, selectors.EVENT_READ, lambda: self._on_signal(wake))
        try:
            while self._state is not State.ENDED:
                self._follow_screen()
                for key, _ in self._selector.select(self._deadlines.next()):
                    action: Callable[[], None] = key.data
                    if self._state is not State.ENDED and key.fd in self._selector.get_map():
                        action()
                self._on_time()
        finally:
            self._end_processes()
        return self._exit_code

    def _move(self, state: State) -> None:
        if state is not self._state:
            assert state in SUCCESSORS[self._state], f"{self._state} does not lead to {state}"
            self._state = state

    def _follow_screen(self) -> None:
        """Keys are read only while the terminal is ours."""
        wanted = self._screen.fileno()
        if wanted != self._screen_fd:
            if self._screen_fd >= 0:
                self._selector.unregister(self._screen_fd)
            if wanted >= 0:
                self._selector.register(wanted, selectors.EVENT_READ, self._on_key)
            self._screen_fd = wanted

    # Files

    def _on_files(self) -> None:
        self._watcher.drain()
        self._look()

    def _look(self) -> None:
        """Sweep the tree and act on what has changed."""
        found = self._book.sweep()
        if any(self._is_half_written(key) for key in found.changed):
            time.sleep(REPLACING)
            again = self._book.sweep()
            found.changed |= again.changed
            found.touched |= again.touched
        if self._current is not None:
            self._current.record.disturbed |= found.touched
        if found.changed:
            self._on_change(found.changed)
            self._watch()

    def _is_half_written(self, key: str) -> bool:
        return self._book.tree.digest(key) in (ABSENT, _EMPTY)

    def _on_change(self, changed: set[str]) -> None:
        reason = self._outside.changed_before_root(changed)
        if reason and self._state is not State.ENDED and not self._options.once:
            raise Restart(reason)
        burst = time.monotonic() - self._last_change < QUIET
        self._last_change = time.monotonic()
        matters = self._is_relevant(changed)
        modules = self._count_dependents(changed) if self._state in (State.IDLE, State.QUIET) else 0
        self._book.forget(changed)
        if not matters or self._options.once:
            return
        self._note_hot(changed)
        names = sorted({self._name(key) for key in changed if not key.endswith(os.sep) and not key.startswith("<")})
        if self._state in (State.IDLE, State.QUIET):
            self._begin_round(names, changed, anew=self._state is State.IDLE)
            if burst or self._state is State.QUIET:
                self._move(State.QUIET)
                self._deadlines.quiet = time.monotonic() + QUIET
            else:
                self._plan(modules)
        else:
            self._begin_round(names, changed, anew=False)
            self._cancel()

    def _begin_round(self, names: list[str], changed: set[str], *, anew: bool) -> None:
        """Changes start a round; those that come before the last one was done belong to it too."""
        before = Round() if anew else self._round
        self._round = Round(
            cause=list(dict.fromkeys([*before.cause, *names])),
            changed=before.changed | changed,
            disturbances=before.disturbances,
        )

    def _is_relevant(self, changed: set[str]) -> bool:
        if self._book.matters(changed):
            return True
        current = self._current
        collecting = current is not None and current.record.collection is None
        return collecting and any(map(self._book.is_source, changed))

    def _count_dependents(self, changed: set[str]) -> int:
        executed = self._hoister.executed
        return len(self._book.graph.dependents(changed & executed, executed)) if changed & executed else 0

    def _note_hot(self, changed: set[str]) -> None:
        sources = sorted(key for key in changed if key.endswith(".py"))[:HOT]
        self._hot = list(dict.fromkeys([*sources, *self._hot]))[:HOT]

    def _watch(self) -> None:
        try:
            self._watcher.watch(self._book.tree.directories())
        except OSError as error:
            self._replace_watcher(str(error))

    def _replace_watcher(self, problem: str) -> None:
        from pytest_reloadwatch.watch.watchers import PollWatcher

        self._selector.unregister(self._watcher.fileno())
        self._watcher.close()
        self._watcher = PollWatcher(f"{problem}: polling instead")
        self._selector.register(self._watcher.fileno(), selectors.EVENT_READ, lambda: self._on_files())
        self._screen.note(self._watcher.problem)

    # Planning

    def _plan(self, modules: int = 0) -> None:
        """Start the run that the tree and the round ask for, or settle."""
        if self._current is not None:
            return
        selection = self._book.select()
        self._drop_outdated_failure()
        remaining = [s for s in selection.selected if s.nodeid not in self._round.attempted]
        names = frozenset(s.nodeid for s in remaining)
        if not self._needs_run(selection, names):
            self._settle(selection)
            return
        self._start(selection, names, modules)

    def _needs_run(self, selection: Selection, remaining: frozenset[str]) -> bool:
        round_ = self._round
        if round_.held or self._failure is not None:
            return False
        if round_.runs == 0 and (round_.wish.everything or self._runs == 0):
            return True
        if not self._book.knows_listing() and round_.runs == 0:
            return True
        if round_.runs and (not remaining or remaining == round_.remaining):
            return False  # done, or a run got nowhere: another one would not either
        if round_.runs == 0 and not round_.wish.only_failing and not self._asked_or_unknown(selection):
            return False
        return bool(remaining)

    def _asked_or_unknown(self, selection: Selection) -> bool:
        """Failing verdicts are never skipped by a run, but alone they start none unless somebody asks."""
        return selection.unknown or not self._round.cause

    def _start(self, selection: Selection, remaining: frozenset[str], modules: int) -> None:
        if self._leaving is not None:
            self._held_back = True  # it may still hold what the next run needs: ports, locks, files
            self._deadlines.kill = time.monotonic() + GRACE
            return
        self._runs += 1
        self._round.runs += 1
        self._round.remaining = remaining
        order = self._order(selection, remaining)
        needed = set(self._book.files) - set(order.prune)
        checkpoint = self._pool.choose(needed, lambda c: self._hoister.fits(c, c.parent, needed))
        if checkpoint is None:
            if not self._pool.checkpoints and not self._root_missing:
                raise Restart("every checkpoint is gone")
            self._runs -= 1
            self._round.runs -= 1
            return  # the root has not checked in yet
        self._current = Current(
            RunRecord(self._runs), 0, checkpoint.pid, list(self._round.cause), time.monotonic()
        )
        self._move(State.RUNNING)
        if self._round.cause and self._round.runs == 1:
            self._screen.changed(self._round.cause, modules, len(remaining), max(selection.known, len(remaining)))
        if self._outside.capture_off:
            self._screen.give_up_terminal()
        self._pool.tell(checkpoint.pid, order)

    def _order(self, selection: Selection, remaining: frozenset[str]) -> m.Resume:
        round_ = self._round
        prune, proven, only = set(selection.prune), set(selection.proven), None
        if round_.wish.everything:
            prune, proven = set(), set()
        elif round_.wish.only_failing:
            failing = {nodeid: proof.path for nodeid, proof in selection.verdicts.items() if proof.outcome in BAD}
            only = sorted(set(failing) - round_.attempted)
            prune = set(self._book.files) - set(failing.values())
        elif round_.changed and round_.runs == 1:
            tests = [test for test in selection.selected if test.nodeid in remaining]
            first = lead(tests, self._book.proofs, round_.changed, self._book.graph.direct)
            prune |= {test.path for test in tests} - first
        proven |= round_.attempted
        prune |= {path for path in self._book.files if self._name(path) in round_.attempted}
        return m.Resume(
            run=self._runs,
            prune=sorted(prune),
            proven=sorted(proven),
            only=only,
            hot=list(self._hot),
            freeze=not self._options.once,
        )

    def _drop_outdated_failure(self) -> None:
        if self._failure is not None and not self._failure.past <= self._book.tree.entries:
            self._failure = None

    # Processes

    def _on_process(self) -> None:
        channel = m.Channel(self._internal.accept())
        self._selector.register(channel.fileno(), selectors.EVENT_READ, lambda: self._on_messages(channel))

    def _on_messages(self, channel: m.Channel) -> None:
        try:
            received = channel.receive()
        except BadMessage:
            received = None
        if received is None:
            self._selector.unregister(channel.fileno())
            self._on_hang_up(channel)
            return
        for message in received:
            self._on_message(message, channel)

    def _on_hang_up(self, channel: m.Channel) -> None:
        """A frozen process or a run is gone."""
        for pid in self._pool.of(channel):
            self._pool.remove(pid)
        channel.close()
        if self._leaving is not None and self._leaving[1] is channel:
            self._leaving = None
            self._deadlines.kill = None
            if self._state is State.IDLE and self._held_back:
                self._held_back = False
                self._plan()
        elif self._current is not None and self._current_channel is channel:
            self._current.closed = True
            self._finish_if_over()

    def _on_message(self, message: m.Message, channel: m.Channel) -> None:
        handler = getattr(self, _HANDLERS.get(type(message), ""), None)
        run = getattr(message, "run", None)
        if handler is None:
            return
        if not isinstance(message, m.Frozen) and run is not None:
            if self._current is None or run != self._current.record.number:
                return
        handler(message, channel)

    def _on_frozen(self, message: m.Frozen, channel: m.Channel) -> None:
        self._pool.add(message, channel)
        current = self._current
        if current is not None and message.run == current.record.number:
            current.record.past.update(message.past)
        if message.place == "root":
            self._root_missing = False
            self._plan()

    def _on_started(self, message: m.Started, channel: m.Channel) -> None:
        current = self._require_current()
        current.pid = message.pid
        self._current_channel = channel
        if self._state is State.CANCELLING:
            self._signal_run(signal.SIGINT)

    def _on_knowledge(self, message: m.Knowledge, _channel: m.Channel) -> None:
        record = self._require_current().record
        self._book.learn(record, message)
        self._hoister.executed.update(path for _, path in message.modules)
        self._round.reexecuted |= {name for name, _ in message.modules}

    def _on_collecting(self, message: m.Collecting, _channel: m.Channel) -> None:
        current = self._require_current()
        current.reached, current.reached_test = (message.nodeid, message.path), False

    def _on_collect_failed(self, message: m.CollectFailed, _channel: m.Channel) -> None:
        current = self._require_current()
        current.record.failed_files[message.nodeid] = (message.path, "error")
        self._announce(current)
        self._emit_test(message.nodeid, "error", message.seconds)

    def _on_collection(self, message: m.Collection, _channel: m.Channel) -> None:
        current = self._require_current()
        current.record.collection = message
        current.reached = ("", "")
        self._hoister.note_run(message.imports, [path for path, _, _ in message.files])

    def _on_planned(self, message: m.Planned, _channel: m.Channel) -> None:
        current = self._require_current()
        current.planned = message.tests
        current.reached = ("", "")
        self._announce(current)

    def _announce(self, current: Current) -> None:
        """Tell once that the run has begun, with how many tests as soon as that is known."""
        if not current.announced:
            current.announced = True
            tests = max(current.planned, 0)
            self._events.emit("run_started", run=current.record.number, cause=current.cause, tests=tests)

    def _on_test_started(self, message: m.TestStarted, _channel: m.Channel) -> None:
        current = self._require_current()
        current.reached, current.reached_test = (message.nodeid, message.path), True

    def _on_test_ended(self, message: m.TestEnded, _channel: m.Channel) -> None:
        current = self._require_current()
        current.record.ended[message.nodeid] = message
        current.reached = ("", "")
        self._emit_test(message.nodeid, message.outcome, message.seconds)

    def _emit_test(self, nodeid: str, outcome: str, seconds: float) -> None:
        run = self._require_current().record.number
        self._events.emit("test", run=run, nodeid=nodeid, outcome=outcome, seconds=round(seconds, 6))

    def _on_debugging(self, message: m.Debugging, _channel: m.Channel) -> None:
        self._require_current().debugging = message.active
        if message.active:
            self._screen.give_up_terminal()
        else:
            self._screen.take_terminal()

    def _on_impure(self, message: m.Impure, _channel: m.Channel) -> None:
        if message.allow not in self._complaints:
            self._complaints.add(message.allow)
            self._screen.note(
                f"no checkpoint from here on, so reruns start earlier: {message.reason};"
                f" if that is harmless, put into the ini file: reload_allow = {message.allow}"
            )

    def _on_hoist_unfit(self, _message: m.HoistUnfit, _channel: m.Channel) -> None:
        current = self._require_current()
        current.unfit = True
        self._pool.retire(current.checkpoint)

    def _on_conftest_failed(self, message: m.ConftestFailed, _channel: m.Channel) -> None:
        self._require_current().conftest = message.path

    def _on_stopped(self, message: m.Stopped, channel: m.Channel) -> None:
        """Everything is said; what is left is the interpreter's own end, for which nobody has to wait."""
        current = self._require_current()
        current.exit_code = message.exit_code
        self._leaving = (current.pid, channel)
        self._finish(current)

    def _on_child_ended(self, message: m.ChildEnded, _channel: m.Channel) -> None:
        current = self._current
        if current is not None and message.pid == current.pid:
            current.status = message.status
            self._finish_if_over()

    def _require_current(self) -> Current:
        assert self._current is not None
        return self._current

    # The end of a run

    def _finish_if_over(self) -> None:
        """A run is over when its connection has closed; how it ended is known from its parent, if that lives."""
        current = self._current
        if current is None or not current.closed:
            return
        if current.status is None and current.pid and self._parent_lives(current):
            return
        self._finish(current)

    def _parent_lives(self, current: Current) -> bool:
        """Whether the frozen process that would tell of the end is still there."""
        last = max((c for c in self._pool.checkpoints.values() if c.run == current.record.number and not c.hoisted),
                   key=lambda c: c.moment, default=None)
        return (last.pid if last is not None else current.checkpoint) in self._pool.checkpoints

    def _finish(self, current: Current) -> None:
        cancelled = self._state is State.CANCELLING
        self._current = None
        self._current_channel = None
        self._deadlines.interrupt = self._deadlines.kill = None
        self._screen.take_terminal()
        if current.unfit:
            self._move_after(cancelled)
            self._round.runs -= 1
            self._plan()
            return
        self._current = current
        self._announce(current)
        self._current = None
        crashed = current.exit_code is None and not cancelled and not current.conftest
        self._sweep_after(current)
        if crashed:
            self._blame(current)
        unproven = self._book.close(current.record)
        self._take_verdicts(current, unproven)
        self._watch()
        self._judge_ending(current, cancelled)
        changed_meanwhile = cancelled and self._round.runs == 0
        self._events.emit(
            "run_finished",
            run=current.record.number,
            exit_code=self._known_exit_code() if current.exit_code in (0, 1, 5) else self._ending_code(current),
            seconds=round(time.monotonic() - current.began, 3),
            reexecuted=sorted(current.record.modules),
            cancelled=cancelled,
        )
        self._pool.distrust(current.record.number, current.record.disturbed)
        self._move_after(cancelled and changed_meanwhile)
        if self._state is State.IDLE:
            self._plan()
        self._save()

    def _ending_code(self, current: Current) -> int:
        return current.exit_code if current.exit_code is not None else _EXIT_INTERRUPTED

    def _move_after(self, wait_for_quiet: bool) -> None:
        quiet_in = self._last_change + QUIET - time.monotonic()
        if wait_for_quiet and quiet_in > 0 and self._state is State.CANCELLING:
            self._move(State.QUIET)
            self._deadlines.quiet = time.monotonic() + quiet_in
        else:
            self._move(State.IDLE)

    def _sweep_after(self, current: Current) -> None:
        """What changed while the run was under way is not what its verdicts rest on, or maybe not."""
        self._book.follow(current.record.past)
        found = self._book.sweep()
        current.record.disturbed |= found.touched
        if found.changed:
            self._book.forget(found.changed)
            outside = {key for key in found.changed if key not in current.record.written}
            names = sorted(self._name(key) for key in outside if not key.endswith(os.sep) and not key.startswith("<"))
            reason = self._outside.changed_before_root(found.changed)
            if reason and not self._options.once:
                raise Restart(reason)
            if names and not self._options.once and self._book.matters(outside):
                self._note_hot(outside)
                self._last_change = time.monotonic()
                self._begin_round(names, outside, anew=self._round.runs > 0)
                self._round.disturbances = self._count_disturbances(outside)

    def _count_disturbances(self, keys: set[str]) -> dict[str, int]:
        """Files that change during run after run are written by the tests themselves, somehow unseen."""
        counts = {key: self._round.disturbances.get(key, 0) + 1 for key in keys if not key.endswith(".py")}
        volatile = {key for key, count in counts.items() if count > 1}
        if volatile:
            self._book.declare_volatile(volatile)
            names = ", ".join(sorted(self._name(key) for key in volatile))
            self._screen.note(f"{names} changes while tests run, run after run: it is not watched any more")
        return counts

    def _blame(self, current: Current) -> None:
        """The run died: what it was at is in error, and shall not take the rest with it again."""
        nodeid, path = current.reached
        how = _describe_status(current.status)
        if not nodeid:
            where = current.reached[0] or "outside of any test"
            self._screen.note(f"the run {how} {where}")
            return
        self._screen.note(f"the run {how} in {nodeid}")
        self._crashed.add(nodeid)
        self._current = current
        self._emit_test(nodeid, "error", 0.0)
        self._current = None
        if current.reached_test:
            keys: list[str] = []
            current.record.ended[nodeid] = m.TestEnded(current.record.number, nodeid, path, "error", 0.0, keys, False)
        else:
            current.record.failed_files[nodeid] = (path, "error")
            current.record.past.add(path)
            self._book.note_uncollectable(path, nodeid)

    def _take_verdicts(self, current: Current, unproven: set[str]) -> None:
        record = current.record
        done = {nodeid for nodeid in record.ended if nodeid not in unproven} | set(record.failed_files)
        if self._round.runs:
            self._round.attempted |= done
        self._round.ran += len(record.ended)

    def _judge_ending(self, current: Current, cancelled: bool) -> None:
        """What the way in which a run ended says about the session."""
        code = current.exit_code
        if cancelled:
            self._round.held = self._round.held or self._interrupts > 0
            self._interrupts = 0
            return
        if current.conftest or (code in (_EXIT_INTERNAL, _EXIT_USAGE)) or (code is None and not current.reached[0]):
            self._fail(current)
        elif code == _EXIT_INTERRUPTED or (code == 1 and current.planned > len(current.record.ended)):
            self._round.held = True  # -x, --maxfail, pytest.exit, or Ctrl-C in the run alone

    def _fail(self, current: Current) -> None:
        name = self._name(current.conftest) if current.conftest else ""
        code = current.exit_code if current.exit_code is not None else (_EXIT_USAGE if name else _EXIT_INTERNAL)
        problem = f"{name} cannot be imported" if name else f"pytest ended with exit code {code}"
        past = self._book.group(current.record.past - current.record.disturbed)
        self._failure = Failure(code, problem, {name: "error"} if name else {}, past)
        if name:
            self._current = current
            self._emit_test(name, "error", 0.0)
            self._current = None
        if code == _EXIT_USAGE and not name and self._runs == 1:
            self._end(code)

    def _save(self) -> None:
        complaint = self._book.save()
        if complaint:
            self._screen.note(complaint)

    # Settled

    def _settle(self, selection: Selection) -> None:
        """Nothing more runs by itself: say where the project stands."""
        if self._state is State.ENDED:
            return
        self._move(State.IDLE)
        self._exit_code = self._exit_code_of(selection)
        is_settled = self._is_settled(selection)
        if is_settled and (self._round.runs or self._round.cause):
            self._events.emit(**self._standing(selection, settled=None))
        if self._round.runs or self._round.cause:
            self._screen.summary(self._summary(selection, is_settled))
        self._answer_waiting(selection)
        if self._options.once:
            self._end(self._exit_code)
            return
        self._idle_work()
        if self._round.runs or self._round.cause:
            self._screen.waiting(self._watcher.problem if self._runs == 1 else "")

    def _is_settled(self, selection: Selection) -> bool:
        if self._failure is not None:
            return True
        return self._runs > 0 and not selection.unknown and self._book.knows_listing()

    def _known_exit_code(self) -> int:
        return self._exit_code_of(self._book.select())

    def _exit_code_of(self, selection: Selection) -> int:
        if self._failure is not None:
            return self._failure.exit_code
        if any(proof.outcome in BAD for proof in selection.verdicts.values()):
            return 1
        if self._round.held and selection.unknown:
            return _EXIT_INTERRUPTED
        return 0

    def _standing(self, selection: Selection, settled: bool | None) -> dict[str, Any]:
        """The settled object; with *settled* given, the one that status prints."""
        verdicts = {nodeid: proof.outcome for nodeid, proof in selection.verdicts.items()}
        if self._failure is not None:
            verdicts = dict(self._failure.verdicts)
        values: dict[str, Any] = {"event": "settled", "exit_code": self._exit_code_of(selection), "outcomes": verdicts}
        if settled is not None:
            values["settled"] = settled
        return values

    def _summary(self, selection: Selection, is_settled: bool) -> Summary:
        failing = sorted(nodeid for nodeid, proof in selection.verdicts.items() if proof.outcome in BAD)
        return Summary(
            exit_code=self._exit_code,
            known=selection.known,
            failing=tuple(failing),
            unproven=0 if is_settled else selection.known - len(selection.verdicts),
            ran=self._round.ran,
            seconds=time.monotonic() - self._round.started,
            reexecuted=len(self._round.reexecuted),
            interrupted=self._round.held,
            problem=self._failure.problem if self._failure is not None else "",
        )

    def _idle_work(self) -> None:
        """Make the next answer quicker while nobody waits."""
        self._pool.trim(self._hot)
        hoist = self._hoister.next_hoist(self._hot)
        if hoist is not None:
            checkpoint, order = hoist
            self._pool.tell(checkpoint, order)

    # Clients

    def _on_client(self) -> None:
        assert self._listener is not None
        client = Client(self._listener.accept())
        self._selector.register(client.fileno(), selectors.EVENT_READ, lambda: self._on_request(client))

    def _on_request(self, client: Client) -> None:
        request = client.request()
        if request is None:
            self._selector.unregister(client.fileno())
            self._waiting = [other for other in self._waiting if other is not client]
            client.close()
        elif request == "stop":
            client.answer({"event": "stopping"})
            self._end(self._exit_code)
        elif request == "status":
            self._answer_status(client)
        elif request == "wait":
            self._waiting.append(client)
            self._serve_waiting()

    def _answer_status(self, client: Client) -> None:
        selection = self._book.select()
        idle = self._state is State.IDLE
        client.answer(self._standing(selection, settled=idle and self._is_settled(selection)))

    def _serve_waiting(self) -> None:
        """A question is about the tree now: look, then run what that takes."""
        self._watcher.drain()
        self._look()
        if self._state is State.IDLE and not self._root_missing:
            selection = self._book.select()
            self._drop_outdated_failure()
            if self._is_settled(selection):
                self._answer_waiting(selection)
            else:
                self._round = Round()
                self._plan()

    def _answer_waiting(self, selection: Selection) -> None:
        settled = self._is_settled(selection)
        for client in self._waiting:
            client.answer(self._standing(selection, None if settled else False))
        self._waiting = []

    # Keys and signals

    def _on_key(self) -> None:
        key = self._screen.key()
        if key in ("q", "\x04"):
            self._end(self._exit_code)
        elif key == "?":
            self._screen.help()
        elif key in ("\n", "\r"):
            self._ask(Wish())
        elif key == "a":
            self._ask(Wish(everything=True))
        elif key == "f":
            self._ask(Wish(only_failing=True))

    def _ask(self, wish: Wish) -> None:
        """The person wants a run now; one that is under way makes room."""
        self._look()
        if self._failure is not None:
            self._failure = None
        self._round = Round(wish=wish)
        if self._state is State.RUNNING:
            self._cancel()
        elif self._state is State.IDLE:
            self._plan()

    def _catch_signals(self) -> int:
        read, write = socket.socketpair()
        self._signal_ends = (read, write)
        read.setblocking(False)
        write.setblocking(False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, lambda _number, _frame: None)
        signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
        return read.fileno()

    def _on_signal(self, wake: int) -> None:
        for number in os.read(wake, 64):
            if number == signal.SIGCHLD:
                self._reap()
            elif number == signal.SIGINT:
                self._on_interrupt()
            else:
                self._end(128 + number)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if self._root_missing:
            self._screen.note("the first process ended before it could be frozen")
            self._end(_EXIT_INTERNAL)

    def _on_interrupt(self) -> None:
        """Ctrl-C ends the run, a second one or one when idle ends the session."""
        self._interrupts += 1
        if self._current is None or self._interrupts > 1:
            self._end(_EXIT_INTERRUPTED if self._current is not None or self._options.once else self._exit_code)
        elif self._state is State.RUNNING:
            self._move(State.CANCELLING)
            self._round.held = True
            self._deadlines.interrupt = time.monotonic() + PATIENCE
            self._deadlines.kill = time.monotonic() + PATIENCE + GRACE

    def _cancel(self) -> None:
        """End the run to make room for the next; a debugger's session is left alone."""
        if self._state is State.RUNNING and not self._require_current().debugging:
            self._move(State.CANCELLING)
            self._interrupts = 0
            self._signal_run(signal.SIGINT)
            self._deadlines.kill = time.monotonic() + GRACE

    def _signal_run(self, number: signal.Signals) -> None:
        current = self._current
        pid = self._leaving[0] if self._leaving is not None else 0
        if current is not None and not current.closed:
            pid = current.pid
        if pid:
            with contextlib.suppress(OSError):
                os.kill(pid, number)

    def _on_time(self) -> None:
        now = time.monotonic()
        due = self._deadlines
        if due.interrupt is not None and now >= due.interrupt:
            due.interrupt = None
            self._signal_run(signal.SIGINT)
        if due.kill is not None and now >= due.kill:
            due.kill = now + GRACE
            self._signal_run(signal.SIGKILL)
        if due.quiet is not None and now >= due.quiet:
            due.quiet = None
            if self._state is State.QUIET:
                self._move(State.IDLE)
                self._plan(self._count_dependents(set()))

    # The end of the session

    def _end(self, exit_code: int) -> None:
        self._exit_code = exit_code
        self._move(State.ENDED)

    def _end_processes(self) -> None:
        """Nothing of ours outlives the session."""
        self._signal_run(signal.SIGKILL)
        self._pool.close()
        for client in self._waiting:
            client.close()
        self._watcher.close()
        self._internal.close()
        if self._listener is not None:
            self._listener.close()
        self._events.close()
        self._screen.close()

    def _name(self, key: str) -> str:
        """A key as people know it: relative to the rootdir."""
        root = self._outside.rootdir + os.sep
        return key[len(root) :] if key.startswith(root) else key


_HANDLERS: dict[type[m.Message], str] = {
    m.Frozen: "_on_frozen",
    m.Started: "_on_started",
    m.Knowledge: "_on_knowledge",
    m.Collecting: "_on_collecting",
    m.CollectFailed: "_on_collect_failed",
    m.Collection: "_on_collection",
    m.Planned: "_on_planned",
    m.TestStarted: "_on_test_started",
    m.TestEnded: "_on_test_ended",
    m.Debugging: "_on_debugging",
    m.Impure: "_on_impure",
    m.HoistUnfit: "_on_hoist_unfit",
    m.ConftestFailed: "_on_conftest_failed",
    m.Stopped: "_on_stopped",
    m.ChildEnded: "_on_child_ended",
}


def _describe_status(status: int | None) -> str:
    """How a process ended, in words."""
    if status is None:
        return "ended without a word"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        with contextlib.suppress(ValueError):
            return f"was killed by {signal.Signals(number).name}"
        return f"was killed by signal {number}"
    return f"ended with exit code {os.waitstatus_to_exitcode(status)}"
