"""How long each step of a round took, from the save to the verdicts."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

NOTICE = "notice"  # from the save until it is known what has changed
PLAN = "plan"  # selection, ranking, and the choice of a checkpoint
REWIND = "rewind"  # until the run is alive
LOAD = "load"  # until its tests begin: modules are executed, and tests collected
TESTS = "tests"
CLOSE = "close"  # the tree is looked at again, and verdicts become proofs
REEXECUTE = "re-execute"  # the part of the above in which modules were executed
COLLECT = "collect"  # and the rest of it
STEPS = (NOTICE, PLAN, REWIND, REEXECUTE, COLLECT, TESTS, CLOSE)
LATE = 5.0  # seconds after which a file's time stamp says nothing of when it was saved


@dataclass
class Timing:
    """A round is in one step at a time, and may come to each of them several times, in several runs.

    *late* is how long ago the save was when it was noticed, in seconds. *first* is when the first verdict came.
    """

    late: float = 0.0
    began: float = field(default_factory=time.monotonic)
    first: float | None = None
    _spent: dict[str, float] = field(default_factory=dict)
    _step: str = NOTICE
    _since: float = 0.0

    def __post_init__(self) -> None:
        self._since = self.began
        self._spent[NOTICE] = self.late

    def enter(self, step: str) -> None:
        """The round comes to *step*; to none with an empty one."""
        now = time.monotonic()
        if self._step:
            self._spent[self._step] = self._spent.get(self._step, 0.0) + now - self._since
        self._step, self._since = step, now

    def note_verdict(self) -> None:
        if self.first is None:
            self.first = time.monotonic() - self.began + self.late

    def note_importing(self, seconds: float) -> None:
        """So much of what is spent on loading now is the execution of modules."""
        self._spent[REEXECUTE] = self._spent.get(REEXECUTE, 0.0) + seconds

    def seconds(self) -> float:
        """From the save until now, or until the last step ended."""
        return (self._since if not self._step else time.monotonic()) - self.began + self.late

    def split(self) -> dict[str, float]:
        """Seconds by step."""
        reexecute = min(self._spent.get(REEXECUTE, 0.0), self._spent.get(LOAD, 0.0))
        spent = {**self._spent, REEXECUTE: reexecute, COLLECT: self._spent.get(LOAD, 0.0) - reexecute}
        return {step: round(spent.get(step, 0.0), 4) for step in STEPS}


def lateness(stamps: list[float]) -> float:
    """How long ago, in seconds, files with these time stamps were saved; nothing where that cannot be."""
    ago = time.time() - max(stamps, default=0.0)
    return ago if 0 <= ago <= LATE else 0.0
