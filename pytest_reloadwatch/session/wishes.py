"""Wishes: what keys ask for, in terms of rounds and preferences; the controller does what is left of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pytest_reloadwatch.proof.filter import Filter
from pytest_reloadwatch.session.preview import preview
from pytest_reloadwatch.session.rounds import Wish
from pytest_reloadwatch.session.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.failures import Failures
    from pytest_reloadwatch.session.preferences import Preferences
    from pytest_reloadwatch.session.rounds import Round
    from pytest_reloadwatch.session.screen import Screen
    from pytest_reloadwatch.session.standing import Standing
    from pytest_reloadwatch.session.warmth import Warmth
    from pytest_reloadwatch.session.why import Why


class Stage(Protocol):
    """What the controller does for wishes."""

    def start_round(self, wish: Wish) -> bool:
        """Begin a round now; a run that is under way makes room. Whether anything has to run."""

    def hold(self) -> None:
        """End the run that is under way; nothing more runs by itself."""

    def rearrange(self) -> None:
        """A run that is under way goes on anew with what is left, as preferences are now."""

    def standing(self) -> Standing: ...

    def round_now(self) -> Round: ...

    def save(self) -> None: ...

    def start_over(self) -> None: ...

    def quit(self) -> None: ...


@dataclass(frozen=True)
class Wishes:
    """Grants what the keyboard asks for (see keyboard.Desires)."""

    stage: Stage
    screen: Screen
    book: Book
    preferences: Preferences
    failures: Failures
    warmth: Warmth
    why: Why
    writes_snapshots: bool

    def ask(self, wish: Wish) -> None:
        if not self.stage.start_round(wish):
            self.screen.note(self._nothing_to_rerun(wish))

    def hold(self) -> None:
        self.stage.hold()

    def go_on(self) -> None:
        if self.stage.round_now().held:
            self.ask(Wish(is_asked=True))

    def narrow(self, part: str, text: str) -> None:
        try:
            if part == "marker" and text.strip():
                Filter(marker=text).lets_through("", ())
        except ValueError as error:
            self.screen.note(f"no such marker expression: {error}")
            return
        self.preferences.set_filter(part, text)
        is_narrow = bool(self.preferences.filter)
        self.screen.note(f"filter {self.preferences.filter}" if is_narrow else "no filter")
        self.ask(Wish(everything=is_narrow, is_asked=True))

    def preview(self, part: str, text: str) -> str:
        return preview(self.book, self.preferences, part, text)

    def toggle(self, what: str) -> None:
        self.screen.note(self.preferences.toggle(what))
        if what == "paused" and not self.preferences.paused:
            self.ask(Wish(is_asked=True))
        else:
            self.stage.rearrange()

    def failing(self) -> Sequence[str]:
        return self.stage.standing().failing

    def show_failures(self) -> None:
        self.screen.failures(self.failures.of(self.failing()))

    def explain(self) -> None:
        self.screen.why(self.why.report(self.stage.round_now()))

    def save_statistics(self) -> None:
        self.stage.save()
        self.screen.note(f"saved what is proven; {self.warmth.statistics()}")
        self.screen.note("python -m pytest_reloadwatch report draws the session, change by change")

    def update_snapshots(self) -> None:
        if self.writes_snapshots:
            self.ask(Wish(only_failing=True, is_asked=True, update_snapshots=True))
        else:
            self.screen.note("u updates snapshots of syrupy 5 or inline-snapshot: neither is installed here")

    def start_over(self) -> None:
        self.stage.start_over()

    def quit(self) -> None:
        self.stage.quit()

    def _nothing_to_rerun(self, wish: Wish) -> str:
        standing = self.stage.standing()
        if standing.is_settled and not standing.failing:
            return f"nothing to rerun: {_are_proven(standing.known)}"
        if wish.only_failing and not standing.failing:
            return "nothing fails"
        text = f"nothing to rerun with the filter {standing.filter}"
        if not standing.held_back:
            return text
        verb = "is" if standing.held_back == 1 else "are"
        return f"{text}: {count(standing.held_back, 'test')} not proven {verb} out of it"


def _are_proven(number: int) -> str:
    if number > 1:
        return f"all {number} tests are proven"
    return "the only test is proven" if number else "there are no tests"
