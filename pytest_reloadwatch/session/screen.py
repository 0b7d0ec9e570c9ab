"""What the controller says to the person; the terminal package implements it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Summary:
    """Where the whole project stands after a run. Times are in seconds."""

    exit_code: int
    known: int
    failing: tuple[str, ...]
    unproven: int
    ran: int
    seconds: float
    reexecuted: int
    interrupted: bool
    problem: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    filter: str = ""
    held_back: int = 0  # tests that are not proven and out of the filter
    places: dict[str, str] = field(default_factory=dict)  # file:line by nodeid, of what fails


class Screen(Protocol):
    """Lines and keys. *fileno* is readable when a key was pressed, -1 where there are no keys."""

    def fileno(self) -> int: ...

    def key(self) -> str:
        """The key that was pressed; empty for none."""

    def give_up_terminal(self) -> None:
        """A run needs the terminal to itself."""

    def take_terminal(self) -> None:
        """Keys are ours again."""

    def note(self, text: str) -> None:
        """Something worth saying once."""

    def died(self, text: str) -> None:
        """A run is gone, perhaps in the middle of a line of its report."""

    def said(self, text: str) -> None:
        """What pytest said in a process that wrote nowhere."""

    def changed(self, paths: Sequence[str], modules: int, tests: int, known: int) -> None:
        """What changed and what it means."""

    def summary(self, summary: Summary) -> None:
        """The closing line of a run."""

    def waiting(self, poll: str, warmth: str = "", on: Sequence[str] = ()) -> None:
        """The session waits; *poll* says what stands in the way of file events, if anything.

        *warmth* says how warm it is, *on* what else is to be known: preferences, and what has not run.
        """

    def notify(self, summary: Summary) -> None:
        """Tell those who look elsewhere, if that is wanted."""

    def progress(self, text: str, *, again: bool) -> None:
        """How far a long run is, in the middle of its report, or *again* just after another such line."""

    def prompt(self, text: str) -> None:
        """A line that is being typed, in the place of the one before; empty when it is complete."""

    def failures(self, failures: Sequence[tuple[str, str, str]]) -> None:
        """What pytest said of each failure: nodeid, text and place."""

    def why(self, reasons: Sequence[str]) -> None:
        """Why tests and modules of the last round ran, a line each."""

    def help(self) -> None:
        """What the keys do."""

    def close(self) -> None: ...
