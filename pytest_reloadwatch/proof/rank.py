"""The order of what is selected: failed last time, direct, then the rest by import distance. Pure.

A test is direct if it executed a function that has changed, or anything in a file whose module level has, or read a
data file that has changed itself. So is one of which nothing is on record. The rest is only reached through imports.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.model import BAD

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pytest_reloadwatch.proof.model import Proof
    from pytest_reloadwatch.proof.selection import Selected

COLLECTING = 0.01  # seconds that collecting a file takes, roughly
QUICK = 0.1  # seconds that a file's tests may take to count as quick; twice as long is the next class
WORTH_IT = 0.3  # seconds of recorded test time from which it pays to split a run in two
FAR = 1_000_000  # imports: more than there are
FEW = 3  # files that are collected together at no great cost


class Rank(IntEnum):
    """What comes first."""

    FAILED = 0
    DIRECT = 1
    REST = 2


@dataclass(frozen=True)
class Change:
    """What became of one key since a proof: names of *functions*, empty for all that is no code.

    *numbers* are those of everything on record that whoever executed or read it is direct. *bound* are the names that
    the module level binds in another way, where that is all that it does; else None.
    """

    key: str
    functions: frozenset[str]
    numbers: frozenset[int]
    bound: frozenset[str] | None = None


@dataclass(frozen=True)
class Ranked:
    """A selected test with its rank; *change* is what made it so, None where nothing is known to have changed."""

    test: Selected
    rank: Rank
    change: Change | None = None


def rank(
    selected: Iterable[Selected],
    proofs: Mapping[str, Sequence[Proof]],
    changes: Callable[[Proof], Sequence[Change]],
    executed: Callable[[str], Collection[int] | None],
) -> list[Ranked]:
    """Each selected test's rank, from what has changed since it was proven and the numbers of what it executed."""
    return [_rank(test, proofs.get(test.nodeid, ()), changes, executed) for test in selected]


def _rank(
    test: Selected,
    proofs: Sequence[Proof],
    changes: Callable[[Proof], Sequence[Change]],
    executed: Callable[[str], Collection[int] | None],
) -> Ranked:
    if not proofs:
        is_test = "::" in test.nodeid  # or else a file that had no tests
        return Ranked(test, Rank.DIRECT if is_test else Rank.REST)
    proof, found = _most_alike(proofs, changes)
    change = next(iter(found), None)
    if proof.outcome in BAD:
        return Ranked(test, Rank.FAILED, change)
    numbers = executed(test.nodeid)
    if numbers is None:
        return Ranked(test, Rank.DIRECT, change)
    direct = next((change for change in found if not change.numbers.isdisjoint(numbers)), None)
    return Ranked(test, Rank.REST if direct is None else Rank.DIRECT, direct or change)


def _most_alike(
    proofs: Sequence[Proof], changes: Callable[[Proof], Sequence[Change]]
) -> tuple[Proof, Sequence[Change]]:
    """The latest that is most like the tree: the one that held before an edit, whatever was tried and undone since."""
    best = proofs[-1], changes(proofs[-1])
    for proof in reversed(proofs[:-1]):
        if len(best[1]) <= 1:
            break
        found = changes(proof)
        if len(found) < len(best[1]):
            best = proof, found
    return best


def first_ones(ranked: Sequence[Ranked], distance: Callable[[str], int]) -> set[str]:
    """The tests that do not wait where only the direct ones are wanted: these, and what failed last time.

    Where nobody executed what has changed, as with a constant, those stand in whose files the fewest imports are away.
    """
    found = {one.test.nodeid for one in ranked if one.rank is not Rank.REST}
    if any(one.rank is Rank.DIRECT and one.change is not None for one in ranked):
        return found
    least = min((distance(one.test.path) for one in ranked if one.rank is Rank.REST), default=0)
    return found | {one.test.nodeid for one in ranked if distance(one.test.path) == least}


def order(
    ranked: Sequence[Ranked], seconds: Callable[[str], float], distance: Callable[[str], int]
) -> dict[str, tuple[int, int]]:
    """By nodeid its rank and its place within: the files nearest to the change, then the quickest, each file together.

    *seconds* tells how long a test took, *distance* how many imports are between a test file and what has changed.
    Of files that take about as long the order is always the same.
    """
    cost: dict[tuple[Rank, str], float] = {}
    for one in ranked:
        key = (one.rank, one.test.path)
        cost[key] = cost.get(key, 0.0) + seconds(one.test.nodeid)

    is_far_told = len([path for rank, path in cost if rank is Rank.REST]) > 1  # or there is nothing to compare

    def place(key: tuple[Rank, str]) -> tuple[int, int, int, str]:
        rank, path = key
        far = distance(path) if is_far_told and rank is Rank.REST else 0
        return rank, far, int(cost[key] / QUICK).bit_length(), path

    places = {key: number for number, key in enumerate(sorted(cost, key=place))}
    return {one.test.nodeid: (int(one.rank), places[one.rank, one.test.path]) for one in ranked}


def lead(ranked: Sequence[Ranked], seconds: Callable[[str], float], distance: Callable[[str], int]) -> set[str]:
    """The files to collect and run first, so that a verdict is there before all the others have been collected.

    These are the direct ones, only the quickest of them where there are more than a few, and those that failed last
    time where they are few. All of them where little is left to run.
    """
    cost: dict[str, float] = {}
    by_rank: dict[Rank, set[str]] = {rank: set() for rank in Rank}
    for one in ranked:
        cost[one.test.path] = cost.get(one.test.path, COLLECTING) + seconds(one.test.nodeid)
        by_rank[one.rank].add(one.test.path)
    if sum(cost.values()) < WORTH_IT:
        return set(cost)
    failed, direct = by_rank[Rank.FAILED], by_rank[Rank.DIRECT]
    return _first_files(direct, cost, distance) | (failed if len(failed) <= FEW else set())


def _first_files(direct: set[str], cost: Mapping[str, float], distance: Callable[[str], int]) -> set[str]:
    if not direct:
        return {min(cost, key=lambda path: (distance(path), cost[path], path))}
    return direct if len(direct) <= FEW else {min(direct, key=lambda path: (cost[path], path))}
