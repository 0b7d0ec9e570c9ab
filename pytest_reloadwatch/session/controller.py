"""The controller's loop: waits for files, keys, clients and its own processes, and decides what runs.

It runs in the process that the person started, which never imports first-party code and so never goes stale.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import selectors
import time
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import BEGAN
from pytest_reloadwatch.exceptions import BadMessageError
from pytest_reloadwatch.graph.keys import path_of
from pytest_reloadwatch.proof.digest import ABSENT, FIRST_PARTY, digest_bytes
from pytest_reloadwatch.proof.model import BAD
from pytest_reloadwatch.proof.rank import Rank
from pytest_reloadwatch.rewind import messages as m
from pytest_reloadwatch.rewind.bytecode import discard_bytecode
from pytest_reloadwatch.rewind.choice import WARM
from pytest_reloadwatch.session.chronicler import Chronicler
from pytest_reloadwatch.session.conversation import Conversation
from pytest_reloadwatch.session.desk import Desk
from pytest_reloadwatch.session.ending import (
    INTERNAL_ERROR,
    USAGE_ERROR,
    code_before_session,
    failure_code,
    is_failure,
    was_stopped,
)
from pytest_reloadwatch.session.engine import Engine, InPlaceEngine, RewindEngine
from pytest_reloadwatch.session.errands import Errands, as_nodeid
from pytest_reloadwatch.session.failures import Failures
from pytest_reloadwatch.session.hoisting import Hoister
from pytest_reloadwatch.session.keyboard import Keyboard
from pytest_reloadwatch.session.planner import Planner
from pytest_reloadwatch.session.pool import Pool
from pytest_reloadwatch.session.preferences import Preferences
from pytest_reloadwatch.session.progress import Progress
from pytest_reloadwatch.session.rounds import Current, Deadlines, Failure, Round, Wish
from pytest_reloadwatch.session.run_record import RunRecord
from pytest_reloadwatch.session.signals import Signals
from pytest_reloadwatch.session.standing import INTERRUPTED, NO_TESTS, Standing
from pytest_reloadwatch.session.states import SUCCESSORS, State
from pytest_reloadwatch.session.timing import PLAN, REWIND, Timing, lateness
from pytest_reloadwatch.session.wakers import CHILD_ENDED, watch_or_poll
from pytest_reloadwatch.session.warmth import Warmth
from pytest_reloadwatch.session.why import Why
from pytest_reloadwatch.session.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pytest_reloadwatch.covering.covering import Covering
    from pytest_reloadwatch.endpoint import Listener
    from pytest_reloadwatch.options import Options
    from pytest_reloadwatch.session.beginning import Beginning
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.clients import Client, Request
    from pytest_reloadwatch.session.events import Events
    from pytest_reloadwatch.session.reports import Reports
    from pytest_reloadwatch.session.screen import Screen, Summary
    from pytest_reloadwatch.session.workers import Workers
    from pytest_reloadwatch.watch.watchers import Watcher

QUIET = 0.06  # seconds without a change after which a burst of them is over
REPLACING = 0.02  # seconds in which an editor that removes or empties a file has written the new one
PATIENCE = 0.3  # seconds that a run has to heed the terminal's own Ctrl-C
GRACE = 2.0  # seconds that a run has to end after an interrupt
LEAVING = 15.0  # seconds that a worker has to look at itself after a run
STARTING = 0.2  # seconds between two looks at a process that starts, where its end is no signal
LAST_WORDS = 600.0  # seconds that a run of once mode has from its summary to its end
UNSTEADY = 5  # runs of one round in which a file changed, until it is taken for the tests' own output
RETRIES = 2  # runs for tests that could not be proven, because something was written meanwhile
GARBAGE = 100_000  # new objects from which on it pays to look for garbage
_EMPTY = digest_bytes(b"")


class Restart(Exception):  # noqa: N818 - not an error: the session begins anew in this process's place
    """Something that was read before the root has changed; the argument says what."""


class Controller:
    """One session. ``serve`` returns its exit code."""

    def __init__(
        self,
        options: Options,
        beginning: Beginning,
        book: Book,
        watcher: Watcher,
        screen: Screen,
        events: Events,
        internal: Listener,
        clients: Listener | None,
        reports: Reports,
        workers: Workers | None,
        covering: Covering | None = None,
    ) -> None:
        self._options = options
        self._covering = covering
        self._beginning = beginning
        self._book = book
        self._watcher = watcher
        self._screen = screen
        self._events = events
        self._internal = internal
        self._reports = reports
        self._selector = selectors.DefaultSelector()
        self._pool = Pool(book.tree)
        self._hoister = Hoister(book, self._pool)
        self._preferences = Preferences.of(options)
        self._failures = Failures()
        self._progress = Progress(book.seconds)
        self._warmth = Warmth("rewind" if workers is None else "reload in place")
        self._planner = Planner(options, self._preferences, book, self._pool, self._hoister, self._file_name)
        self._engine: Engine = RewindEngine(self._pool, self._planner, self._hoister)
        if workers is not None:
            self._engine = InPlaceEngine(self._pool, book, workers)
        self._conversation = Conversation(
            book,
            self._hoister,
            events,
            screen,
            self._file_name,
            self._preferences,
            self._failures,
            self._warmth,
            covering,
        )
        startup = (time.time_ns() - BEGAN) / 1e9
        self._chronicler = Chronicler(book, options.engine, startup, once=options.once)
        self._why = Why(book, self._file_name)
        self._desk = Desk(clients, self._selector, self._on_request)
        self._errands = Errands(self._desk.is_connected, self._with_failures)
        events.on_line = self._desk.tell
        wishes = Wishes(
            self,
            screen,
            book,
            self._preferences,
            self._failures,
            self._warmth,
            self._why,
            writes_snapshots=beginning.writes_snapshots,
        )
        self._keyboard = Keyboard(screen, self._selector, wishes)
        self._state = State.IDLE
        self._deadlines = Deadlines()
        self._round = Round(wish=Wish(everything=options.everything), is_first=True)
        self._rested = self._round  # the last one that was not for an errand
        self._current: Current | None = None
        self._leaving: Current | None = None  # it has finished, but its process has not ended yet
        self._runs = 0
        self._failure: Failure | None = None
        self._interrupts = 0
        self._last_change = 0.0
        self._looked = 0.0
        self._has_root = False
        self._is_in_place = workers is not None
        self._unfit = ""  # why the warm process was no longer one to go on from
        self._exit_code = 0

    # The loop

    def serve(self) -> int:
        """Serve until the session ends. Raises Restart."""
        gc.freeze()  # what pytest has left here is nobody's any more
        gc.disable()  # until there is time, see _idle_work
        signals = Signals(self._selector, self)
        self._selector.register(self._watcher.fileno(), selectors.EVENT_READ, self._on_files)
        self._selector.register(self._internal.fileno(), selectors.EVENT_READ, self._on_process)
        is_restart = False
        self._engine.begin()
        try:
            while not self._has_ended():
                self._keyboard.follow()
                for key, _ in self._selector.select(self._patience()):
                    action: Callable[[], None] = key.data
                    if not self._has_ended() and key.fd in self._selector.get_map():
                        action()
                self._on_time()
        except Restart:
            is_restart = True
            raise
        finally:
            self._end_processes(for_restart=is_restart)
            signals.close()
        return self._exit_code

    def _patience(self) -> float | None:
        """Seconds to wait for something to happen: none while there is work to do beside a run."""
        if self._current is not None and self._book.prepare():
            return 0.0
        patience = self._deadlines.until_next()
        if CHILD_ENDED is None and self._engine.is_starting():
            return STARTING if patience is None else min(STARTING, patience)
        return patience

    def _has_ended(self) -> bool:
        return self._state is State.ENDED

    def _move(self, state: State) -> None:
        if state is not self._state:
            assert state in SUCCESSORS[self._state], f"{self._state} does not lead to {state}"
            self._state = state

    def _on_time(self) -> None:
        if CHILD_ENDED is None and self._engine.is_starting():
            self.on_child_ended()
        if self._deadlines.take("interrupt"):
            self._interrupt_run()
        if self._deadlines.take("kill"):
            self._deadlines.kill = time.monotonic() + GRACE
            self._kill_run()
        if self._deadlines.take("look"):
            self._look()  # something may have changed before it was watched
        if self._deadlines.take("progress"):
            self._tell_progress()
        if self._deadlines.take("quiet") and self._state is State.QUIET:
            self._move(State.IDLE)
            self._plan()

    def _tell_progress(self) -> None:
        current = self._current
        if current is None or current.debugging or self._beginning.capture_off:
            return  # the terminal is another's
        text = self._progress.line(current, self._planner.remaining(self._round))
        if text:
            self._break_report(current)
            self._screen.progress(text, again=current.broken_at == len(current.record.ended))
            current.broken_at = len(current.record.ended)
        self._deadlines.progress = max(self._progress.next_look(current), time.monotonic() + 1.0)

    @staticmethod
    def _break_report(current: Current) -> None:
        """Have the run begin a line when it goes on."""
        if current.channel is not None:
            with contextlib.suppress(OSError):  # it has just ended
                current.channel.send(m.Shown(current.record.number))

    # Files

    def _on_files(self) -> None:
        self._watcher.drain()
        self._look()

    def _look(self) -> None:
        """Sweep the tree and act on what has changed."""
        self._looked = time.monotonic()
        self._hear_run()
        found = self._book.sweep()
        if any(self._book.tree.digest(key) in (ABSENT, _EMPTY) for key in found.changed):
            time.sleep(REPLACING)  # perhaps an editor is just writing it anew
            again = self._book.sweep()
            found.changed |= again.changed
            found.touched |= again.touched
        if self._current is not None:
            self._current.record.note(found)
        if self._beginning.is_gone():
            self._screen.note(f"{self._beginning.rootdir} is gone: the session ends")
            self._end(INTERNAL_ERROR)
        elif self._beginning.is_another():
            raise Restart("the directory has been replaced")
        elif found.changed:
            self._on_change(found.changed)
            self._watch()

    def _on_change(self, changed: set[str]) -> None:
        discard_bytecode(changed)  # before a new process takes it for the source's
        self._check_start(changed)
        if self._current is not None:
            changed = changed - self._current.record.written
        relevant = self._is_relevant(changed)
        outdated = self._find_dependents(changed)
        self._book.forget(changed)
        if not relevant or self._options.once:
            return
        if self._current is None:
            self._book.declare_steady(changed)
        else:
            self._count_disturbances(changed)
        in_burst = time.monotonic() - self._last_change < QUIET
        self._note_change(changed, anew=self._state is State.IDLE)
        self._round.outdated |= outdated
        if self._current is not None:
            self._cancel()
        elif in_burst or self._state is State.QUIET:
            self._wait_for_quiet()
        else:
            self._plan()
            if self._current is None:
                self._last_change = 0.0  # it was of no account, as an editor's file beside the one that it saves next

    def _check_start(self, changed: set[str]) -> None:
        """What was read before the root needs a new process; CI runs once, from the tree that it found."""
        reason = self._beginning.changed(changed)
        if not reason or self._options.once:
            return
        time.sleep(REPLACING)
        if self._beginning.is_gone():
            return  # everything goes: the session ends
        problem = self._beginning.broken()
        if not problem:
            raise Restart(reason)
        self._failure = Failure(USAGE_ERROR, problem, {}, self._book.group(self._beginning.keys))

    def _hear_run(self) -> None:
        """What a run writes it tells before it does, and its children too: hear that before looking at the tree."""
        current = self._current
        if current is not None:
            # First, for what a run has heard of them it has told, and then removes.
            self._conversation.hear_children(self._reports.writes(), current)
            self._hear_workers(current)
        while current is not None and current is self._current and current.channel is not None and not current.closed:
            if not select.select([current.channel.fileno()], [], [], 0)[0]:
                return
            self._on_messages(current.channel)

    def _hear_workers(self, current: Current) -> None:
        """What they have said by now: they do so before the run does."""
        for channel in list(current.workers):
            while channel in current.workers and select.select([channel.fileno()], [], [], 0)[0]:
                self._on_messages(channel)

    def _is_relevant(self, changed: set[str]) -> bool:
        if self._book.matters(changed):
            return True
        collecting = self._current is not None and self._current.record.collection is None
        return collecting and any(map(self._book.is_source, changed))

    def _find_dependents(self, changed: set[str]) -> set[str]:
        """The files whose modules have to be executed again."""
        executed = self._hoister.executed
        return self._book.graph.dependents(changed & executed, executed) if changed & executed else set()

    def _note_change(self, changed: Collection[str], *, anew: bool) -> None:
        """Changes start a round; those that come before the last one was done belong to it too."""
        self._last_change = time.monotonic()
        self._planner.note_edited(changed)
        before = Round(timing=self._begin_timing(changed)) if anew else self._round
        if anew:
            self._book.loose.clear()
        names = [name for key in sorted(changed) if (name := self._file_name(key))]
        self._round = Round(
            cause=list(dict.fromkeys([*before.cause, *names])),
            changed=before.changed | set(changed),
            outdated=before.outdated,
            disturbances=before.disturbances,
            timing=before.timing,
        )

    def _begin_timing(self, changed: Collection[str]) -> Timing:
        stamps = [stamp for key in changed if (stamp := self._book.tree.written(path_of(key))) is not None]
        return Timing(max(0.0, lateness(stamps) - (time.monotonic() - self._looked)), self._looked)

    def _wait_for_quiet(self) -> None:
        self._move(State.QUIET)
        self._deadlines.quiet = self._last_change + QUIET

    def _watch(self) -> None:
        watcher = watch_or_poll(self._watcher, self._book.tree.directories())
        if watcher is not self._watcher:
            self._selector.unregister(self._watcher.fileno())
            self._watcher.close()
            self._watcher = watcher
            self._selector.register(watcher.fileno(), selectors.EVENT_READ, self._on_files)
            self._screen.note(watcher.problem)

    def _file_name(self, key: str) -> str:
        """A file as people know it, relative to the rootdir; empty for keys that are none."""
        key = path_of(key)
        if key.endswith(os.sep) or key.startswith("<"):
            return ""
        root = self._beginning.rootdir + os.sep
        return key[len(root) :] if key.startswith(root) else key

    # Planning

    def _plan(self) -> None:
        """Start the run that the tree and the round ask for, or settle."""
        if self._options.elsewhere:
            self._book.follow_everything()
        if self._failure is not None and not self._failure.past <= self._book.tree.entries:
            self._failure = None
        self._round.timing.enter(PLAN)
        remaining = self._planner.remaining(self._round)
        if not self._needs_run(remaining):
            self._settle()
        elif self._leaving is not None:
            # It may still hold what the next run needs: ports, locks, files.
            self._deadlines.kill = time.monotonic() + (LEAVING if self._is_in_place else GRACE)
        elif self._has_root:
            self._start(remaining)

    def _needs_run(self, remaining: frozenset[str]) -> bool:
        is_first = self._runs == 0
        return self._failure is None and self._planner.needs_run(self._round, remaining, is_first=is_first)

    def _start(self, remaining: frozenset[str]) -> None:
        order = self._planner.order(self._round, remaining, self._runs + 1)
        chosen = self._engine.choose(order)
        if chosen is None:
            if self._engine.is_starting():
                return  # planned again when it is ready
            raise Restart("no checkpoint is left")
        checkpoint, order = chosen
        self._reports.skip()
        self._warmth.limit = ""
        self._warmth.note_start(checkpoint.past, self._book.module_paths())
        self._runs += 1
        self._round.runs += 1
        self._round.before_run = (remaining, len(self._round.attempted))
        record = RunRecord(self._runs, checkpoint.past, frozenset(order.prune))
        self._current = Current(
            record,
            checkpoint.pid,
            list(self._round.cause),
            is_sorted=bool(order.places),
            is_waited_for=not order.often,
        )
        self._deadlines.progress = self._progress.next_look(self._current)
        self._move(State.RUNNING)
        if self._round.cause and self._round.runs == 1 and not self._round.is_told:
            self._round.is_told = True
            known = max(self._book.select().known, len(remaining))
            expected = self._planner.expected(self._round, remaining)
            self._screen.changed(self._round.cause, len(self._round.outdated), expected, known)
        if self._beginning.capture_off:
            self._screen.give_up_terminal()  # tests may read from it
        if checkpoint.is_root and self._is_in_place and self._runs > 1:
            self._screen.note(f"a fresh process: {self._unfit or 'the last one was ended'}")
            self._unfit = ""
        self._current.is_cold = checkpoint.is_root and not order.prune and not order.proven and order.only is None
        self._round.timing.enter(REWIND)
        self._pool.tell(checkpoint.pid, order)
        self._tell_reasons()

    def _tell_reasons(self) -> None:
        """Say once a round why its tests were selected; by now the run is under way."""
        if self._round.wish.nodeids:
            return  # because somebody asked
        ranked = [one for one in self._book.ranked() if one.test.nodeid not in self._round.reasons]
        self._round.reasons.update((one.test.nodeid, one) for one in ranked)
        if ranked and self._round.runs == 1:
            direct = [one.test.nodeid for one in ranked if one.rank is Rank.DIRECT]
            affected = self._why.selected(ranked)
            modules = self._why.modules(self._round.outdated, self._round.changed)
            self._events.emit("selected", run=self._runs, direct=direct, affected=affected, modules=modules)

    # Processes

    def _on_process(self) -> None:
        connection = self._internal.accept()
        if connection is None:
            return
        channel = m.Channel(connection)
        self._selector.register(channel.fileno(), selectors.EVENT_READ, lambda: self._on_messages(channel))

    def _on_messages(self, channel: m.Channel) -> None:
        try:
            received = channel.receive()
        except BadMessageError:
            received = None
        if received is None:
            self._selector.unregister(channel.fileno())
            if self._current is not None and channel in self._current.workers:
                self._current.workers.remove(channel)
            self._on_hang_up(channel)
            channel.close()
        for message in received or ():
            self._on_message(message, channel)

    def _on_message(self, message: m.Message, channel: m.Channel) -> None:
        if isinstance(message, m.Frozen):
            self._on_frozen(message, channel)
            return
        if isinstance(message, m.TookIn):
            self._pool.take_in(message.pid, message.past, message.begun)
            return
        if isinstance(message, m.ChildEnded):
            self._on_child_ended(message)
            return
        if isinstance(message, m.Unfit):
            self._on_unfit(message, channel)
            return
        if self._current is not None and getattr(message, "run", 0) == self._current.record.number:
            self._chronicler.hear(message, self._round)
            self._on_run_message(message, self._current, channel)

    def _on_run_message(self, message: m.Message, current: Current, channel: m.Channel) -> None:
        if isinstance(message, m.Started):
            self._on_started(message, current, channel)
        elif isinstance(message, m.Joined):
            current.is_shared = True
            current.workers.append(channel)
        elif isinstance(message, m.Stopped):
            self._hear_workers(current)
            self._on_stopped(message, current)
        elif isinstance(message, m.HoistUnfit):
            current.unfit = True
            self._pool.retire(current.checkpoint)
        else:
            self._conversation.hear(message, current, self._round)
            if isinstance(message, m.Collection):
                self._watch()
                self._deadlines.look = time.monotonic()  # at once, but not among this run's messages

    def _on_frozen(self, message: m.Frozen, channel: m.Channel) -> None:
        self._pool.add(message, channel)
        if self._current is not None and message.run == self._current.record.number:
            self._current.record.past.update(message.past)
        if self._leaving is not None and self._leaving.channel is channel:
            self._leaving = None  # it stays, for the next run
            self._deadlines.kill = None
        if message.place == "root":
            self._engine.note_ready(message.pid)
        if not self._has_root:
            self._has_root = True
            discard_bytecode(self._book.moved_since_proven())
            self._book.prepare()  # what is followed before the first run can be seen to change during it
            self._watch()
            self._plan()
        elif message.place in ("root", WARM) and self._state is State.IDLE:
            self._plan_again()

    def _on_unfit(self, message: m.Unfit, channel: m.Channel) -> None:
        """A warm process is to be replaced: before its next run, or in the middle of one, which does not count then."""
        self._unfit = message.reason
        current = self._current
        if current is not None and current.channel is channel:
            current.unfit = True
            self._leaving = current
            self._finish(current)

    def _on_started(self, message: m.Started, current: Current, channel: m.Channel) -> None:
        current.pid, current.channel = message.pid, channel
        if message.pid == current.checkpoint:
            self._pool.remove(message.pid)  # it has not forked: it is the run
        if self._state is State.CANCELLING:  # the interrupt went to the process that has frozen meanwhile
            self._interrupt_run()

    def _on_stopped(self, message: m.Stopped, current: Current) -> None:
        """Everything is said; what is left is the interpreter's own end, for which nobody has to wait."""
        current.exit_code = message.exit_code
        if message.exit_code != USAGE_ERROR:  # what is wrong is printed at the very end
            self._leaving = current
            self._finish(current)

    def _on_child_ended(self, message: m.ChildEnded) -> None:
        if self._current is not None and message.pid == self._current.pid:
            self._current.status = os.waitstatus_to_exitcode(message.status)
            self._finish_if_over()

    def _on_hang_up(self, channel: m.Channel) -> None:
        """A frozen process or a run is gone."""
        for pid in self._pool.of(channel):
            self._pool.remove(pid)
            if self._current is not None and not self._current.pid and self._current.checkpoint == pid:
                self._current.unfit = self._current.closed = True  # it died before it could fork
                self._finish(self._current)
                return
        if self._leaving is not None and self._leaving.channel is channel:
            self._leaving = None
            self._deadlines.kill = None
            if self._state is State.IDLE:
                self._plan_again()
        elif self._current is not None and self._current.channel is channel:
            self._current.closed = True
            if self._current.status is None:
                self._current.status = self._engine.exit_code(self._current.pid)
        self._finish_if_over()

    def _plan_again(self) -> None:
        """A run that had to wait for the end of the one before."""
        if self._needs_run(self._planner.remaining(self._round)):
            self._plan()

    def _finish_if_over(self) -> None:
        """A run that died: wait for its parent to tell how, if that lives."""
        current = self._current
        if current is not None and current.closed:
            parent = self._pool.last_of(current.record.number) or current.checkpoint
            if current.status is not None or parent not in self._pool.checkpoints:
                if current.exit_code is None:
                    current.exit_code = code_before_session(current)
                self._finish(current)

    # The end of a run

    def _finish(self, current: Current) -> None:
        cancelled = self._state is State.CANCELLING
        self._current = None
        self._deadlines = Deadlines()
        self._screen.take_terminal()
        if current.unfit:  # as if it had never begun: another checkpoint has its turn
            self._round.runs -= 1
            self._round.before_run = None
        else:
            self._conclude(current, cancelled=cancelled)
        if self._has_ended():
            return
        if cancelled and self._round.runs == 0 and time.monotonic() - self._last_change < QUIET:
            self._wait_for_quiet()
        else:
            self._move(State.IDLE)
            self._plan()
        self.save()

    def _conclude(self, current: Current, *, cancelled: bool) -> None:
        """Take what the run found out into the book."""
        self._conversation.tell_late()
        self._conversation.announce(current)
        self._sweep_after(current)
        crashed = current.exit_code is None and not cancelled and not current.conftest
        if crashed:
            self._conversation.blame(current)
        if current.is_cold and not cancelled and current.exit_code in (0, 1):
            self._chronicler.note_cold(time.monotonic() - current.began)
        self._reject_order(current)
        if self._round.wish.update_snapshots:
            self._forget_updates(current)
        unproven = self._book.close(current.record)
        if self._covering is not None:
            self._covering.close(self._book.ended(current.record, unproven))
        self._watch()
        self._conversation.tell_left_out(map(self._file_name, self._book.take_left_out()))
        retry = bool(unproven) or self._book.listing_missed  # what they rest on was written while they ran
        if retry and self._round.retries < RETRIES:
            self._round.retries += 1
            self._round.before_run = None
        elif unproven:
            self._conversation.complain_of_writing(map(self._file_name, unproven.values()))
        if self._round.runs:  # otherwise a change has begun another round meanwhile
            self._round.attempted |= {n for n in current.record.ended if n not in unproven}
            self._round.attempted |= set(current.record.failed_files)
        self._round.tests_run += len(current.record.ended)
        self._round.direct.update(e.outcome for e in current.record.ended.values() if self._is_direct(e.nodeid))
        self._judge_ending(current, cancelled=cancelled)
        self._pool.distrust(current.record.number, current.record.disturbed | current.record.written)
        self._events.emit(
            "run_finished",
            run=current.record.number,
            exit_code=self._run_exit_code(current),
            seconds=round(time.monotonic() - current.began, 3),
            reexecuted=sorted(current.record.modules),
            cancelled=cancelled,
        )

    def _forget_updates(self, current: Current) -> None:
        """Nothing is proven by a test that writes what it compares with; whatever it wrote counts as edited."""
        current.record.ended.clear()
        current.planned = 0
        current.record.rewritten.clear()
        self._book.declare_steady(current.record.written)
        self._round = Round(wish=Wish(is_asked=True))

    def _reject_order(self, current: Current) -> None:
        """A fixture that fails as it is torn down fails the last test that used it: the usual order tells which."""
        if current.is_sorted and any(ended.teardown_failed for ended in current.record.ended.values()):
            current.record.ended.clear()
            current.planned = 0  # as if it had never had any
            self._round.in_order = True
            self._round.before_run = None

    def _is_direct(self, nodeid: str) -> bool:
        """As a run has it: a test that was not known before counts too."""
        ranked = self._round.reasons.get(nodeid)
        return ranked is None or ranked.rank is Rank.DIRECT

    def _run_exit_code(self, current: Current) -> int:
        """As for the session where the run went through, else pytest's own."""
        if current.exit_code is None or current.exit_code in (0, 1, 5):
            return self.standing().exit_code
        return current.exit_code

    def _sweep_after(self, current: Current) -> None:
        """What changed while the run was under way is not what its verdicts rest on, or maybe not."""
        self._book.follow(current.record.past)
        found = self._book.sweep()
        current.record.note(found)
        if not found.changed:
            return
        discard_bytecode(found.changed)
        self._check_start(found.changed)
        matters = self._book.matters(found.changed - current.record.written)
        outdated = self._find_dependents(found.changed)
        self._book.forget(found.changed)
        outside = {key for key in found.changed - current.record.written if self._file_name(key)}
        if matters and outside and not self._options.once:
            self._count_disturbances(outside)
            self._note_change(outside, anew=False)
            self._round.outdated |= outdated

    def _count_disturbances(self, keys: Collection[str]) -> None:
        """Files that change in run after run of a round are written by what the tests start, unseen by us."""
        counts = self._round.disturbances
        for key in keys:
            if not key.endswith(".py"):
                counts[key] = counts.get(key, 0) + 1
        self._book.leave_out({key for key in keys if counts.get(key, 0) == UNSTEADY})

    def _judge_ending(self, current: Current, *, cancelled: bool) -> None:
        """What the way in which a run ended says about the session."""
        if cancelled:
            # A change that came while the run was ending has begun a round of its own.
            self._round.held = self._round.held or (self._interrupts > 0 and self._round.runs > 0)
            self._interrupts = 0
        elif is_failure(current):
            self._fail(current)
        elif was_stopped(current):
            self._round.held = True

    def _fail(self, current: Current) -> None:
        """The run ended before it came to any test."""
        name = self._file_name(current.conftest) if current.conftest else ""
        code = failure_code(current)
        problem = f"{name} cannot be imported" if name else f"pytest ended with exit code {code}"
        if name:
            self._conversation.tell_test(current, name, "error")
        # It may have died before it could tell what it had read.
        past = self._book.group({FIRST_PARTY, *(current.record.whole_past - current.record.disturbed)})
        self._failure = Failure(code, problem, {name: "error"} if name else {}, past)
        if code == USAGE_ERROR and not name and self._runs == 1:
            self._end(code)  # nothing that a save could mend: the command line is wrong

    def save(self) -> None:
        complaint = self._book.save()
        self._chronicler.write()
        if complaint:
            self._screen.note(complaint)

    # Settled

    def standing(self) -> Standing:
        selection = self._book.select()
        proven = self._runs > 0 and not selection.unknown and self._book.knows_listing()
        is_settled = proven or self._failure is not None
        loose = {} if is_settled else {n: o for n, o in self._book.loose.items() if n not in selection.verdicts}
        return Standing(
            selection,
            self._failure,
            self._round,
            is_settled,
            loose,
            filter=str(self._preferences.filter_of(self._round)),
            held_back=self._planner.held_back(self._round),
            places=self._failures.places(),
        )

    def _settle(self) -> None:
        """Nothing more runs by itself: say where the project stands."""
        standing = self.standing()
        if not standing.is_settled and self._desk.is_waited_at and self._is_narrowed():
            self._round = Round(wish=Wish(is_asked=True, unfiltered=True))
            self._plan()  # whoever waits asks about the whole project
            return
        self._chronicler.close(self._round, standing, len(self._hoister.executed))
        self._exit_code = standing.exit_code
        if self._covering is not None and standing.failure is None:
            self._covering.write(standing.selection, self._book.files)
        if self._round.is_news:
            if not self._round.runs and self._failure is None and standing.is_settled:
                self._screen.changed(self._round.cause, 0, 0, standing.selection.known)
            if standing.is_settled:
                self._events.emit("settled", **standing.as_event())
            summary = standing.summary()
            self._screen.summary(summary)
            self._announce(summary, standing)
        self._desk.answer_waiting(self._with_failures(standing.as_answer()))
        self._report_coverage(standing)
        if self._options.once:
            self._end(self._exit_code)
            return
        if self._round.is_news:
            self._say_that_it_waits(standing)
        if not self._run_errands():
            self._idle_work()

    def _report_coverage(self, standing: Standing) -> None:
        """That of the whole suite; in once mode it may fall short."""
        if self._covering is None or standing.failure is not None:
            return
        if self._options.once:
            if self._covering.report(has_failed=bool(standing.failing)) and self._exit_code in (0, NO_TESTS):
                self._exit_code = 1
        elif self._round.is_news:
            self._watcher.drain()  # the data file has been written; what else there was is seen at once
            self._deadlines.look = time.monotonic()
            self._covering.report(has_failed=bool(standing.failing), wake=self._watcher.fileno())

    def _announce(self, summary: Summary, standing: Standing) -> None:
        """To the desktop, where that is wanted: that something fails, or that nothing does and all is known."""
        if standing.exit_code not in (0, NO_TESTS) or standing.is_settled:
            self._screen.notify(summary)

    def _is_narrowed(self) -> bool:
        """Whether the person's preferences have left tests out of this round."""
        preferences, wish = self._preferences, self._round.wish
        is_narrow = bool(preferences.filter) or preferences.paused or bool(wish.only or wish.only_failing)
        return is_narrow and not wish.unfiltered and not self._round.held

    def _say_that_it_waits(self, standing: Standing) -> None:
        seconds = time.monotonic() - self._round.started
        if standing.is_settled:
            self._warmth.note_round(self._round, seconds, standing.known)
        warmth = self._warmth.describe(self._round, seconds) if self._runs else ""
        on = self._preferences.describe()
        if self._round.cause and not self._round.runs and not standing.is_settled:
            on.append(f"on disk is newer than what ran: {', '.join(self._round.cause)}")
        self._screen.waiting(self._watcher.problem if self._runs == 1 else "", warmth, on)

    def _idle_work(self) -> None:
        """Make the next answer quicker while nobody waits."""
        self._engine.work_ahead()
        self._chronicler.write()
        if gc.get_count()[0] > GARBAGE:
            gc.collect()

    # Clients

    def _on_request(self, request: Request, client: Client) -> None:
        if request.name == "stop":
            client.answer({"event": "stopping"})
            self._end(self._exit_code)
        elif request.name == "why":
            client.answer(self._why.answer(request.nodeid, self._round))
        elif request.name in ("events", "follow"):
            self._tell_events(request, client)
        elif request.name == "facts":
            self._chronicler.write()
            client.answer(self._facts())
        elif request.name == "status":
            standing = self.standing()
            answer = self._with_failures(standing.as_answer(for_status=True))
            client.answer(answer | {"settled": standing.is_settled and self._state is State.IDLE})
        elif request.name == "run":
            questions = [as_nodeid(question, self._beginning.rootdir) for question in request.nodeids]
            self._errands.add(client, questions, self._runs)
            self._on_files()
            if self._state is State.IDLE and self._has_root and not self._run_errands():
                self._plan_again()
        else:
            self._desk.keep_waiting(client)
            self._answer_when_settled()

    def _facts(self) -> dict[str, Any]:
        """What the store does not tell, or not yet."""
        checkpoints = [(c.moment, c.place, self._file_name(c.before)) for c in self._pool.checkpoints.values()]
        return {
            "event": "facts",
            "rootdir": self._beginning.rootdir,
            "store": self._book.store_path,
            "environment": self._book.environment,
            "scope": self._book.scope,
            "hot": self._planner.hot,
            "checkpoints": sorted(checkpoints),
        }

    def _with_failures(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The same, with where and how each of its tests failed that did."""
        failures = self._conversation.crashes_of(answer["outcomes"])
        return {**answer, "failures": failures} if failures else answer

    def _tell_events(self, request: Request, client: Client) -> None:
        if request.name == "follow":
            client.answer({"event": "following", "settled": self._state is State.IDLE and self.standing().is_settled})
            self._desk.let_follow(client)
        else:
            client.answer({"event": "events", "events": self._events.recent()})

    def _run_errands(self) -> bool:
        """What the files ask for has run: now what clients want to run; whether there is any."""
        if self._needs_run(self._planner.remaining(self._round)):
            return False
        standing, known, round_ = self.standing(), self._book.known_tests(), self._round
        if self._failure is not None:
            self._errands.answer_all(standing.exit_code, standing.outcomes, self._failure.problem)
        proven = {n: o for n, o in standing.outcomes.items() if n in round_.attempted}
        ran = round_.wish.nodeids if round_.runs else ()
        self._errands.answer(ran, self._runs - round_.runs + 1, self._book.loose | proven, known)
        due = self._errands.due(known)
        if due:
            self._rested = self._rested if round_.wish.nodeids else round_
            self._round = Round(wish=Wish(nodeids=due))
            self._plan()
        elif round_.wish.nodeids:
            self._round = self._rested  # that is what people ask about
        return bool(due)

    def _answer_when_settled(self) -> None:
        """A question is about the tree now: look, then run what that takes."""
        self._on_files()
        if self._state is State.IDLE and self._has_root:
            standing = self.standing()
            if standing.is_settled:
                if self._covering is not None and standing.failure is None:
                    self._covering.write(standing.selection, self._book.files)
                self._desk.answer_waiting(self._with_failures(standing.as_answer()))
            else:
                if self._round.runs or not self._round.cause:  # otherwise its first run only waits its turn
                    self._round = Round(wish=Wish(is_asked=True, unfiltered=True))
                self._plan()

    # What wishes need, see Stage

    def start_round(self, wish: Wish) -> bool:
        self._look()
        self._failure = None
        self._round = Round(wish=wish)
        if self._state is State.RUNNING:
            self._cancel()
        elif self._state is State.IDLE:
            self._plan()
            return self._current is not None or self._leaving is not None
        return True

    def hold(self) -> None:
        if self._state is State.RUNNING:
            self._round.held = True
            self._cancel()

    def rearrange(self) -> None:
        if self._state is State.RUNNING and self._current is not None:
            failed = any(ended.outcome in BAD for ended in self._current.record.ended.values())
            self._round.held = self._preferences.paused or (self._preferences.fail_fast and failed)
            self._round.before_run = None
            self._cancel()

    def round_now(self) -> Round:
        return self._round

    def start_over(self) -> None:
        raise Restart("as asked")

    def quit(self) -> None:
        self._end(self._exit_code)

    # Signals, see Alarms

    def on_order_to_end(self, exit_code: int) -> None:
        self._end(exit_code)

    def on_child_ended(self) -> None:
        current = self._current
        for pid, exit_code in self._engine.reap().items():
            if current is not None and current.pid == pid:
                current.status = exit_code
                self._hear_last_words(current)
        if not self._has_root and not self._engine.is_starting():
            self._screen.note("the first process ended before it could be frozen")
            self._end(INTERNAL_ERROR)
        elif self._is_in_place and self._state is State.IDLE:
            self._plan_again()  # one that was waited for may have ended before it was ready

    def _hear_last_words(self, current: Current) -> None:
        """Its process is gone, though what it has forked may keep the connection open."""
        self._hear_run()
        if current is self._current and current.channel is not None and not current.closed:
            self._selector.unregister(current.channel.fileno())
            current.closed = True
            current.channel.close()
            self._finish_if_over()

    def on_interrupt(self) -> None:
        """Ctrl-C ends the run; a second one, or one when idle, ends the session."""
        if self._current is not None and self._current.debugging:
            return  # it is for the debugger, which has the terminal
        self._interrupts += 1
        if self._current is None or self._interrupts > 1:
            self._end(INTERRUPTED if self._current is not None or self._options.once else self._exit_code)
        elif self._state is State.RUNNING:
            self._move(State.CANCELLING)
            self._round.held = True
            self._deadlines.interrupt = time.monotonic() + PATIENCE
            self._deadlines.kill = time.monotonic() + PATIENCE + GRACE

    def _cancel(self) -> None:
        """End the run to make room for the next; a debugger's session is left alone."""
        if self._state is State.RUNNING and self._current is not None and not self._current.debugging:
            self._move(State.CANCELLING)
            self._interrupts = 0
            self._interrupt_run()
            self._deadlines.kill = time.monotonic() + GRACE

    def _interrupt_run(self) -> None:
        run = self._current or self._leaving
        if run is not None and run.pid and not run.closed:
            self._engine.interrupt(run.pid)

    def _kill_run(self) -> None:
        run = self._current or self._leaving
        if run is not None and run.pid and not run.closed:
            self._engine.kill(run.pid)

    # The end of the session

    def _end(self, exit_code: int) -> None:
        self._exit_code = exit_code
        self._move(State.ENDED)

    def _end_processes(self, *, for_restart: bool) -> None:
        """Nothing of ours outlives the session."""
        if self._current is not None:
            self._kill_run()
        self._let_leave(LAST_WORDS if self._options.once else GRACE)
        if self._covering is not None:
            self._covering.close_down()
        self._pool.close()
        self._internal.close()  # who has yet to connect ends too
        self._engine.close()
        self._desk.close(for_restart=for_restart)
        self._watcher.close()
        self._events.close()
        self._screen.close()

    def _let_leave(self, seconds: float) -> None:
        """A run that has finished may still write what it writes at its end; its checkpoint would take it along."""
        channel = self._leaving.channel if self._leaving is not None else None
        deadline = time.monotonic() + seconds
        while channel is not None and (left := deadline - time.monotonic()) > 0:
            if select.select([channel.fileno()], [], [], left)[0]:
                received = channel.receive()
                if received is None or any(isinstance(message, m.Frozen) for message in received):
                    return
