"""Assesses where the whole project stands, as far as the session knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.session.standing import Standing

if TYPE_CHECKING:
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.failures import Failures
    from pytest_reloadwatch.session.planner import Planner
    from pytest_reloadwatch.session.preferences import Preferences
    from pytest_reloadwatch.session.situation import Situation


class Assessor:
    """Asked at any time, also while a run is under way."""

    def __init__(
        self, situation: Situation, book: Book, planner: Planner, preferences: Preferences, failures: Failures
    ) -> None:
        self._situation = situation
        self._book = book
        self._planner = planner
        self._preferences = preferences
        self._failures = failures

    def standing(self) -> Standing:
        situation, selection = self._situation, self._book.select()
        proven = situation.runs > 0 and not selection.unknown and self._book.listings.is_known()
        proven = proven and (situation.round.held or not self._book.doubtful())  # a held round confirms nothing
        is_settled = proven or situation.failure is not None
        loose = {} if is_settled else {n: o for n, o in self._book.loose.items() if n not in selection.verdicts}
        return Standing(
            selection,
            situation.failure,
            situation.round,
            is_settled,
            loose,
            filter=str(self._preferences.filter_of(situation.round)),
            held_back=self._planner.held_back(situation.round),
            places=self._failures.places(),
        )

    def is_narrowed(self) -> bool:
        """Whether the person's preferences have left tests out of this round."""
        preferences, wish = self._preferences, self._situation.round.wish
        is_narrow = bool(preferences.filter) or preferences.paused or bool(wish.only or wish.only_failing)
        return is_narrow and not wish.unfiltered and not self._situation.round.held
