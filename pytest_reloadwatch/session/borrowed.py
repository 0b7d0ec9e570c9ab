"""Passes that a test may owe to what another one, which went first out of its turn, has imported.

A module that a test imports stays in ``sys.modules`` for those that run after it: one whose turn is earlier has it too
then, and may neither import it at all nor be able to, where imports go in a circle. In its turn it would fail.
Nothing is owed where the test used that module before and all imports are as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import code_key
from pytest_reloadwatch.session.repeats import Repeats

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_reloadwatch.proof.model import Proof
    from pytest_reloadwatch.rewind.messages import TestEnded
    from pytest_reloadwatch.session.bases import Bases
    from pytest_reloadwatch.session.executions import Executions
    from pytest_reloadwatch.session.groups import Groups
    from pytest_reloadwatch.session.mentions import Mentions
    from pytest_reloadwatch.session.run_record import RunRecord
    from pytest_reloadwatch.watch.tree import Tree


class Borrowed:
    """*proofs* are by nodeid, the latest last. ``modules`` are the files of what each such test may have borrowed."""

    def __init__(
        self,
        executions: Executions,
        mentions: Mentions,
        proofs: Mapping[str, Sequence[Proof]],
        groups: Groups,
        tree: Tree,
    ) -> None:
        self.modules: dict[str, set[str]] = {}
        self._executions = executions
        self._mentions = mentions
        self._proofs = proofs
        self._groups = groups
        self._tree = tree

    def judge(self, run: RunRecord, overtaken: Collection[str], bases: Bases) -> set[str]:
        """Those of the *overtaken* tests of *run* to which that applies; the proofs are still those from before."""
        for nodeid in run.ended:
            self.modules.pop(nodeid, None)
        if run.imported and overtaken:
            repeats = Repeats(self._executions, self._mentions, self._proofs)
            for nodeid, paths in _lent(run, overtaken).items():
                used = paths & self._used(run.ended[nodeid], run, bases)
                if used and not (used <= self._used_before(nodeid) and repeats.imports([nodeid])):
                    self.modules[nodeid] = used
        return run.ended.keys() & self.modules.keys()

    def lenders(self, nodeids: Collection[str]) -> set[str]:
        """The tests that execute something of what these tests may have borrowed, and may import it for them."""
        paths = set().union(*(self.modules.get(nodeid, ()) for nodeid in nodeids))
        entries = {self._tree.entry(key) for key in map(code_key, paths) if key in self._tree}
        if not entries:
            return set()
        numbers = self._executions.numbers_in(paths)
        latest = [known[-1] for known in self._proofs.values()]
        resting = [proof.nodeid for proof in latest if not all(map(entries.isdisjoint, proof.groups))]
        found = ((nodeid, self._executions.executed(nodeid)) for nodeid in resting)
        return {nodeid for nodeid, executed in found if executed is None or not numbers.isdisjoint(executed)}

    def _used(self, ended: TestEnded, run: RunRecord, bases: Bases) -> set[str]:
        """The sources that a test of *run* may have used."""
        if ended.as_before:
            return self._used_before(ended.nodeid)
        executed = self._executions.sources(ended, run)
        return bases.keys(ended.path).union(ended.keys, executed if executed is not None else run.imported)

    def _used_before(self, nodeid: str) -> set[str]:
        groups = self._proofs[nodeid][-1].groups if nodeid in self._proofs else ()
        return set().union(*map(self._groups.sources_in, groups))


def _lent(run: RunRecord, overtaken: Collection[str]) -> dict[str, set[str]]:
    """What has been imported before the *overtaken* tests by those that come after them."""
    assert run.collection is not None
    places = {nodeid: place for place, (nodeid, _) in enumerate(run.collection.items)}
    turns = {nodeid: turn for turn, nodeid in enumerate(run.ended)}
    order = list(run.ended)
    imports = [(path, turn, places.get(order[turn], -1)) for path, turn in run.imported.items() if turn < len(order)]
    return {
        nodeid: {path for path, turn, place in imports if turn < turns[nodeid] and place > places[nodeid]}
        for nodeid in overtaken
    }
