"""Which of the selected tests will execute what they executed before, so that they need not be watched again.

That is so where nothing has changed but bodies of functions, none of which the test or any import has executed, and
what names are plainly bound to, none of which a function mentions that these have executed; and where no such function
is of a module that tests import, whose values may come to be others. A function that nobody was seen to execute may be
one that a hook calls: after it has changed, everybody is watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.fingerprint import MODULE
from pytest_reloadwatch.graph.keys import is_code, path_of
from pytest_reloadwatch.proof.digest import WHOLE_RUN
from pytest_reloadwatch.proof.model import BAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_reloadwatch.proof.model import Function, Proof
    from pytest_reloadwatch.proof.rank import Change
    from pytest_reloadwatch.session.executions import Executions
    from pytest_reloadwatch.session.mentions import Mentions


@dataclass(frozen=True)
class _Felt:
    """For which functions *changes* make a difference: their *numbers*, None where that may be anything.

    *reaches_tests* says that some are of modules that a test was seen to import, and that are no tests' own.
    """

    changes: Sequence[Change]  # kept for its identity's sake
    numbers: set[int] | None
    reaches_tests: bool = False


class Repeats:
    """*proofs* are by nodeid, the latest last. One of these is made for each state of the tree."""

    def __init__(self, executions: Executions, mentions: Mentions, proofs: Mapping[str, Sequence[Proof]]) -> None:
        self._executions = executions
        self._mentions = mentions
        self._proofs = proofs
        self._felt: dict[Change, set[Function] | None] = {}
        self._numbers: dict[int, _Felt] = {}

    def tests(self, nodeids: Iterable[str]) -> list[str]:
        """Those of these tests that will execute what they did."""
        return [nodeid for nodeid in nodeids if self._repeats(nodeid)]

    def imports(self, nodeids: Iterable[str]) -> bool:
        """Whether imports will, where these tests are all that is not proven."""
        return all(self._imports_repeat(nodeid) for nodeid in nodeids)

    def should_repeat(self, nodeid: str) -> bool:
        """Whether nothing has changed that makes a difference to what a test executes."""
        felt = self._felt_by(nodeid)
        if felt is None or self._numbers[id(self._changes(nodeid))].reaches_tests:
            return False
        executed = self._executions.executed(nodeid)
        return executed is not None and felt.isdisjoint(executed)

    def _repeats(self, nodeid: str) -> bool:
        return self.should_repeat(nodeid) and self._proofs[nodeid][-1].outcome not in BAD

    def _imports_repeat(self, nodeid: str) -> bool:
        return self._felt_by(nodeid) is not None

    def _felt_by(self, nodeid: str) -> set[int] | None:
        """Numbers of the functions for which it makes a difference what has changed for a test.

        None where it may make one for anything, imports among it.
        """
        if nodeid not in self._proofs:
            return None
        changes = self._changes(nodeid)
        known = self._numbers.get(id(changes))  # the same list for all that rest on the same
        if known is None:
            known = self._numbers[id(changes)] = self._find_felt_by(changes)
        return known.numbers

    def _changes(self, nodeid: str) -> Sequence[Change]:
        return self._executions.changes(self._proofs[nodeid][-1])

    def _find_felt_by(self, changes: Sequence[Change]) -> _Felt:
        at_import = self._executions.at_import()
        if at_import is None:
            return _Felt(changes, None)
        found: set[Function] = set()
        told = (change for change in changes if change.key != WHOLE_RUN)  # which stands for all that the others tell
        for functions in map(self._feel, told):
            if functions is None or not at_import.isdisjoint(functions):
                return _Felt(changes, None)
            found |= functions
        # What executes when a test imports a module is on record as this test's, and others rest on it too.
        imported = {path for path, _ in found if self._executions.numbers_of([(path, MODULE)])}
        reaches_tests = bool(imported) and not imported <= {known[-1].path for known in self._proofs.values()}
        return _Felt(changes, self._executions.numbers_of(found), reaches_tests)

    def _feel(self, change: Change) -> set[Function] | None:
        """The functions for which *change* makes a difference; None where it may make one for anything."""
        if change not in self._felt:
            self._felt[change] = self._find_felt(change) if is_code(change.key) else None
        return self._felt[change]

    def _find_felt(self, change: Change) -> set[Function] | None:
        path = path_of(change.key)
        mentioning: set[Function] | None = set()
        if MODULE in change.functions:
            mentioning = self._mentions.of(change.bound) if change.bound is not None else None
        bodies = {(path, name) for name in change.functions - {MODULE} - (change.bound or frozenset())}
        is_all_seen = len(self._executions.numbers_of(bodies)) == len(bodies)
        return bodies | mentioning if is_all_seen and mentioning is not None else None
