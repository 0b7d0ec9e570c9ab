"""What sweeps look at: all that something rests on, and all source, on which anything may rest."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import is_code, is_line, left_out_key, path_of
from pytest_reloadwatch.proof.digest import ALL_SOURCES, CONFTESTS, FIRST_PARTY, digest_text, lookup_key
from pytest_reloadwatch.session.sources import find_data, find_sources

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pytest_reloadwatch.record.firstparty import FirstParty
    from pytest_reloadwatch.watch.tree import Tree


class Following:
    """Has *tree* follow keys. ``volatile`` are those that are left out of account: no verdict can rest on them.

    ``everything`` are all first-party files, where verdicts come from elsewhere. ``source_states`` is another object
    whenever all source has been digested anew.
    """

    def __init__(self, tree: Tree, first_party: FirstParty) -> None:
        self.volatile: set[str] = set()
        self.everything: set[str] = set()
        self._tree = tree
        self._first_party = first_party
        self._left_out: set[str] = set()
        self._interest: set[str] = set()
        self._followed: set[str] = set()
        self._sources: set[str] = set()
        self._source_listings: set[str] = set()
        self.source_states: set[tuple[str, str]] = set()
        self.places: set[str] = set()

    def follow(self, keys: Iterable[str]) -> None:
        """Look at these keys of proofs in sweeps; a source may matter even if only its text changes."""
        wanted = set(keys) - self._followed
        self._followed |= wanted
        paths = {path_of(key) for key in wanted}
        self._interest |= paths
        self._tree.track(paths)
        self._tree.track_code(path_of(key) for key in wanted if is_code(key))
        self._tree.track_lines(key for key in wanted if is_line(key))
        if any(key not in self._tree for key in wanted & ALL_SOURCES):
            self.digest_sources()

    def count(self, keys: Iterable[str]) -> None:
        """Something rests on these, or did not and should have."""
        self._interest.update(keys)

    def matters(self, changed: Collection[str]) -> bool:
        """Whether any verdict or listing rests on one of these keys."""
        return bool(self._interest.intersection(changed) - self.volatile)

    def includes(self, keys: Collection[str]) -> bool:
        """The same, and whether one of them is left out of account."""
        return not self._interest.isdisjoint(keys)

    def follow_everything(self) -> None:
        """Have sweeps look at all first-party files: verdicts from elsewhere rest on any of them."""
        self.everything = set(find_data(self._first_party))
        self.follow({*self.everything, FIRST_PARTY})

    # All source

    def is_source(self, key: str) -> bool:
        """Whether *key* is a Python file, or a directory of such, that nothing may rest on yet."""
        return key in self._sources or key in self._source_listings

    def find_sources(self) -> bool:
        """Follow all Python files: a test that starts a process may rest on any of them. False if that was done."""
        if self._source_listings:
            return False
        self._find_sources(self._first_party.roots)
        return True

    def find_new_sources(self, changed: Collection[str]) -> None:
        """The same in those directories whose listing has changed."""
        self._find_sources([key for key in changed if key in self._source_listings])

    def digest_sources(self) -> set[str]:
        """Worked out only where something rests on it; the sources because of which it has changed."""
        if self._interest.isdisjoint(ALL_SOURCES):
            return set()
        self.find_sources()
        before = self.source_states
        self.source_states = set(map(self._tree.entry, filter(self._tree.exists, self._sources - self.volatile)))
        for key in ALL_SOURCES:
            self._tree.put(key, digest_text(repr(sorted(self.source_states))))
        return {path for path, _ in before ^ self.source_states}

    def _find_sources(self, places: Iterable[str]) -> None:
        for place in places:
            files, listings, places = find_sources(place, self._source_listings)
            self.places |= places
            self._sources |= files
            self._source_listings |= listings
            self._tree.track(files | listings | set(map(lookup_key, listings)))

    # What is left out

    def leave_out(self, keys: Collection[str]) -> None:
        """Tests rewrite these themselves, each time in another way: no verdict can rest on them."""
        files = set(keys) - ALL_SOURCES - {CONFTESTS} - self.volatile
        self._left_out.update(files)
        self.volatile.update(files)
        self._renew(files)

    def count_again(self, keys: Collection[str]) -> None:
        """These have been edited: what rests on what was left out does so no more."""
        files = self.volatile.intersection(keys)
        self.volatile -= files
        self._renew(files)

    def _renew(self, keys: Collection[str]) -> None:
        for key in keys:
            self._tree.put(left_out_key(key), uuid.uuid4().hex)  # no proof of another session may hold by chance

    def take_left_out(self) -> set[str]:
        """What has been left out since the last call."""
        left_out, self._left_out = self._left_out, set()
        return left_out
