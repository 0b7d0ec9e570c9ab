"""Starts the run that a round needs, and tells why its tests were selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.rank import Rank
from pytest_reloadwatch.session.changes import Restart
from pytest_reloadwatch.session.rounds import Current
from pytest_reloadwatch.session.run_record import RunRecord
from pytest_reloadwatch.session.states import State
from pytest_reloadwatch.session.timing import REWIND

if TYPE_CHECKING:
    from pytest_reloadwatch.rewind.choice import Checkpoint
    from pytest_reloadwatch.rewind.messages import Resume
    from pytest_reloadwatch.session.beginning import Beginning
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.engine import Engine
    from pytest_reloadwatch.session.events import Events
    from pytest_reloadwatch.session.planner import Planner
    from pytest_reloadwatch.session.pool import Pool
    from pytest_reloadwatch.session.reports import Reports
    from pytest_reloadwatch.session.screen import Screen
    from pytest_reloadwatch.session.situation import Situation
    from pytest_reloadwatch.session.warmth import Warmth
    from pytest_reloadwatch.session.why import Why


class Starter:
    """*is_in_place* is where a root is a fresh process, whose need is to be explained."""

    def __init__(
        self,
        situation: Situation,
        beginning: Beginning,
        book: Book,
        pool: Pool,
        planner: Planner,
        engine: Engine,
        reports: Reports,
        events: Events,
        screen: Screen,
        warmth: Warmth,
        why: Why,
        is_in_place: bool,
    ) -> None:
        self._situation = situation
        self._beginning = beginning
        self._book = book
        self._pool = pool
        self._planner = planner
        self._engine = engine
        self._reports = reports
        self._events = events
        self._screen = screen
        self._warmth = warmth
        self._why = why
        self._is_in_place = is_in_place

    def start(self, remaining: frozenset[str]) -> Current | None:
        """Have these tests run; None where it has to wait for a process. Raises Restart."""
        situation = self._situation
        order = self._planner.order(situation.round, remaining, situation.runs + 1)
        chosen = self._engine.choose(order)
        if chosen is None:
            if self._engine.is_starting():
                return None  # planned again when it is ready
            raise Restart("no checkpoint is left")
        checkpoint, order = chosen
        self._reports.skip()
        situation.late.begin()
        self._book.silent_reads.begin()
        self._warmth.limit = ""
        self._warmth.note_start(checkpoint.past, self._book.module_paths())
        current = self._begin(order, checkpoint, remaining)
        self._tell_what_changed(remaining)
        if self._beginning.capture_off:
            self._screen.give_up_terminal()  # tests may read from it
        self._tell_of_fresh_process(checkpoint)
        situation.round.timing.enter(REWIND)
        self._pool.tell(checkpoint.pid, order)
        self._tell_reasons()
        return current

    def _begin(self, order: Resume, checkpoint: Checkpoint, remaining: frozenset[str]) -> Current:
        situation = self._situation
        situation.runs += 1
        situation.round.runs += 1
        situation.round.before_run = (remaining, len(situation.round.attempted))
        situation.current = Current(
            RunRecord(situation.runs, checkpoint.past, frozenset(order.prune), self._confirms(order)),
            checkpoint.pid,
            list(situation.round.cause),
            is_sorted=bool(order.places),
            is_waited_for=not order.often,
            is_quiet=order.quiet,
            is_cold=checkpoint.is_root and not order.prune and not order.proven and order.only is None,
        )
        situation.move(State.RUNNING)
        return situation.current

    def _confirms(self, order: Resume) -> frozenset[str]:
        return frozenset() if order.prune else self._book.doubtful()

    def _tell_what_changed(self, remaining: frozenset[str]) -> None:
        round_ = self._situation.round
        if round_.cause and round_.runs == 1 and not round_.is_told:
            round_.is_told = True
            expected = self._planner.expected(round_, remaining)
            known = max(self._book.select().known, expected)
            if known:
                self._screen.changed(round_.cause, len(round_.outdated), expected, known)
            else:
                self._screen.note(f"{round_.cause[0]} changed: looking for tests")

    def _tell_of_fresh_process(self, checkpoint: Checkpoint) -> None:
        if checkpoint.is_root and self._is_in_place and self._situation.runs > 1:
            self._screen.note(f"a fresh process: {self._situation.unfit or 'the last one was ended'}")
            self._situation.unfit = ""

    def _tell_reasons(self) -> None:
        """Say once a round why its tests were selected; by now the run is under way."""
        round_ = self._situation.round
        if round_.wish.nodeids:
            return  # because somebody asked
        ranked = [one for one in self._book.ranked() if one.test.nodeid not in round_.reasons]
        round_.reasons.update((one.test.nodeid, one) for one in ranked)
        if ranked and round_.runs == 1:
            direct = [one.test.nodeid for one in ranked if one.rank is Rank.DIRECT]
            affected = self._why.selected(ranked)
            modules = self._why.modules(round_.outdated, round_.changed)
            self._events.emit("selected", run=self._situation.runs, direct=direct, affected=affected, modules=modules)
