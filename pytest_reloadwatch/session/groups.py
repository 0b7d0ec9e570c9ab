"""Groups of dependencies: keys with the digests that they have now, one object for all that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import is_code, left_out_key, path_of, proof_key
from pytest_reloadwatch.proof.selection import MOST_GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_reloadwatch.proof.model import Group
    from pytest_reloadwatch.session.following import Following
    from pytest_reloadwatch.watch.tree import Tree


class Groups:
    """What is left out of account (``following.volatile``) is in them as what nobody has edited since."""

    def __init__(self, tree: Tree, following: Following) -> None:
        self._tree = tree
        self._following = following
        self._known: dict[Group, Group] = {}
        self._sources: dict[Group, frozenset[str]] = {}

    def make(self, keys: Iterable[str]) -> Group:
        """These keys, as they were recorded, with their digests now."""
        volatile = self._following.volatile
        wanted = {left_out_key(path) if (path := path_of(key)) in volatile else proof_key(key) for key in keys}
        self._following.follow(wanted)
        group = frozenset(map(self._tree.entry, wanted))
        if len(self._known) > MOST_GROUPS:
            self._known.clear()
            self._sources.clear()
        return self._known.setdefault(group, group)  # one object for each, so that comparing them is quick

    def sources_in(self, group: Group) -> frozenset[str]:
        """The sources whose code is in *group*; many tests share one."""
        found = self._sources.get(group)
        if found is None:
            found = self._sources[group] = frozenset(path_of(key) for key, _ in group if is_code(key))
        return found
