"""Selection: the tests that are not proven for the tree on disk. A pure function, no file is touched."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from pytest_reloadwatch.proof.digest import ABSENT
from pytest_reloadwatch.proof.model import BAD, Collected, Group, Proof

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet


_Record = TypeVar("_Record", Collected, Proof)
UNCOLLECTED = "could not be collected"
MOST_GROUPS = 4096  # remembered by a Matcher


@dataclass(frozen=True)
class Selected:
    """A test, or a whole file, that has to run, and why."""

    nodeid: str
    path: str
    reason: str


@dataclass
class Selection:
    """What to run and what is known without running it.

    *prune* are the files whose tests are all proven, *proven* the proven tests of all other files,
    *verdicts* every verdict that holds for the tree on disk, the failing ones too; *unknown* says
    whether some known test has no verdict for it. *uncollected* are the files of which it is not known what tests
    they hold.
    """

    selected: list[Selected] = field(default_factory=list)
    prune: set[str] = field(default_factory=set)
    proven: set[str] = field(default_factory=set)
    verdicts: dict[str, Proof] = field(default_factory=dict)
    known: int = 0
    unknown: bool = False
    uncollected: set[str] = field(default_factory=set)


class Matcher:
    """Says whether a group of dependencies is as it was; a group is looked at again only after what it holds moved."""

    def __init__(self, tree: AbstractSet[tuple[str, str]]) -> None:
        self._tree = tree
        self._answers: dict[int, tuple[Group, bool]] = {}

    def forget(self, moved: AbstractSet[tuple[str, str]]) -> None:
        """These pairs of key and digest came to the tree or left it."""
        if len(self._answers) > MOST_GROUPS:  # of proofs that are long gone
            self._answers.clear()
        for name, (group, _) in list(self._answers.items()):
            if not group.isdisjoint(moved):
                del self._answers[name]

    def holds(self, groups: Iterable[Group]) -> bool:
        # Once a test and selection, so without a generator: where nothing runs, most of the time goes by here.
        answers = self._answers
        for group in groups:
            known = answers.get(id(group)) or self._look(group)
            if not known[1]:
                return False
        return True

    def mismatch(self, groups: Iterable[Group]) -> str:
        """A key that is not as it was; empty when all are."""
        return min((key for group in groups for key, digest in group - self._tree), default="")

    def latest(self, records: Sequence[_Record]) -> _Record | None:
        """The last one whose groups hold."""
        for record in reversed(records):
            if self.holds(record.groups):
                return record
        return None

    def _look(self, group: Group) -> tuple[Group, bool]:
        known = self._answers[id(group)] = (group, group <= self._tree)  # with the group, for its id's sake
        return known


def select(
    files: Mapping[str, Sequence[Collected]],
    proofs: Mapping[str, Sequence[Proof]],
    tree: AbstractSet[tuple[str, str]],
    matcher: Matcher | None = None,
) -> Selection:
    """Choose from the records of *files* and *proofs* (newest last) what is not proven for *tree*.

    A *matcher* that is kept from one call to the next, and told what moved in between, saves time.
    """
    matcher = matcher or Matcher(tree)
    chosen = Selection()
    holding = {path: matcher.latest(records) for path, records in files.items()}
    hidden = tuple(path for path, record in holding.items() if path.endswith(os.sep) and record is not None)
    for path, record in holding.items():
        if (path, ABSENT) in tree or (path.startswith(hidden) and path not in hidden):
            continue
        if record is not None:
            _select_tests(chosen, record, proofs, matcher)
        else:
            _select_file(chosen, _telling(files[path]), matcher)
    chosen.proven |= _proven_elsewhere(files, proofs, matcher)
    return chosen


def _proven_elsewhere(
    files: Mapping[str, Sequence[Collected]], proofs: Mapping[str, Sequence[Proof]], matcher: Matcher
) -> set[str]:
    """Tests of files that were never collected in this scope, but proven in another (-k, -m, paths)."""
    proven = set()
    for nodeid, several in proofs.items():
        if several[-1].path not in files:
            proof = matcher.latest(several)
            if proof is not None and proof.outcome not in BAD:
                proven.add(nodeid)
    return proven


def _telling(records: Sequence[Collected]) -> Collected:
    """The latest that knows which tests there are: what came after it could not be collected."""
    return next((record for record in reversed(records) if record.nodeids or record.outcome not in BAD), records[-1])


def _select_file(chosen: Selection, record: Collected, matcher: Matcher) -> None:
    """The file itself, or what it imports, is not as it was when it was collected."""
    is_lost = record.outcome in BAD and not record.nodeids
    reason = UNCOLLECTED if is_lost else f"{matcher.mismatch(record.groups)} changed"
    chosen.unknown = True
    chosen.uncollected.add(record.path)
    chosen.known += len(record.nodeids)
    chosen.selected.extend(Selected(nodeid, record.path, reason) for nodeid in record.nodeids or (record.nodeid,))


def _select_tests(
    chosen: Selection,
    record: Collected,
    proofs: Mapping[str, Sequence[Proof]],
    matcher: Matcher,
) -> None:
    before = len(chosen.selected)
    proven = []
    if record.outcome in BAD:
        chosen.verdicts[record.nodeid] = Proof(record.nodeid, record.path, record.groups, record.outcome, 0.0)
        chosen.selected.append(Selected(record.nodeid, record.path, UNCOLLECTED))
        chosen.known += 1
    for nodeid in record.nodeids:
        chosen.known += 1
        reason = _judge(chosen, nodeid, proofs.get(nodeid, ()), matcher)
        if reason:
            chosen.selected.append(Selected(nodeid, record.path, reason))
        else:
            proven.append(nodeid)
    if len(chosen.selected) == before:
        chosen.prune.add(record.path)
    else:
        chosen.proven.update(proven)


def _judge(chosen: Selection, nodeid: str, proofs: Sequence[Proof], matcher: Matcher) -> str:
    """Why a test has to run; empty when it is proven."""
    proof = matcher.latest(proofs)
    if proof is None:
        chosen.unknown = True
        return f"{matcher.mismatch(proofs[-1].groups)} changed" if proofs else "never ran"
    chosen.verdicts[nodeid] = proof
    return f"{proof.outcome} last time" if proof.outcome in BAD else ""
