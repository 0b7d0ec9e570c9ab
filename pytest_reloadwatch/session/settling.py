"""Nothing more runs by itself: where the project stands is told to everybody who wants to know."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pytest_reloadwatch.session.standing import NO_TESTS

if TYPE_CHECKING:
    from pytest_reloadwatch.covering.covering import Covering
    from pytest_reloadwatch.options import Options
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.chronicler import Chronicler
    from pytest_reloadwatch.session.events import Events
    from pytest_reloadwatch.session.hoisting import Hoister
    from pytest_reloadwatch.session.junit import Junit
    from pytest_reloadwatch.session.preferences import Preferences
    from pytest_reloadwatch.session.screen import Screen, Summary
    from pytest_reloadwatch.session.situation import Situation
    from pytest_reloadwatch.session.standing import Standing
    from pytest_reloadwatch.session.warmth import Warmth
    from pytest_reloadwatch.session.watching import Watching


class Settling:
    """Tells the screen, the events and the chronicle, and has coverage written and reported."""

    def __init__(
        self,
        situation: Situation,
        options: Options,
        preferences: Preferences,
        book: Book,
        hoister: Hoister,
        warmth: Warmth,
        chronicler: Chronicler,
        watching: Watching,
        screen: Screen,
        events: Events,
        covering: Covering | None,
        junit: Junit | None,
    ) -> None:
        self._situation = situation
        self._options = options
        self._preferences = preferences
        self._book = book
        self._hoister = hoister
        self._warmth = warmth
        self._chronicler = chronicler
        self._watching = watching
        self._screen = screen
        self._events = events
        self._covering = covering
        self._junit = junit

    def tell(self, standing: Standing) -> None:
        """That a round is over."""
        round_ = self._situation.round
        self._chronicler.close(round_, standing, len(self._hoister.executed))
        self._situation.exit_code = standing.exit_code
        self.write_coverage(standing)
        if self._junit is not None:
            self._junit.write(self._book.report(standing.outcomes), self._book.seconds)
        if not round_.is_news:
            return
        if not round_.runs and standing.failure is None and standing.is_settled:
            self._screen.changed(round_.cause, 0, 0, standing.selection.known)
        if standing.is_settled:
            self._events.emit("settled", **standing.as_event())
        if standing.failure is not None and standing.failure.said:
            self._screen.said(standing.failure.said)
        summary = standing.summary()
        self._screen.summary(summary)
        self._notify(summary, standing)

    def write_coverage(self, standing: Standing) -> None:
        if self._covering is not None and standing.failure is None:
            self._covering.write(standing.selection, self._book.files)

    def report_coverage(self, standing: Standing) -> None:
        """That of the whole suite; in once mode it may fall short."""
        if self._covering is None or standing.failure is not None:
            return
        situation = self._situation
        if self._options.once:
            if self._covering.report(has_failed=bool(standing.failing)) and situation.exit_code in (0, NO_TESTS):
                situation.exit_code = 1
        elif situation.round.is_news:
            self._watching.drain()  # the data file has been written; what else there was is seen at once
            situation.deadlines.look = time.monotonic()
            self._covering.report(has_failed=bool(standing.failing), wake=self._watching.fileno())

    def tell_that_it_waits(self, standing: Standing) -> None:
        situation, round_ = self._situation, self._situation.round
        if not round_.is_news:
            return
        seconds = time.monotonic() - round_.started
        if standing.is_settled:
            self._warmth.note_round(round_, seconds, standing.known)
        warmth = self._warmth.describe(round_, seconds) if situation.runs else ""
        on = self._preferences.describe()
        if round_.cause and not round_.runs and not standing.is_settled:
            on.append(f"on disk is newer than what ran: {', '.join(round_.cause)}")
        self._screen.waiting(self._watching.problem if situation.runs == 1 else "", warmth, on)

    def _notify(self, summary: Summary, standing: Standing) -> None:
        """To the desktop, where that is wanted: that something fails, or that nothing does and all is known."""
        if standing.exit_code not in (0, NO_TESTS) or standing.is_settled:
            self._screen.notify(summary)
