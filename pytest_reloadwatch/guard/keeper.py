"""The keeper: notes who moved what, and at the end of a test says what was not put back, and puts it back."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.guard.classes import copies, replaced_in_place
from pytest_reloadwatch.guard.findings import Finding, Kind, grouped
from pytest_reloadwatch.proof.digest import digest_file

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pytest_reloadwatch.guard.places import Place, Places
    from pytest_reloadwatch.guard.sources import Sources
    from pytest_reloadwatch.record.loads import Again, Loads


@dataclass(frozen=True)
class Actor:
    """Who did something, as people know it; *fixture* where it is one that lives longer than a test."""

    label: str
    fixture: object = None


@dataclass
class _Tenure:
    """A fixture that several tests share: what it changed is in force while it lives.

    *taken* is what each of its places held before; *born* how many places were known then.
    """

    actor: Actor
    taken: dict[int, Any] = field(default_factory=dict)
    born: int = 0
    is_told: bool = False


class Keeper:
    """*sources* is None where files are expected to change, as in a watch session."""

    def __init__(self, places: Places, loads: Loads, sources: Sources | None, name_of: Callable[[str], str]) -> None:
        self._places = places
        self._loads = loads
        self._sources = sources
        self._name_of = name_of
        self._displaced: dict[int, Actor] = {}
        self._new: dict[str, Actor] = {}
        self._again: list[tuple[Again, Actor]] = []
        self._tenures: dict[object, _Tenure] = {}
        self._findings: list[Finding] = []
        if sources is not None:
            sources.follow(self._digests([place.module for place in places.places if place.is_entry]))

    def is_quiet(self) -> bool:
        """Whether nothing has happened since the last call of ``observe``: what is asked at every boundary."""
        return not self._loads.again and self._places.is_quiet()

    def has_work(self) -> bool:
        """Whether the test that is over may have left anything."""
        if self._displaced or self._new or self._again or self._findings:
            return True
        return self._sources is not None and self._sources.may_have_changed()

    def observe(self, actor: Actor) -> None:
        """Whatever has moved since the last call was *actor*'s doing."""
        if self.is_quiet():
            return
        for index in self._places.moved():
            self._displaced[index] = actor
        for name in self._places.new_names():
            self._new[name] = actor
        if self._loads.again:
            self._again += [(again, actor) for again in self._loads.take_again()]

    def begin(self, actor: Actor, *, can_undo: bool) -> None:
        """The fixture *actor* is set up: what it changed is in force from here on."""
        self.observe(actor)
        moved = [index for index, mover in self._displaced.items() if mover is actor]
        if not can_undo:
            self._find(moved, actor)
        tenure = _Tenure(actor, {index: self._places.expected[index] for index in moved}, len(self._places.places))
        tenure.is_told = not can_undo
        self._tenures[actor.fixture] = tenure
        for index in moved:
            self._places.expected[index] = self._places.seen[index]
            del self._displaced[index]

    def end(self, actor: Actor) -> None:
        """The fixture *actor* is torn down: what it changed has to be as it was."""
        self.observe(actor)
        tenure = self._tenures.pop(actor.fixture, None)
        if tenure is None:
            return
        for index, before in tenure.taken.items():
            self._places.expected[index] = before
            self._displaced.pop(index, None)
        left = [index for index, before in tenure.taken.items() if self._places.seen[index] is not before]
        if not tenure.is_told:
            self._find(left, tenure.actor)
        for index in left:
            self._places.put_back(index)
        self._let_go(actor, tenure)

    def _let_go(self, actor: Actor, tenure: _Tenure) -> None:
        """What came in while the fixture was alive may go with it."""
        for index in [index for index, mover in self._displaced.items() if mover is actor and index >= tenure.born]:
            if self._places.seen[index] is None:
                self._places.expected[index] = None
                del self._displaced[index]

    def settle(self, actor: Actor, *, failed: bool) -> list[Finding]:
        """The test *actor* is over: what it and its fixtures have left, after that is put back."""
        if self._displaced:
            self._settle_displaced()
        if self._new:
            self._settle_new()
        if self._again:
            self._settle_again(failed=failed)
        if self._sources is not None and self._sources.may_have_changed() and (changed := self._sources.changed()):
            names = tuple(map(self._name_of, changed))
            self._findings.append(Finding(Kind.SOURCE, actor.label, names, is_restored=False))
        findings, self._findings = self._findings, []
        return grouped(findings)

    def accept(self) -> None:
        """What is now is as it should be: the test that is over may do that."""
        for index in self._displaced:
            self._places.expected[index] = self._places.seen[index]
        self._displaced.clear()
        for name in self._new:
            self._places.add(name)
        self._new.clear()
        self._again.clear()
        if self._sources is not None:
            self._sources.changed()
        self._findings.clear()

    def _is_in_force(self, actor: Actor) -> bool:
        tenure = self._tenures.get(actor.fixture)
        return tenure is not None and not tenure.is_told

    def _settle_displaced(self) -> None:
        displaced, self._displaced = self._displaced, {}
        left: dict[Actor, list[int]] = {}
        for index, actor in sorted(displaced.items()):
            if self._places.expected[index] is None:  # it had gone with a fixture, and is there again
                self._places.expected[index] = self._places.seen[index]
            elif self._places.seen[index] is not self._places.expected[index]:
                left.setdefault(actor, []).append(index)
        for actor, indices in left.items():
            self._find(indices, actor)
        for index in (index for indices in left.values() for index in indices):
            self._places.put_back(index)

    def _find(self, indices: Collection[int], actor: Actor) -> None:
        """Say what is wrong at these places; an attribute that moved with its module's entry is no second matter."""
        places = [self._places.places[index] for index in indices]
        entries = {place.module for place in places if place.is_entry}
        for place in places:
            if place.is_entry or place.module not in entries:
                self._findings.append(Finding(_kind_at(place), actor.label, (str(place),)))

    def _settle_new(self) -> None:
        added = []
        for name, actor in list(self._new.items()):
            if self._is_in_force(actor):
                continue
            del self._new[name]
            if name not in sys.modules:
                self._places.forget_name(name)
            elif not self._is_pollution(name, actor):
                self._places.add(name)
                added.append(name)
        if added and self._sources is not None:
            self._sources.follow(self._digests(added))

    def _is_pollution(self, name: str, actor: Actor) -> bool:
        if sys.modules[name] is None:
            if not self._places.is_own_name(name):
                return False
            self._findings.append(Finding(Kind.BLOCKED, actor.label, (name,)))
        elif other := self._places.other_name(name):
            what = f"{self._name_of(self._places.path_of(name))} a second time, as {name} besides {other}"
            self._findings.append(Finding(Kind.TWICE, actor.label, (what,)))
        else:
            return False
        self._remove(name)
        return True

    def _remove(self, name: str) -> None:
        module = sys.modules.pop(name)
        self._places.forget_name(name)
        parent, _, child = name.rpartition(".")
        if module is not None and getattr(sys.modules.get(parent), child, None) is module:
            delattr(sys.modules[parent], child)

    def _settle_again(self, *, failed: bool) -> None:
        """Restore what was executed again in place, the first of several times last; then look for copies."""
        due = [(again, actor) for again, actor in self._again if not self._is_in_force(actor)]
        self._again = [pair for pair in self._again if pair not in due]
        elsewhere: dict[str, Actor] = {}
        for again, actor in reversed(due):
            module = again.module()
            if not self._places.path_of(again.name):
                continue
            if again.earlier is None or module is None:
                elsewhere[again.name] = actor
            elif names := replaced_in_place(module, again.earlier):
                is_in_use = actor.fixture in self._tenures
                self._findings.append(Finding(Kind.SECOND_CLASS, actor.label, names, is_restored=not is_in_use))
                if not is_in_use:
                    again.earlier.put_back(module)
        due.clear()
        if elsewhere and not failed:  # a failed test's traceback holds what it had
            self._find_copies(elsewhere)

    def _find_copies(self, actors: dict[str, Actor]) -> None:
        told = {name for one in self._findings for name in one.names}
        for found in copies(actors):
            name = next(name for name in actors if found.startswith(name + "."))
            if found not in told:
                self._findings.append(Finding(Kind.SECOND_CLASS, actors[name].label, (found,), is_restored=False))

    def _digests(self, names: Collection[str]) -> dict[str, str]:
        """By path, the digests of what these modules were executed from."""
        found = {}
        for name in names:
            path = self._places.path_of(name)
            if os.path.isfile(path):
                load = self._loads.of(sys.modules[name])
                found[path] = load.digest if load is not None else digest_file(path)
        return found


def _kind_at(place: Place) -> Kind:
    if place.is_blocked():
        return Kind.BLOCKED
    if not place.is_entry:
        return Kind.ATTRIBUTE
    return Kind.REPLACED if place.key in place.holder else Kind.DROPPED
