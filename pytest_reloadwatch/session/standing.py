"""Where the whole project stands: pure, from a selection and what the session knows besides."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.proof.model import BAD
from pytest_reloadwatch.session.screen import Summary

if TYPE_CHECKING:
    from pytest_reloadwatch.proof.selection import Selection
    from pytest_reloadwatch.session.rounds import Failure, Round

INTERRUPTED = 2
NO_TESTS = 5


@dataclass(frozen=True)
class Standing:
    """The answer to every question about the project: the settled object, the closing line, the exit code.

    *loose* are verdicts of the last run that nothing proves, since what they rest on was written meanwhile.
    *filter* is what the person looks at, *held_back* how many tests without a verdict are out of it; *places* are those
    of failures, as file:line.
    """

    selection: Selection
    failure: Failure | None
    round: Round
    is_settled: bool
    loose: dict[str, str]
    filter: str = ""
    held_back: int = 0
    places: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 exactly when no known verdict is failed or error, and nothing stood in the way of one."""
        if self.failure is not None:
            return self.failure.exit_code
        if self.failing:
            return 1
        if self.round.held and self.selection.unknown:
            return INTERRUPTED
        return 0 if self.known else NO_TESTS

    @property
    def known(self) -> int:
        """How many tests there are, as far as anything has told of them."""
        return max(self.selection.known, len(self.selection.verdicts) + len(self.loose))

    @property
    def failing(self) -> tuple[str, ...]:
        return tuple(sorted(nodeid for nodeid, outcome in self._verdicts.items() if outcome in BAD))

    @property
    def outcomes(self) -> dict[str, str]:
        if self.failure is not None:
            return dict(self.failure.verdicts)
        return self._verdicts

    @property
    def _verdicts(self) -> dict[str, str]:
        return {nodeid: proof.outcome for nodeid, proof in self.selection.verdicts.items()} | self.loose

    def as_event(self) -> dict[str, Any]:
        return {"exit_code": self.exit_code, "outcomes": self.outcomes}

    def as_answer(self, *, for_status: bool = False) -> dict[str, Any]:
        """What ``wait`` and ``status`` print; ``settled`` says so where it is not."""
        answer = {"event": "settled", **self.as_event()}
        if for_status or not self.is_settled:
            answer["settled"] = self.is_settled
        return answer

    def summary(self) -> Summary:
        known = self.known
        return Summary(
            exit_code=self.exit_code,
            known=known,
            failing=self.failing,
            unproven=0 if self.is_settled else max(0, known - len(self.selection.verdicts)),
            ran=self.round.tests_run,
            seconds=time.monotonic() - self.round.started,
            reexecuted=len(self.round.reexecuted),
            interrupted=self.round.held,
            filter=self.filter,
            held_back=0 if self.is_settled else self.held_back,
            places={nodeid: place for nodeid in self.failing if (place := self.places.get(nodeid))},
            problem=self.failure.problem if self.failure is not None else "",
        )
