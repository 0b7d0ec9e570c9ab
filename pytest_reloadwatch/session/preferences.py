"""Preferences: what a person has set with keys for all rounds from now on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.filter import Filter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_reloadwatch.options import Options
    from pytest_reloadwatch.proof.selection import Selected
    from pytest_reloadwatch.session.rounds import Round

FILTERS = {"p": "file", "t": "name", "m": "marker"}


@dataclass
class Preferences:
    """*markers* are those of the tests that this session has collected, by nodeid."""

    direct: bool = False
    fail_fast: bool = False
    paused: bool = False
    filter: Filter = field(default_factory=Filter)
    markers: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, options: Options) -> Preferences:
        return cls(direct=options.select == "direct" or "d" in options.keys, fail_fast="x" in options.keys)

    def set_filter(self, part: str, text: str) -> None:
        """*part* is file, name or marker, empty for all of them."""
        parts: Mapping[str, str] = {part: text.strip()} if part else {}
        self.filter = replace(self.filter if part else Filter(), **parts)

    def filter_of(self, round_: Round) -> Filter:
        """Clients ask about the whole project, whatever the person looks at."""
        return Filter() if round_.wish.unfiltered else self.filter

    def is_in_view(self, test: Selected, round_: Round, uncollected: set[str]) -> bool:
        """Whether *test* takes part, or its file, where *uncollected* has it: which tests that holds is not known."""
        wanted = self.filter_of(round_)
        if test.path in uncollected:
            return wanted.may_let_through(test.nodeid.partition("::")[0])
        return self.lets_through(test.nodeid, round_)

    def lets_through(self, nodeid: str, round_: Round) -> bool:
        wanted = self.filter_of(round_)
        return not wanted or wanted.lets_through(nodeid, self.markers.get(nodeid))

    def toggle(self, what: str) -> str:
        """Switch *what*: direct, fail_fast or paused; how it is now, for the person."""
        value = not getattr(self, what)
        setattr(self, what, value)
        words = {
            "direct": ("after a change only direct tests run", "all affected tests run"),
            "fail_fast": ("runs stop at the first failure", "runs do not stop at failures"),
            "paused": ("paused: changes run nothing until you press o again", "going on"),
        }
        return words[what][not value]

    def describe(self) -> list[str]:
        """What is on, in the words of the screen."""
        on = {
            "paused (o goes on)": self.paused,
            "direct tests only": self.direct,
            "stops at the first failure": self.fail_fast,
            f"filter {self.filter} (c clears it)": bool(self.filter),
        }
        return [text for text, is_on in on.items() if is_on]
