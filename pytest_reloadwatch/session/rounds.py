"""A round: everything from a change, or a wish of the person's, until the project's standing is known again."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.rank import Rank
from pytest_reloadwatch.session.timing import Timing

if TYPE_CHECKING:
    from pytest_reloadwatch.proof.model import Group
    from pytest_reloadwatch.proof.rank import Ranked
    from pytest_reloadwatch.rewind.messages import Channel
    from pytest_reloadwatch.session.run_record import RunRecord

MANY = 20  # tests
SHORT = 0.01  # seconds


@dataclass(frozen=True)
class Wish:
    """What was asked for: everything, what fails, *only* these tests; none of it means what is affected or fails.

    *nodeids* run whether they are proven or not. *is_asked* says that somebody did, *unfiltered* that it was a client,
    whose questions are about the whole project. With *update_snapshots* the verdicts prove nothing: the same tests run
    once more, without.
    """

    everything: bool = False
    only_failing: bool = False
    only: frozenset[str] = frozenset()
    nodeids: frozenset[str] = frozenset()
    is_asked: bool = False
    unfiltered: bool = False
    update_snapshots: bool = False


@dataclass
class Round:
    """What has had its turn since the tree last changed or the person last asked.

    *cause* names what changed, *changed* are its keys, *outdated* the files whose modules execute again.
    *attempted* are nodeids with a verdict in this round; *before_run* what was not proven, and how many were
    attempted, when its last run began. A *held* round starts no further run: it was interrupted, or stopped at a
    failure as asked. *in_order* leaves its tests in the order of collection. *first_ones* are the tests that run where
    only the direct ones are wanted. *reasons* say why tests were selected, by nodeid, *earlier* why they were in the
    rounds since the last change, *direct* how many of the direct ones have run, by outcome. *is_told* says that the
    person knows of its cause, *is_first* that nothing was warm when it began. *timing* is how long its steps took.
    """

    cause: list[str] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    outdated: set[str] = field(default_factory=set)
    wish: Wish = Wish()
    started: float = field(default_factory=time.monotonic)
    attempted: set[str] = field(default_factory=set)
    before_run: tuple[frozenset[str], int] | None = None
    runs: int = 0
    tests_run: int = 0
    reexecuted: set[str] = field(default_factory=set)
    retries: int = 0
    held: bool = False
    in_order: bool = False
    first_ones: set[str] = field(default_factory=set)
    disturbances: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, Ranked] = field(default_factory=dict)
    earlier: dict[str, Ranked] = field(default_factory=dict)
    direct: Counter[str] = field(default_factory=Counter)
    is_told: bool = False
    timing: Timing = field(default_factory=Timing)
    is_first: bool = False

    def explained(self) -> dict[str, Ranked]:
        """Why tests were selected: what has changed counts for more than that they failed last time."""
        return {
            nodeid: one if one.change is not None else self.earlier.get(nodeid, one)
            for nodeid, one in self.reasons.items()
        }

    def is_only_reached(self, nodeid: str) -> bool:
        """Whether a test was selected for its imports alone: it neither executed nor read what has changed."""
        reason = self.reasons.get(nodeid)
        return reason is not None and reason.rank is Rank.REST

    @property
    def is_news(self) -> bool:
        """Whether there is anything to tell about it."""
        return bool(self.runs or self.cause)


@dataclass
class Current:
    """The run that is alive: what it has told of itself.

    *forked* is the process that is to be it, as its checkpoint says, *pid* the one that is, as it says itself.
    *reached* is the test or file that it is at, with its path; *running* is what each of its processes is at, by the
    name of the worker, with the moment at which it came there. *broken_at* is how many tests had ended when a line of
    ours last broke its report. *exit_code* is pytest's, once it has finished; *status* the process's, as subprocess has
    it, once its parent has told. *is_sorted* says that its tests have another order than that of collection,
    *is_waited_for* that it is the first after a change, *is_cold* that it continues from nothing and runs everything,
    *is_quiet* that it only confirms.
    """

    record: RunRecord
    checkpoint: int
    cause: list[str]
    began: float = field(default_factory=time.monotonic)
    forked: int = 0
    pid: int = 0
    channel: Channel | None = None
    workers: list[Channel] = field(default_factory=list)
    is_shared: bool = False
    planned: int = -1
    broken_at: int = -1
    reached: tuple[str, str] = ("", "")
    running: dict[str, tuple[str, float]] = field(default_factory=dict)
    in_test: bool = False
    announced: bool = False
    debugging: bool = False
    unfit: bool = False
    conftest: str = ""
    is_sorted: bool = False
    is_waited_for: bool = False
    is_cold: bool = False
    is_quiet: bool = False
    exit_code: int | None = None
    status: int | None = None
    closed: bool = False

    def is_amid_short_tests(self) -> bool:
        """Whether many have ended, many are to come, and the last one was over at once."""
        ended = self.record.ended
        is_amid = MANY <= len(ended) <= self.planned - MANY
        return is_amid and next(reversed(ended.values())).seconds < SHORT


@dataclass(frozen=True)
class Failure:
    """A run that ended before there were tests: holds as long as what it had taken in stays as it is.

    *said* is what pytest said of it, where nobody has seen that yet.
    """

    exit_code: int
    problem: str
    verdicts: dict[str, str]
    past: Group
    said: str = ""


@dataclass
class Deadlines:
    """Moments of the monotonic clock at which something is due, in seconds."""

    interrupt: float | None = None
    kill: float | None = None
    quiet: float | None = None
    look: float | None = None
    progress: float | None = None

    def until_next(self) -> float | None:
        """Seconds until the first; None when nothing is due."""
        moments = (self.interrupt, self.kill, self.quiet, self.look, self.progress)
        due = [moment for moment in moments if moment is not None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def take(self, name: str) -> bool:
        """Whether the deadline *name* has come; it is gone then."""
        moment = getattr(self, name)
        if moment is None or time.monotonic() < moment:
            return False
        setattr(self, name, None)
        return True
