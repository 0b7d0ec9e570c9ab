"""Keeps what every owner has covered, in the controller: heard from runs, stored with proofs, combined when asked."""

from __future__ import annotations

import functools
import itertools
import json
import os
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_reloadwatch.covering.figures import Figures, combine, merge
from pytest_reloadwatch.covering.portions import COLLECTION, FIXTURE, IMPORT, SESSION, TEST
from pytest_reloadwatch.covering.texts import Texts
from pytest_reloadwatch.exceptions import StoreUnusableError
from pytest_reloadwatch.graph.keys import is_code, path_of
from pytest_reloadwatch.proof.covered import LineSet, Owner, decode
from pytest_reloadwatch.rewind.messages import Measures

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pytest_reloadwatch.proof.model import Collected, Group, Proof
    from pytest_reloadwatch.proof.selection import Selection
    from pytest_reloadwatch.proof.store import Store
    from pytest_reloadwatch.rewind.messages import Covered
    from pytest_reloadwatch.watch.tree import Tree


@dataclass(frozen=True)
class Ended:
    """A run that is over: *proofs* are those of the tests that it has proven, *disturbed* what changed meanwhile.

    *is_whole* says that it has collected everything.
    """

    number: int
    proofs: Collection[Proof]
    disturbed: Collection[str]
    is_whole: bool


@dataclass
class _Heard:
    """What one run has told so far; numbers are those of the process that tells."""

    run: int
    sets: dict[tuple[int, int], tuple[str, str, bytes, str]] = field(default_factory=dict)
    portions: dict[tuple[int, str, str], Covered] = field(default_factory=dict)
    stored: dict[tuple[int, int], int] = field(default_factory=dict)
    processes: set[int] = field(default_factory=set)

    def tests(self, nodeid: str) -> Iterable[list[Covered]]:
        """What each process that has run the test has told of it, fixtures that it used behind."""
        for process in self.processes:
            portion = self.portions.get((process, TEST, nodeid))
            if portion is not None:
                fixtures = (self.portions.get((process, FIXTURE, str(used))) for used in portion.uses)
                yield [portion, *(fixture for fixture in fixtures if fixture is not None)]


class Keeper:
    """Owned by the controller. Raises StoreUnusableError where the store does not work."""

    def __init__(self, store: Store, environment: str, tree: Tree) -> None:
        self._store = store
        self._environment = environment
        self._tables, self._covered = store.covered(environment)
        self.texts = Texts(tree, self._tables)
        self._heard = _Heard(0)
        self.measures = _parse_measures(self._tables.measures(environment))
        self._latest: dict[tuple[str, str], list[Owner]] = defaultdict(list)
        for owner in self._covered:
            self._latest[owner.kind, owner.name].append(owner)

    def hear(self, message: Covered | Measures) -> None:
        """Take in a message of the run that is alive."""
        if message.run != self._heard.run:
            self._heard = _Heard(message.run)
        if isinstance(message, Measures):
            self.measures = message
            return
        self._heard.processes.add(message.process)
        for number, path, context, lines, source in message.new:
            self._heard.sets[message.process, number] = (path, context, decode(lines), source)
        self._heard.portions[message.process, message.kind, message.name] = message

    def executed(self, nodeid: str) -> tuple[int, set[tuple[str, bytes]] | None]:
        """The latest run, and sources with lines or arcs that a test has executed in it; None where it told nothing."""
        told = list(self._heard.tests(nodeid))
        found = set()
        for portion in itertools.chain.from_iterable(told):
            for number in (*portion.sets, *portion.seen):
                _, _, lines, source = self._heard.sets[portion.process, number]
                if source:
                    found.add((source, lines))
        return self._heard.run, found if told else None

    # A run is over

    def close(self, ended: Ended) -> str:
        """Keep what a run has told; a complaint for the person where that cannot be written."""
        if self._heard.run != ended.number:
            return ""
        try:
            new = dict(self._owners(ended))
            for owner, sets in new.items():
                self._note(owner, sets)
            told = json.dumps(self.measures._asdict()) if self.measures is not None else ""
            self._store.save_covered(self._tables, self._environment, new, self.texts.take_unsaved(), told)
        except StoreUnusableError as error:
            return f"coverage cannot be written to the store ({error}): it is kept for this session only"
        return ""

    def _note(self, owner: Owner, sets: Collection[int]) -> None:
        self._covered[owner] = sets
        known = self._latest[owner.kind, owner.name]
        if owner in known:
            known.remove(owner)
        known.append(owner)

    def _owners(self, ended: Ended) -> Iterable[tuple[Owner, Collection[int]]]:
        proofs = {proof.nodeid: proof for proof in ended.proofs}
        common: dict[tuple[str, str], set[int]] = defaultdict(set)
        for (_, kind, name), portion in self._heard.portions.items():
            if kind == TEST and name in proofs:
                all_of_it = itertools.chain.from_iterable(self._heard.tests(name))
                yield self._test(proofs[name]), set().union(*(self._stored(one, ()) for one in all_of_it))
            elif kind not in (TEST, FIXTURE) and name not in ended.disturbed:
                common[kind, name if kind != SESSION else ""] |= self._stored(portion, ended.disturbed)
        for (kind, name), sets in common.items():
            owner = self._common(kind, name)
            before = self._covered.get(owner, ()) if kind == SESSION and not ended.is_whole else ()
            yield owner, sets.union(before)

    def _test(self, proof: Proof) -> Owner:
        return Owner(TEST, proof.nodeid, self._store.name_of(proof.groups))

    def _common(self, kind: str, name: str) -> Owner:
        return Owner(kind, name, self.texts.digest(name) if name.endswith(".py") else "")

    def _stored(self, portion: Covered, disturbed: Collection[str]) -> set[int]:
        """The store's numbers of what *portion* has, without what is about *disturbed* files."""
        found = set()
        for number in portion.sets:
            key = (portion.process, number)
            path, context, lines, _ = self._heard.sets[key]
            if path not in disturbed:
                if key not in self._heard.stored:
                    self._heard.stored[key] = self._store_set(path, context, lines)
                found.add(self._heard.stored[key])
        return found

    def _store_set(self, path: str, context: str, lines: bytes) -> int:
        self.texts.keep(path)
        return self._tables.number(LineSet(path, self.texts.digest(path), context, lines))

    # What all have covered

    def figures(self, selection: Selection, files: Mapping[str, list[Collected]]) -> Figures:
        """The figures of the suite as it stands."""
        self.texts.look_again()
        tests, unmeasured = self._tests(selection)
        reached = _sources(selection, files)
        common = [
            owners
            for (kind, name), owners in self._latest.items()
            if kind == SESSION
            or (kind == COLLECTION and (name in files or os.path.isdir(name)))
            or (kind == IMPORT and name in reached)
        ]
        arcs = self.measures is not None and self.measures.arcs
        found = combine(self._sets(tests), self.texts, arcs=arcs, at_import=False)
        merge(found, combine(self._sets(map(self._current, common)), self.texts, arcs=arcs, at_import=True))
        return Figures(arcs, found, len(selection.verdicts.keys() | unmeasured), len(unmeasured))

    def _tests(self, selection: Selection) -> tuple[list[Owner], set[str]]:
        """What is known of tests, and those of which nothing is known for the files on disk."""
        found, unmeasured = [], set()
        for nodeid, proof in selection.verdicts.items():
            owner = self._test(proof)
            if owner in self._covered:
                found.append(owner)
            else:
                unmeasured.add(nodeid)
        unmeasured |= {one.nodeid for one in selection.selected if "::" in one.nodeid} - selection.verdicts.keys()
        for nodeid in unmeasured:
            found += self._latest.get((TEST, nodeid), [])[-1:]
        return found, unmeasured

    def _current(self, owners: list[Owner]) -> Owner:
        """Of an owner's states the one that it is in, else the latest."""
        digest = self.texts.digest(owners[-1].name) if owners[-1].name.endswith(".py") else ""
        return next((owner for owner in reversed(owners) if owner.state == digest), owners[-1])

    def _sets(self, owners: Iterable[Owner]) -> Iterable[LineSet]:
        numbers = set().union(*(self._covered[owner] for owner in owners))
        return [self._tables.sets[number] for number in numbers if number in self._tables.sets]


def _parse_measures(told: str) -> Measures | None:
    return Measures(**json.loads(told)) if told else None


def _sources(selection: Selection, files: Mapping[str, list[Collected]]) -> set[str]:
    """The sources that tests and their files rest on: modules that nobody imports any more do not count."""
    groups: set[Group] = {group for records in files.values() for record in records[-1:] for group in record.groups}
    groups |= {group for proof in selection.verdicts.values() for group in proof.groups}
    return {_real(key) for key in {key for group in groups for key, _ in group} if is_code(key)}


@functools.cache
def _real(key: str) -> str:
    return os.path.realpath(path_of(key))
