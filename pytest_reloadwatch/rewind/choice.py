"""Which checkpoint to continue from, and which to let go: pure functions over descriptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pytest_reloadwatch.proof.digest import ABSENT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

BUDGET = 12
CLEARLY = 0.01  # seconds: less than that is no reason, for what imports take is never quite the same
ONCE = 3  # times as long may one run import, if that makes later ones quicker
ROOT = "root"  # the place of a process that has not taken in anything first-party
WARM = "warm"  # the place of a worker that has had a run, and reloads in place for the next one
PRUNED = "pruned"  # what collection made of a file that was not looked into
_SEEN_OR_AHEAD = frozenset({"", "ok"})


class Ahead(NamedTuple):
    """What a run that goes on from some checkpoint has to import: how long that takes, and how many modules.

    *burden* counts files that people edit these days and that it does not need, but executes, or has executed: the next
    edit of one of them makes what it freezes useless.
    """

    seconds: float
    modules: int
    burden: int = 0


@dataclass(frozen=True)
class Checkpoint:
    """What the controller knows of a frozen process.

    *past* are the pairs of key and digest that it has taken in; *collected* what collection made of
    the files that it has passed; *hoisted* the modules on its shelf; *at_hand* a conftest that it goes on to import.
    """

    pid: int
    parent: int
    run: int
    place: str
    before: str
    moment: float
    past: frozenset[tuple[str, str]]
    collected: dict[str, str]
    hoisted: tuple[str, ...] = ()
    at_hand: str = ""

    @property
    def is_root(self) -> bool:
        return self.place == ROOT

    def is_valid(self, tree: AbstractSet[tuple[str, str]]) -> bool:
        """Whether nothing that it has taken in has changed, and what it waits before is there: pytest looked for it."""
        return self.past <= tree and tree.isdisjoint({(self.before, ABSENT), (self.at_hand, ABSENT)})

    def can_collect(self, files: Iterable[str]) -> bool:
        """Whether each of these files is collected in it, or still ahead."""
        return all(self.collected.get(path, "") in _SEEN_OR_AHEAD for path in files)


def choose(
    checkpoints: Iterable[Checkpoint],
    tree: AbstractSet[tuple[str, str]],
    files: Collection[str],
    rest: Callable[[Checkpoint], Ahead] | None = None,
) -> Checkpoint | None:
    """The checkpoint that keeps most: of those that hold nothing changed the one with the fewest modules ahead.

    *rest* estimates that; what clearly takes longer than with another checkpoint is out. Without it, and among equals,
    the latest moment counts. It is late for all that a run has imported, wanted or not, and for a busy machine. One
    without burden may take a few times as long, once, so that the next edits are answered from what it freezes.
    """
    usable = [c for c in checkpoints if c.can_collect(files) and c.is_valid(tree)]
    if rest is None or not usable:
        return max(usable, key=lateness, default=None)
    ahead = {c.pid: rest(c) for c in usable}
    best = _with_least(usable, ahead)
    lighter = [c for c in usable if ahead[c.pid].burden < ahead[best.pid].burden]
    if not lighter or not ahead[best.pid].modules:
        return best
    other = _with_least(lighter, ahead)
    return other if ahead[other.pid].seconds <= ahead[best.pid].seconds * ONCE + CLEARLY else best


def _with_least(checkpoints: Sequence[Checkpoint], ahead: Mapping[int, Ahead]) -> Checkpoint:
    least = min(ahead[c.pid].seconds for c in checkpoints)
    quick = [c for c in checkpoints if ahead[c.pid].seconds < least + CLEARLY]
    return max(quick, key=lambda c: (-ahead[c.pid].modules, *lateness(c)))


def lateness(checkpoint: Checkpoint) -> tuple[float, int, int]:
    """The larger, the more has been done by then."""
    return checkpoint.moment, len(checkpoint.hoisted), checkpoint.run


def surplus(
    checkpoints: Sequence[Checkpoint],
    tree: AbstractSet[tuple[str, str]],
    hot: Sequence[str],
    budget: int = BUDGET,
) -> list[Checkpoint]:
    """Those to let go so that at most *budget* stay, the least useful first.

    One that is unusable now may be usable again when an edit is undone, so it goes by its turn.
    """
    ranked = sorted(checkpoints, key=lambda c: _worth(c, tree, hot, checkpoints))
    return ranked[: max(0, len(ranked) - budget)]


def _worth(
    checkpoint: Checkpoint,
    tree: AbstractSet[tuple[str, str]],
    hot: Sequence[str],
    checkpoints: Sequence[Checkpoint],
) -> tuple[int, int, int]:
    """Larger is worth more: the root, then what waits before a hot module, then by place and age."""
    newer_twin = any(
        other.run > checkpoint.run and (other.place, other.before) == (checkpoint.place, checkpoint.before)
        for other in checkpoints
    )
    valid = checkpoint.is_valid(tree)
    if checkpoint.is_root:
        rank = 9
    elif newer_twin:
        rank = 0
    elif checkpoint.before and checkpoint.before in hot:
        rank = 6
    else:
        rank = {"before collection": 5, "after collection": 4}.get(checkpoint.place, 2)
    return rank, int(valid), checkpoint.run
