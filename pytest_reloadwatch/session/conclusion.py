"""The end of a run: what it found out goes into the book, and how it ended says something of the session."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.digest import FIRST_PARTY
from pytest_reloadwatch.proof.rank import Rank
from pytest_reloadwatch.session.ending import USAGE_ERROR, failure_code, is_failure, was_stopped
from pytest_reloadwatch.session.rounds import Failure, Round, Wish

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_reloadwatch.covering.covering import Covering
    from pytest_reloadwatch.session.assessing import Assessor
    from pytest_reloadwatch.session.beginning import Beginning
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.changes import Changes
    from pytest_reloadwatch.session.chronicler import Chronicler
    from pytest_reloadwatch.session.conversation import Conversation
    from pytest_reloadwatch.session.events import Events
    from pytest_reloadwatch.session.junit import Junit
    from pytest_reloadwatch.session.pool import Pool
    from pytest_reloadwatch.session.rounds import Current
    from pytest_reloadwatch.session.situation import Situation
    from pytest_reloadwatch.session.watching import Watching

RETRIES = 2  # runs for tests that could not be proven, because something was written meanwhile


class Conclusions:
    """Drawn from each run that came to its end, by itself or because it was told to."""

    def __init__(
        self,
        situation: Situation,
        beginning: Beginning,
        book: Book,
        pool: Pool,
        changes: Changes,
        conversation: Conversation,
        chronicler: Chronicler,
        assessor: Assessor,
        watching: Watching,
        events: Events,
        covering: Covering | None,
        junit: Junit | None,
    ) -> None:
        self._situation = situation
        self._beginning = beginning
        self._book = book
        self._pool = pool
        self._changes = changes
        self._conversation = conversation
        self._chronicler = chronicler
        self._assessor = assessor
        self._watching = watching
        self._events = events
        self._covering = covering
        self._junit = junit

    def draw(self, current: Current, *, cancelled: bool) -> None:
        """Take what the run found out into the book. Raises Restart."""
        self._conversation.tell_late()
        self._conversation.announce(current)
        self._changes.take_in_after(current)
        if current.exit_code is None and not cancelled and not current.conftest:
            self._conversation.blame(current)
        if current.is_cold and not cancelled and current.exit_code in (0, 1):
            self._chronicler.note_cold(time.monotonic() - current.began)
        self._reject_order(current)
        if self._situation.round.wish.update_snapshots:
            self._forget_updates(current)
        if cancelled:
            current.record.confirms = frozenset()  # that is still to be done
        unproven = self._book.close(current.record)
        if self._covering is not None:
            self._covering.close(self._book.ended(current.record, unproven))
        if self._junit is not None:
            self._junit.take()
        self._watching.follow()
        if self.tell_left_out():
            self._give_another_turn(unproven)
        self._conversation.tell_differing(self._book.confirming.take_differing())
        self._have_retried(unproven, RETRIES + current.record.has_unheard)
        self._count(current, unproven)
        self._judge_ending(current, cancelled=cancelled)
        self._pool.distrust(current.record.number, current.record.disturbed | current.record.written)
        self._tell_end(current, cancelled=cancelled)

    def tell_left_out(self) -> bool:
        """Say of what nobody will hear any more that it changes; whether there is anything new of the kind."""
        left_out = self._book.following.take_left_out()
        self._conversation.tell_left_out(map(self._beginning.place_name, left_out))
        return bool(left_out)

    def _give_another_turn(self, unproven: Collection[str]) -> None:
        """To tests that had theirs in this round, and lost their proof to what was left out after it."""
        round_ = self._situation.round
        round_.attempted &= self._book.select().verdicts.keys() | set(unproven)
        round_.before_run = None

    def _reject_order(self, current: Current) -> None:
        """What comes out otherwise in the usual order: who the fixture that fails as it is torn down fails, or who
        reads what another test makes.
        """
        if not current.is_sorted:
            return
        record = current.record
        rejected = self._book.steadiness.out_of_turn(record)
        if any(ended.teardown_failed for ended in record.ended.values()):
            rejected = set(record.ended)
            current.planned = 0  # as if it had never had any
        for nodeid in rejected:
            del record.ended[nodeid]
        if rejected:
            current.planned = max(0, current.planned - len(rejected))
            self._situation.round.in_order = True
            self._situation.round.before_run = None

    def _forget_updates(self, current: Current) -> None:
        """Nothing is proven by a test that writes what it compares with; whatever it wrote counts as edited."""
        current.record.ended.clear()
        current.planned = 0
        current.record.before.clear()
        self._book.steadiness.declare(current.record.written)
        self._situation.round = Round(wish=Wish(is_asked=True))

    def _have_retried(self, unproven: dict[str, str], most: int) -> None:
        """What they rest on was written while they ran; *most* is how often that is tried again."""
        round_ = self._situation.round
        if (unproven or self._book.listings.is_missed) and round_.retries < most:
            round_.retries += 1
            round_.before_run = None
        elif unproven:
            self._conversation.complain_of_writing(map(self._beginning.place_name, unproven.values()))

    def _count(self, current: Current, unproven: dict[str, str]) -> None:
        """What has had its turn."""
        round_, record = self._situation.round, current.record
        if round_.runs:  # otherwise a change has begun another round meanwhile
            # A checkpoint may have waited in the middle of a file that the run was to pass over: that is no attempt.
            failed = {nodeid for nodeid, path in record.failed_files.items() if path not in record.pruned}
            round_.attempted |= {*record.ended, *failed} - unproven.keys()
        if current.is_quiet:
            return  # they were counted when they were told
        round_.tests_run += len(record.ended)
        round_.direct.update(ended.outcome for ended in record.ended.values() if self._is_direct(ended.nodeid))

    def _is_direct(self, nodeid: str) -> bool:
        """As a run has it: a test that was not known before counts too."""
        ranked = self._situation.round.reasons.get(nodeid)
        return ranked is None or ranked.rank is Rank.DIRECT

    def _judge_ending(self, current: Current, *, cancelled: bool) -> None:
        """What the way in which a run ended says about the session."""
        situation = self._situation
        if cancelled:
            # A change that came while the run was ending has begun a round of its own.
            situation.round.held = situation.round.held or (situation.interrupts > 0 and situation.round.runs > 0)
            situation.interrupts = 0
        elif is_failure(current):
            self._fail(current)
        elif was_stopped(current):
            situation.round.held = True

    def _fail(self, current: Current) -> None:
        """The run ended before it came to any test."""
        name = self._beginning.file_name(current.conftest) if current.conftest else ""
        code = failure_code(current)
        problem = f"{name} cannot be imported" if name else f"pytest ended with exit code {code}"
        if name:
            self._conversation.tell_test(current, name, "error")
        # It may have died before it could tell what it had read.
        past = self._book.group({FIRST_PARTY, *(current.record.whole_past - current.record.disturbed)})
        self._situation.failure = Failure(code, problem, {name: "error"} if name else {}, past)
        if code == USAGE_ERROR and not name and self._situation.runs == 1 and not self._beginning.is_anew:
            self._situation.end(code)  # nothing that a save could mend: the command line is wrong

    def _tell_end(self, current: Current, *, cancelled: bool) -> None:
        self._events.emit(
            "run_finished",
            run=current.record.number,
            exit_code=self._exit_code(current),
            seconds=round(time.monotonic() - current.began, 3),
            reexecuted=sorted(current.record.modules),
            cancelled=cancelled,
        )

    def _exit_code(self, current: Current) -> int:
        """As for the session where the run went through, else pytest's own."""
        if current.exit_code is None or current.exit_code in (0, 1, 5):
            return self._assessor.standing().exit_code
        return current.exit_code
