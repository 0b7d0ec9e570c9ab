"""What there is to collect: whether the test files that the book knows are all that a collection would find."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.digest import is_listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_reloadwatch.proof.model import Group
    from pytest_reloadwatch.session.following import Following
    from pytest_reloadwatch.session.run_record import RunRecord
    from pytest_reloadwatch.watch.tree import Tree

KEPT = 9


class Listings:
    """While the directories that a collection has looked through and the conftests stay, so does what it found.

    *make* gives the group of some keys. ``is_missed`` says that nothing could be noted of the last run, for something
    was written meanwhile.
    """

    def __init__(self, tree: Tree, following: Following, make: Callable[[Iterable[str]], Group]) -> None:
        self.is_missed = False
        self._tree = tree
        self._following = following
        self._make = make
        self._known: list[Group] = []

    def is_known(self) -> bool:
        """Whether test files are listed as in a collection that this session has seen."""
        return any(group <= self._tree.entries for group in self._known)

    def clear(self) -> None:
        """What earlier collections found they would not find now."""
        self._known.clear()

    def note(self, run: RunRecord, conftests: Iterable[str]) -> None:
        """A *run* has collected; *conftests* are those that it executed, with all that they import."""
        keys = {*filter(is_listing, run.whole_past), *conftests}
        moved = keys & ((run.disturbed | run.before.keys()) - self._following.volatile)
        if any(run.first_seen.get(key) != self._tree.digest(key) for key in moved):
            self.is_missed = True  # a file may have come after its directory was looked at
            return
        group = self._make(keys)
        self._following.count(key for key, _ in group)
        if group not in self._known:
            self._known = [*self._known[1 - KEPT :], group]
