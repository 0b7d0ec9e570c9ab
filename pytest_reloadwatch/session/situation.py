"""The situation of a session, shared by all who lead it, and what they ask the controller for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_reloadwatch.session.late_writes import LateWrites
from pytest_reloadwatch.session.rounds import Deadlines, Round
from pytest_reloadwatch.session.states import SUCCESSORS, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.session.rounds import Current, Failure


@dataclass
class Situation:
    """*rested* is the last round that was not for an errand, *current* the run that is alive.

    *leaving* has finished, but its process has not ended yet; *late* is what that may still write. *runs* counts those
    of the session; *failure* is why there can be no other now, *unfit* why a warm process was none to go on from.
    *interrupts* is how often Ctrl-C came since the last run ended. *over* has finished while the tree *is_looked_at*,
    and waits. *last_change* and *looked* are moments of the monotonic clock.
    """

    round: Round
    rested: Round = field(init=False)
    state: State = State.IDLE
    deadlines: Deadlines = field(default_factory=Deadlines)
    current: Current | None = None
    leaving: Current | None = None
    late: LateWrites = field(default_factory=LateWrites)
    runs: int = 0
    failure: Failure | None = None
    unfit: str = ""
    interrupts: int = 0
    last_change: float = 0.0
    looked: float = 0.0
    is_looked_at: bool = False
    over: Current | None = None
    has_root: bool = False
    exit_code: int = 0

    def __post_init__(self) -> None:
        self.rested = self.round

    def has_ended(self) -> bool:
        return self.state is State.ENDED

    def move(self, state: State) -> None:
        if state is not self.state:
            assert state in SUCCESSORS[self.state], f"{self.state} does not lead to {state}"
            self.state = state

    def end(self, exit_code: int) -> None:
        """The session is over."""
        self.exit_code = exit_code
        self.move(State.ENDED)


@dataclass(frozen=True)
class Decisions:
    """What the controller decides, for those who find out that it is time to.

    *look* sweeps the tree and acts on what has changed, *plan* starts the run that is needed, or settles; *plan_again*
    does so only where a run is needed, which *needs_run* tells. *finish* is for the end of a run.
    """

    look: Callable[[], None]
    plan: Callable[[], None]
    plan_again: Callable[[], None]
    needs_run: Callable[[], bool]
    finish: Callable[[Current], None]
