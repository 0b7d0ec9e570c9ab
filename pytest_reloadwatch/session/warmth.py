"""How warm the session is: modules kept, and the time of a round beside that of the first run of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import path_of
from pytest_reloadwatch.session.wording import count

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_reloadwatch.session.rounds import Round


class Warmth:
    """*engine* is its name. All times are measured, in seconds."""

    def __init__(self, engine: str) -> None:
        self.limit = ""  # what stood in the way of more in the last run
        self._rounds = 0
        self._ran = 0
        self._spared = 0
        self._saved = 0.0
        self._engine = engine
        self._kept = 0
        self._first = 0.0

    def note_start(self, past: Iterable[tuple[str, str]], modules: Mapping[str, str]) -> None:
        """A run goes on from a process with this *past*; *modules* are the files of all that were executed, by name."""
        taken_in = {path_of(key) for key, _ in past}
        self._kept = sum(path in taken_in for path in modules.values())

    def note_round(self, round_: Round, seconds: float, known: int) -> None:
        """The first round with every test, from a process without any module, is what others are compared with."""
        if not self._first and round_.is_first and round_.tests_run >= known > 0:
            self._first = seconds
        elif round_.changed:
            self._rounds += 1
            self._ran += round_.tests_run
            self._spared += max(0, known - round_.tests_run)
            self._saved += max(0.0, self._first - seconds)

    def statistics(self) -> str:
        """What the session has done about changes so far."""
        if not self._rounds:
            return "no change has come yet"
        saved = f"; {self._saved:.1f} s saved against runs of all" if self._first else ""
        return f"changes answered: {self._rounds}, tests run: {self._ran}, not needed: {self._spared}{saved}"

    def describe(self, round_: Round, seconds: float) -> str:
        """One line about what the last run of the round was spared."""
        text = f"{self._engine}: {count(self._kept, 'module')} kept warm, {len(round_.reexecuted)} executed"
        if not round_.runs:
            text = f"{self._engine}: nothing had to be executed"
        if self._first and round_.changed:
            text += f"; {seconds:.2f} s where the first run of all took {self._first:.2f} s"
        return f"{text}; no checkpoint after: {self.limit}" if self.limit else text
