"""The controller: its loop waits for files, keys, clients and its own processes, and decides what comes next.

It runs in the process that the person started, which never imports first-party code and so never goes stale.
"""

from __future__ import annotations

import contextlib
import gc
import selectors
import time
from typing import TYPE_CHECKING

from pytest_reloadwatch import BEGAN
from pytest_reloadwatch.proof.model import BAD
from pytest_reloadwatch.rewind import messages as m
from pytest_reloadwatch.session.answering import Answering
from pytest_reloadwatch.session.assessing import Assessor
from pytest_reloadwatch.session.cancelling import GRACE, Canceller
from pytest_reloadwatch.session.changes import Changes, Restart
from pytest_reloadwatch.session.chronicler import Chronicler
from pytest_reloadwatch.session.conclusion import Conclusions
from pytest_reloadwatch.session.conversation import Conversation
from pytest_reloadwatch.session.ending import INTERNAL_ERROR
from pytest_reloadwatch.session.engine import Engine, InPlaceEngine, RewindEngine
from pytest_reloadwatch.session.failures import Failures
from pytest_reloadwatch.session.hearing import Hearing
from pytest_reloadwatch.session.hoisting import Hoister
from pytest_reloadwatch.session.keyboard import Keyboard
from pytest_reloadwatch.session.planner import Planner
from pytest_reloadwatch.session.pool import Pool
from pytest_reloadwatch.session.preferences import Preferences
from pytest_reloadwatch.session.progress import Progress
from pytest_reloadwatch.session.rehearsal import rehearse
from pytest_reloadwatch.session.rounds import Deadlines, Round, Wish
from pytest_reloadwatch.session.settling import Settling
from pytest_reloadwatch.session.signals import Signals
from pytest_reloadwatch.session.situation import Decisions, Situation
from pytest_reloadwatch.session.standing import INTERRUPTED, Standing
from pytest_reloadwatch.session.starting import Starter
from pytest_reloadwatch.session.states import State
from pytest_reloadwatch.session.timing import PLAN
from pytest_reloadwatch.session.wakers import CHILD_ENDED
from pytest_reloadwatch.session.warmth import Warmth
from pytest_reloadwatch.session.watching import Watching
from pytest_reloadwatch.session.why import Why
from pytest_reloadwatch.session.wishes import Wishes

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.covering.covering import Covering
    from pytest_reloadwatch.endpoint import Listener
    from pytest_reloadwatch.options import Options
    from pytest_reloadwatch.session.beginning import Beginning
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.events import Events
    from pytest_reloadwatch.session.junit import Junit
    from pytest_reloadwatch.session.reports import Reports
    from pytest_reloadwatch.session.rounds import Current
    from pytest_reloadwatch.session.screen import Screen
    from pytest_reloadwatch.session.workers import Workers
    from pytest_reloadwatch.watch.tree import Sweep
    from pytest_reloadwatch.watch.watchers import Watcher

QUIET = 0.06  # seconds without a change after which a burst of them is over
LEAVING = 15.0  # seconds that a worker has to look at itself after a run
GATHERING = 0.01  # seconds in which a run amid short tests is not listened to
STARTING = 0.2  # seconds between two looks at a process that starts, where its end is no signal
RESTING = 4  # times as long as it took to look at the tree for a run goes by before that is done again
LONGEST_REST = 0.1  # seconds
GARBAGE = 100_000  # new objects from which on it pays to look for garbage
LAST_WORDS = 600.0  # seconds that a run of once mode has from its summary to its end


class Controller:
    """One session. ``serve`` returns its exit code.

    Each state has a method that leads on from it: ``_plan`` from idle and quiet, ``_look`` from a run that a change
    makes stale, ``_finish`` from one that has ended.
    """

    def __init__(
        self,
        options: Options,
        beginning: Beginning,
        book: Book,
        make_watcher: Callable[[], Watcher],
        screen: Screen,
        events: Events,
        internal: Listener,
        clients: Listener | None,
        reports: Reports,
        workers: Workers | None,
        covering: Covering | None = None,
        junit: Junit | None = None,
    ) -> None:
        self._options = options
        self._covering = covering
        self._beginning = beginning
        self._book = book
        self._screen = screen
        self._events = events
        self._rests_until = 0.0
        self._internal = internal
        self._is_in_place = in_place = workers is not None
        self._situation = situation = Situation(Round(wish=Wish(everything=options.everything), is_first=True))
        self._selector = selector = selectors.DefaultSelector()
        self._preferences = preferences = Preferences.of(options)
        self._progress = Progress(book.seconds)
        self._pool = pool = Pool(book.tree)
        file_name, failures, hoister = beginning.file_name, Failures(), Hoister(book, pool)
        warmth, why = Warmth("reload in place" if in_place else "rewind"), Why(book, file_name)
        startup = (time.time_ns() - BEGAN) / 1e9
        self._chronicler = chronicler = Chronicler(book, options.engine, startup, once=options.once)
        self._planner = planner = Planner(options, preferences, book, pool, hoister, file_name)
        engine: Engine = RewindEngine(pool, planner, hoister)
        if workers is not None:
            engine = InPlaceEngine(pool, book, workers)
        self._engine = engine
        self._canceller = canceller = Canceller(situation, engine)
        self._watching = watching = Watching(make_watcher, selector, book.tree, screen, self._on_files)
        self._changes = changes = Changes(situation, options, beginning, book, planner, hoister)
        self._assessor = assessor = Assessor(situation, book, planner, preferences, failures)
        conversation = Conversation(book, hoister, events, screen, file_name, preferences, failures, warmth, covering)
        self._starter = Starter(
            situation, beginning, book, pool, planner, engine, reports, events, screen, warmth, why, in_place
        )
        self._settling = settling = Settling(
            situation,
            options,
            preferences,
            book,
            hoister,
            warmth,
            chronicler,
            watching,
            screen,
            events,
            covering,
            junit,
        )
        self._conclusions = Conclusions(
            situation,
            beginning,
            book,
            pool,
            changes,
            conversation,
            chronicler,
            assessor,
            watching,
            events,
            covering,
            junit,
        )
        decisions = Decisions(self._on_files, self._plan, self._plan_again, self._needs_run, self._finish)
        to_decide = (situation, decisions)
        self._hearing = Hearing(
            *to_decide, internal, selector, book, pool, engine, canceller, conversation, chronicler, reports, watching
        )
        self._answering = Answering(
            *to_decide,
            clients,
            selector,
            beginning,
            book,
            pool,
            planner,
            assessor,
            settling,
            conversation,
            chronicler,
            why,
            events,
        )
        wishes = Wishes(self, screen, book, preferences, failures, warmth, why, beginning.writes_snapshots)
        self._keyboard = Keyboard(screen, selector, wishes)

    # The loop

    def serve(self) -> int:
        """Serve until the session ends. Raises Restart."""
        gc.freeze()  # what pytest has left here is nobody's any more
        gc.disable()  # until there is time, see _work_ahead
        self._signals = Signals(self._selector, self)
        is_restart = False
        self._engine.begin()
        try:
            while not self._situation.has_ended():
                self._keyboard.follow()
                patience = self._patience()
                if patience != 0.0:
                    self._let_gather()
                for key, _ in self._selector.select(patience):
                    action: Callable[[], None] = key.data
                    # An action before may have closed it, and another connection may have its number by now.
                    if not self._situation.has_ended() and self._selector.get_map().get(key.fd) is key:
                        action()
                self._signals.heed()
                self._on_time()
        except Restart:
            is_restart = True
            raise
        finally:
            self._end_processes(for_restart=is_restart)
            self._signals.close()
        return self._situation.exit_code

    def _let_gather(self) -> None:
        """Hear of several short tests at once: a run that wakes somebody for each is slower for that."""
        current = self._situation.current
        if current is not None and current.is_amid_short_tests():
            time.sleep(GATHERING)

    def _patience(self) -> float | None:
        """Seconds to wait for something to happen: none while there is work to do beside a run."""
        if self._situation.current is not None and self._book.prepare():
            return 0.0
        patience = self._situation.deadlines.until_next()
        if CHILD_ENDED is None and self._engine.is_starting():
            return STARTING if patience is None else min(STARTING, patience)
        return patience

    def _on_time(self) -> None:
        situation = self._situation
        if CHILD_ENDED is None and self._engine.is_starting():
            self.on_child_ended()
        self._canceller.on_time()
        if situation.deadlines.take("look"):
            self._look()  # something may have changed before it was watched
        if situation.deadlines.take("progress"):
            self._tell_progress()
        if situation.deadlines.take("quiet") and situation.state is State.QUIET:
            situation.move(State.IDLE)
            self._plan()

    def _tell_progress(self) -> None:
        current = self._situation.current
        if current is None or current.debugging or self._beginning.capture_off:
            return  # the terminal is another's
        text = self._progress.line(current, self._planner.remaining(self._situation.round))
        if text:
            self._break_report(current)
            self._screen.progress(text, again=current.broken_at == len(current.record.ended))
            current.broken_at = len(current.record.ended)
        self._situation.deadlines.progress = max(self._progress.next_look(current), time.monotonic() + 1.0)

    @staticmethod
    def _break_report(current: Current) -> None:
        """Have the run begin a line when it goes on."""
        if current.channel is not None:
            with contextlib.suppress(OSError):  # it has just ended
                current.channel.send(m.Shown(current.record.number))

    # Files

    def _on_files(self) -> None:
        self._watching.drain()
        now = time.monotonic()
        if self._situation.current is not None and now < self._rests_until:
            self._situation.deadlines.look = self._rests_until  # tests write all the time: looking is work too
            return
        self._look()
        rest = min(LONGEST_REST, RESTING * (time.monotonic() - now))
        self._rests_until = time.monotonic() + rest if self._situation.state is State.RUNNING else 0.0

    def _look(self) -> None:
        """Sweep the tree and act on what has changed. Raises Restart."""
        self._situation.looked = time.monotonic()
        self._hearing.hear_run()
        found = self._changes.sweep()
        self._note_sweep(found)
        if self._beginning.is_gone():
            self._screen.note(f"{self._beginning.rootdir} is gone: the session ends")
            self._situation.end(INTERNAL_ERROR)
        elif self._beginning.is_another():
            raise Restart("the directory has been replaced")
        elif found.changed:
            self._on_change(found.changed)
            self._watching.follow()
        over = self._situation.over
        if over is not None and over is self._situation.current:
            self._finish(over)

    def _note_sweep(self, found: Sweep) -> None:
        """What a run has written up to now it has told by now; where it has told its end too, that waits."""
        situation, current = self._situation, self._situation.current
        if current is None:
            self._changes.heed_idle(found)
            return
        situation.is_looked_at = True
        try:
            self._hearing.hear_run()
        finally:
            situation.is_looked_at = False
        self._changes.heed(found, current)
        current.record.note(found)

    def _on_change(self, changed: set[str]) -> None:
        situation = self._situation
        in_burst = time.monotonic() - situation.last_change < QUIET
        is_news = self._changes.take_in(changed)
        if situation.current is None:
            self._conclusions.tell_left_out()
        if not is_news:
            return
        if situation.current is not None:
            self._canceller.cancel()
        elif in_burst or situation.state is State.QUIET:
            self._wait_for_quiet()
        else:
            self._plan()
            if not self._is_running():
                situation.last_change = 0.0  # of no account, as an editor's file beside the one that it saves next

    def _wait_for_quiet(self) -> None:
        self._situation.move(State.QUIET)
        self._situation.deadlines.quiet = self._situation.last_change + QUIET

    def _is_running(self) -> bool:
        return self._situation.current is not None

    # What comes next

    def _plan(self) -> None:
        """Start the run that the tree and the round ask for, or settle. Raises Restart."""
        situation = self._situation
        if self._options.elsewhere:
            self._book.following.follow_everything()
        if situation.failure is not None and not situation.failure.past <= self._book.tree.entries:
            situation.failure = None
        situation.round.timing.enter(PLAN)
        remaining = self._planner.remaining(situation.round)
        if not self._asks_for_run(remaining):
            self._settle()
        elif situation.leaving is not None:
            # It may still hold what the next run needs: ports, locks, files.
            situation.deadlines.kill = time.monotonic() + (LEAVING if self._is_in_place else GRACE)
        elif situation.has_root:
            current = self._starter.start(remaining)
            if current is not None:
                situation.deadlines.progress = self._progress.next_look(current)

    def _plan_again(self) -> None:
        """A run that had to wait for the end of the one before."""
        if self._needs_run():
            self._plan()

    def _needs_run(self) -> bool:
        return self._asks_for_run(self._planner.remaining(self._situation.round))

    def _asks_for_run(self, remaining: frozenset[str]) -> bool:
        situation = self._situation
        is_first = situation.runs == 0
        return situation.failure is None and self._planner.needs_run(situation.round, remaining, is_first=is_first)

    def _settle(self) -> None:
        """Nothing more runs by itself: say where the project stands."""
        standing = self.standing()
        if not standing.is_settled and self._answering.is_waited_for and self._assessor.is_narrowed():
            self._situation.round = Round(wish=Wish(is_asked=True, unfiltered=True))
            self._plan()  # whoever waits asks about the whole project
            return
        self._settling.tell(standing)
        self._answering.answer_waiting(standing)
        self._settling.report_coverage(standing)
        if self._options.once:
            self.quit()
            return
        self._settling.tell_that_it_waits(standing)
        if not self._answering.run_errands():
            self._work_ahead()

    def _work_ahead(self) -> None:
        """Make the next answer quicker while nobody waits."""
        self._engine.work_ahead()
        self._chronicler.write()
        if gc.get_count()[0] > GARBAGE:
            gc.collect()

    def _finish(self, current: Current) -> None:
        """The run is over. Raises Restart."""
        situation = self._situation
        situation.over = current if situation.is_looked_at else None
        if situation.is_looked_at:
            return
        if current.exit_code == INTERRUPTED and self._signals.take_interrupt():
            self.on_interrupt()  # the terminal's Ctrl-C, which the run has heard sooner
        cancelled = situation.state is State.CANCELLING
        situation.current = None
        situation.deadlines = Deadlines(look=situation.deadlines.look)
        self._screen.take_terminal()
        if current.unfit:  # as if it had never begun: another checkpoint has its turn
            situation.round.runs -= 1
            situation.round.before_run = None
        else:
            self._conclusions.draw(current, cancelled=cancelled)
        if situation.has_ended():
            return
        if cancelled and situation.round.runs == 0 and time.monotonic() - situation.last_change < QUIET:
            self._wait_for_quiet()
        else:
            situation.move(State.IDLE)
            self._plan()
        self.save()

    # What wishes need, see Stage

    def start_round(self, wish: Wish) -> bool:
        situation = self._situation
        self._look()
        situation.failure = None
        situation.round = Round(wish=wish, earlier=situation.round.earlier | situation.round.explained())
        if situation.state is State.RUNNING:
            self._canceller.cancel()
        elif situation.state is State.IDLE:
            self._plan()
            return self._is_running() or situation.leaving is not None
        return True

    def hold(self) -> None:
        if self._situation.state is State.RUNNING:
            self._situation.round.held = True
            self._canceller.cancel(is_outdated=False)

    def rearrange(self) -> None:
        situation = self._situation
        if situation.state is State.RUNNING and situation.current is not None:
            failed = any(ended.outcome in BAD for ended in situation.current.record.ended.values())
            situation.round.held = self._preferences.paused or (self._preferences.fail_fast and failed)
            situation.round.before_run = None
            self._canceller.cancel()

    def round_now(self) -> Round:
        return self._situation.round

    def standing(self) -> Standing:
        return self._assessor.standing()

    def save(self) -> None:
        complaint = self._book.save()
        self._chronicler.write()
        if complaint:
            self._screen.note(complaint)

    def start_over(self) -> None:
        breakdown = rehearse(self._beginning.invoked_in)
        if breakdown is None:
            raise Restart("as asked")
        self._screen.said(breakdown.text)
        self._screen.note("pytest cannot begin with that: this process goes on")

    def quit(self) -> None:
        self._situation.end(self._situation.exit_code)

    # Signals, see Alarms

    def on_order_to_end(self, exit_code: int) -> None:
        self._situation.end(exit_code)

    def on_child_ended(self) -> None:
        situation, current = self._situation, self._situation.current
        for pid, exit_code in self._engine.reap().items():
            if current is not None and current.pid == pid:
                current.status = exit_code
                self._hearing.hear_last_words(current)
        if not situation.has_root and not self._engine.is_starting():
            self._screen.note("the first process ended before it could be frozen")
            situation.end(INTERNAL_ERROR)
        elif self._is_in_place and situation.state is State.IDLE:
            self._plan_again()  # one that was waited for may have ended before it was ready

    def on_interrupt(self) -> None:
        """Ctrl-C ends the run; a second one, or one when idle, ends the session."""
        situation = self._situation
        if situation.current is not None and situation.current.debugging:
            return  # it is for the debugger, which has the terminal
        situation.interrupts += 1
        if situation.current is None or situation.interrupts > 1:
            is_cut_short = situation.current is not None or self._options.once
            situation.end(INTERRUPTED if is_cut_short else situation.exit_code)
        else:
            self._canceller.heed_interrupt()

    # The end of the session

    def _end_processes(self, *, for_restart: bool) -> None:
        """Nothing of ours outlives the session."""
        if self._is_running():
            self._canceller.kill()
        self._canceller.let_leave(LAST_WORDS if self._options.once else GRACE)
        if self._covering is not None:
            self._covering.close_down()
        self._pool.close()
        self._internal.close()  # who has yet to connect ends too
        self._engine.close()
        self._answering.close(for_restart=for_restart)
        self._watching.close()
        self._events.close()
        self._screen.close()
