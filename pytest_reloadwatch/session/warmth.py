"""How warm the session is: modules kept, and the time of a round beside that of the first run of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_reloadwatch.session.rounds import Round


class Warmth:
    """*engine* is its name. All times are measured, in seconds."""

    def __init__(self, engine: str) -> None:
        self.limit = ""  # what stood in the way of more in the last run
        self.saved = 0.0
        self._engine = engine
        self._first = 0.0

    def note_round(self, round_: Round, seconds: float, known: int) -> None:
        """The first round with every test, from a process without any module, is what others are compared with."""
        if not self._first:
            if round_.is_first and round_.tests_run >= known > 0:
                self._first = seconds
        elif round_.changed:
            self.saved += max(0.0, self._first - seconds)

    def describe(self, round_: Round, seconds: float, modules: int) -> str:
        """One line; *modules* is how many have been executed in this session."""
        text = f"{self._engine}: {modules} modules are warm"
        if round_.changed:
            text = f"{self._engine}: {max(0, modules - len(round_.reexecuted))} of {modules} modules kept warm"
        if self._first and round_.changed:
            text += f"; {seconds:.2f} s where the first run of all took {self._first:.2f} s"
        return f"{text}; no checkpoint after: {self.limit}" if self.limit else text
