"""Confirming: a verdict that a whole run might not give is looked at once more in one, before the session settles."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_reloadwatch.exceptions import StoreUnusableError
from pytest_reloadwatch.graph.keys import proof_key
from pytest_reloadwatch.proof.digest import WHOLE_RUN
from pytest_reloadwatch.proof.selection import MOST_GROUPS
from pytest_reloadwatch.proof.whole import MILD, Failure, failure_name, failure_text, fared, is_doubtful
from pytest_reloadwatch.session.company import Company

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pytest_reloadwatch.proof.model import Collected, Group, Proof
    from pytest_reloadwatch.proof.store import Store
    from pytest_reloadwatch.rewind.messages import TestEnded
    from pytest_reloadwatch.session.bases import Bases
    from pytest_reloadwatch.session.borrowed import Borrowed
    from pytest_reloadwatch.session.run_record import RunRecord
    from pytest_reloadwatch.watch.tree import Tree


@dataclass
class Judged:
    """What the end of a run means for its verdicts.

    *mended* did not fail alone and have to show the same in a whole run; nothing is proven until they do. *differing*
    came out otherwise in this whole run than alone: they rest on others.
    """

    mended: set[str] = field(default_factory=set)
    differing: set[str] = field(default_factory=set)


class Confirming:
    """Remembers what whole runs said; ``doubtful`` are the verdicts that one has to look at, by how these failed.

    *files*, *proofs*, *tree* and *borrowed* are the book's, *executed* is for Company; *should_repeat* tells whether a
    test has no reason to execute anything else than before. Who came out otherwise in a whole run than alone has a
    proof that says so, and needs whole runs until its file changes; then it has to show again which of them it needs.
    """

    def __init__(
        self,
        store: Store,
        environment: str,
        files: Mapping[str, Sequence[Collected]],
        proofs: Mapping[str, Sequence[Proof]],
        tree: Tree,
        executed: Collection[str],
        borrowed: Borrowed,
        should_repeat: Callable[[str], bool],
    ) -> None:
        self.doubtful: dict[str, str] = {}
        self._texts: dict[str, str] = {}  # of how these failed
        self._odd: set[str] = set()
        self._seen_to_rest: set[str] = set()  # on others, the last time that these did not all run before it
        self._need_all: set[str] = set()
        self._should_repeat = should_repeat
        self._environment = environment
        self._files = files
        self._proofs = proofs
        self._tree = tree
        self._company = Company(files, executed)
        self._borrowed = borrowed
        self._differing: dict[str, tuple[str, str]] = {}
        self._changed: set[str] = set()
        self._known: dict[str, Failure] = {}
        with contextlib.suppress(StoreUnusableError):  # then they are confirmed once more, and saving will complain
            self._known = store.failures.load(environment)

    def judge(self, run: RunRecord, bases: Bases) -> Judged:
        """Compare what *run* said with what whole runs did; *bases* are what its files rest on."""
        judged, in_turn, fragile = Judged(), in_their_turn(run), self._fragile(run)
        overtaken = overtaken_in(run)
        borrowed = self._borrowed.judge(run, overtaken, bases)
        was_odd, self._odd = self._odd, (self._odd - run.ended.keys()) | self._odd_ones(run)
        self._seen_to_rest -= out_of_turn(run) - self._odd
        doubted = fragile | self._odd
        if run.collection is not None and run.collection.modules:
            self._company.modules = frozenset(run.collection.modules)
        for nodeid, name in _verdicts(run).items():
            is_overtaken = nodeid in overtaken if name else nodeid in borrowed
            is_in_turn = nodeid in in_turn and not is_overtaken
            if is_in_turn and not run.pruned and nodeid not in self._odd:
                self._note_whole(nodeid, name, run, judged, was_odd)
            elif (
                nodeid in doubted
                or (is_overtaken and (not name or is_doubtful(name, self._known.get(nodeid))))
                or self._is_doubtful(nodeid, name, run, bases, lacks_tests=not is_in_turn)
            ):
                self.doubtful[nodeid] = name
                self._texts[nodeid] = _text(nodeid, run)
                if not name or name in MILD:
                    judged.mended.add(nodeid)
            else:
                self.doubtful.pop(nodeid, None)
        for nodeid in run.confirms:  # no other run would tell more
            self.doubtful.pop(nodeid, None)
        return judged

    def take_differing(self) -> dict[str, tuple[str, str]]:
        """How those fared alone and in a whole run since the last call that did not fare alike."""
        differing, self._differing = self._differing, {}
        return differing

    def save(self, store: Store) -> None:
        """Raises StoreUnusableError."""
        changed, self._changed = self._changed, set()
        if changed:
            found = {nodeid: self._known[nodeid] for nodeid in changed & self._known.keys()}
            store.failures.save(self._environment, found, changed - found.keys())

    # What needs a whole run

    def needs_whole_run(self, known: Sequence[Collected | Proof] | None) -> bool:
        """Whether the latest of these verdicts was another where anything was passed over, and the file is as then."""
        if not known or not is_of_whole_run(known[-1].groups):
            return False
        key = proof_key(known[-1].path)
        return key in self._tree and self._tree.entry(key) in known[-1].groups[0]

    def tests(self, nodeids: Iterable[str]) -> set[str]:
        """Those of these tests that need a whole run."""
        if WHOLE_RUN not in self._tree:
            return set()
        return {nodeid for nodeid in nodeids if self.needs_whole_run(self._proofs.get(nodeid))}

    def files(self) -> set[str]:
        """The files that need one to be collected."""
        if WHOLE_RUN not in self._tree:
            return set()
        return {path for path, records in self._files.items() if self.needs_whole_run(records)}

    def company(self, nodeids: Collection[str]) -> set[str]:
        """These tests, those that may import something for them, and those of their files that come before them.

        For an odd one it can be any test of any file.
        """
        if not (self._odd | self._need_all).isdisjoint(nodeids):
            return {nodeid for records in self._files.values() for nodeid in records[-1].nodeids}.union(nodeids)
        nodeids = self._borrowed.lenders(nodeids).union(nodeids)
        found = set(nodeids)
        for records in self._files.values():
            known = records[-1].nodeids
            last = max((place for place, nodeid in enumerate(known) if nodeid in nodeids), default=-1)
            found.update(known[: last + 1])
        return found

    # What runs said

    def _fragile(self, run: RunRecord) -> set[str]:
        """Those tests and files of *run* that came out otherwise than alone when they last did."""
        if WHOLE_RUN not in self._tree:
            return set()
        paths = [path for path, _, _ in run.collection.files] if run.collection is not None else []
        latest: list[Proof | Collected] = [self._files[path][-1] for path in paths if path in self._files]
        latest += [self._proofs[nodeid][-1] for nodeid in run.ended if nodeid in self._proofs]
        return {one.nodeid for one in latest if is_of_whole_run(one.groups)}

    def _odd_ones(self, run: RunRecord) -> set[str]:
        """Those that fared otherwise than before without a reason, where some did not run before them that usually do.

        What these leave behind may be what they rest on. Nothing has changed for them; or they were seen to rest on it.
        """
        other = {nodeid for nodeid in out_of_turn(run) if self._fares_otherwise(nodeid, run.ended[nodeid])}
        return {n for n in other if self.needs_whole_run(self._proofs[n]) or self._should_repeat(n)}

    def _fares_otherwise(self, nodeid: str, ended: TestEnded) -> bool:
        proofs = self._proofs.get(nodeid)
        before = failure_name(proofs[-1].outcome, None) if proofs else ""
        return bool(proofs) and fared(before) != fared(failure_name(ended.outcome, ended.crash))

    def _is_doubtful(self, nodeid: str, name: str, run: RunRecord, bases: Bases, *, lacks_tests: bool) -> bool:
        if not is_doubtful(name, self._known.get(nodeid)):
            return False
        ended = run.ended.get(nodeid)
        if ended is None:  # a file
            path, crash, lacks_tests = run.failed_files.get(nodeid, ""), run.crashes.get(nodeid), False
            if not path:
                return True  # it could not be collected in a whole run, and now it can
        else:
            path, crash = ended.path, ended.crash
        message = crash[2] if crash is not None else ""
        return self._company.matters(path, bases.group(path), run.pruned, message, lacks_tests=lacks_tests)

    def _note_whole(self, nodeid: str, name: str, run: RunRecord, judged: Judged, was_odd: set[str]) -> None:
        alone = self.doubtful.pop(nodeid, None)
        is_same = alone is not None and self._texts[nodeid] == _text(nodeid, run)
        if alone is not None and fared(alone) != fared(name):
            judged.differing.add(nodeid)
            if nodeid in was_odd:  # once can be chance: then all would run with each edit for nothing
                self._need_all |= {nodeid} & self._seen_to_rest
                self._seen_to_rest.add(nodeid)
            self._differing[nodeid] = (fared(alone), fared(name))
        if name:
            known = self._known.get(nodeid)
            self._put(nodeid, Failure(name, is_same or known == Failure(name, True)))
        elif self._known.pop(nodeid, None) is not None:
            self._changed.add(nodeid)

    def _put(self, nodeid: str, failure: Failure) -> None:
        if self._known.get(nodeid) != failure:
            self._known[nodeid] = failure
            self._changed.add(nodeid)


def in_their_turn(run: RunRecord) -> set[str]:
    """The files of *run*, and the tests before which all those ran that come before them in their file.

    Where several processes share the tests, a run of everything does not see to that either.
    """
    if run.collection is None:
        return set()
    found = {nodeid for _, nodeid, _ in run.collection.files}
    turns = {nodeid: turn for turn, nodeid in enumerate(run.ended)}
    is_shared = any(ended.worker for ended in run.ended.values())
    last: dict[str, int] = {}
    for nodeid, path in run.collection.items:
        turn = turns.get(nodeid)
        if is_shared or (turn is not None and turn >= last.get(path, 0)):
            found.add(nodeid)
        last[path] = len(turns) if turn is None else max(turn, last.get(path, 0))
    return found


def out_of_turn(run: RunRecord) -> set[str]:
    """The tests of *run*, but for those that it confirms, before which not all ran that do in a cold run."""
    return run.ended.keys() - run.confirms - with_all_before(run)


def with_all_before(run: RunRecord) -> set[str]:
    """The tests of *run* before which all those ran that come before them in a cold run; all where nobody can tell."""
    if run.collection is None or any(ended.worker for ended in run.ended.values()):
        return set(run.ended)
    found: set[str] = set()
    if not run.pruned:
        for ended, (nodeid, _) in zip(run.ended, run.collection.items, strict=False):
            if ended != nodeid:
                break
            found.add(nodeid)
    return found


def overtaken_in(run: RunRecord) -> set[str]:
    """The tests of *run* before which some ran that usually come after them, and may have left something behind."""
    if run.collection is None or any(ended.worker for ended in run.ended.values()):
        return set()
    places = {nodeid: place for place, (nodeid, _) in enumerate(run.collection.items)}
    found, last = set(), -1
    for nodeid in run.ended:
        place = places.get(nodeid, last)
        if place < last:
            found.add(nodeid)
        last = max(place, last)
    return found


def is_of_whole_run(groups: Sequence[Group]) -> bool:
    """Whether what has these dependencies came out otherwise in a whole run than alone."""
    return any(map(_names_whole_run, groups[1:]))


@functools.lru_cache(MOST_GROUPS)
def _names_whole_run(group: Group) -> bool:
    return any(key == WHOLE_RUN for key, _ in group)


def _verdicts(run: RunRecord) -> dict[str, str]:
    """How the tests and files of *run* failed, by name; empty for those that did not."""
    files = {nodeid: "" for _, nodeid, _ in run.collection.files} if run.collection is not None else {}
    failed = {nodeid: failure_name("error", run.crashes.get(nodeid)) for nodeid in run.failed_files}
    return files | failed | {n: failure_name(ended.outcome, ended.crash) for n, ended in run.ended.items()}


def _text(nodeid: str, run: RunRecord) -> str:
    """How one test or file of *run* fared, word by word."""
    ended = run.ended.get(nodeid)
    if ended is None:
        return failure_text("error", run.crashes.get(nodeid))
    return failure_text(ended.outcome, ended.crash)
