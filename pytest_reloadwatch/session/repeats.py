"""Which of the selected tests will execute what they executed before, so that they need not be watched again.

That is so where only bodies of functions have changed, none of which the test or any import has executed. A function
that nobody was seen to execute may be one that a hook calls: after it has changed, everybody is watched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.fingerprint import MODULE
from pytest_reloadwatch.graph.keys import is_code, path_of
from pytest_reloadwatch.proof.model import BAD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_reloadwatch.proof.model import Proof
    from pytest_reloadwatch.proof.rank import Change
    from pytest_reloadwatch.session.executions import Executions


class Repeats:
    """*proofs* are by nodeid, the latest last."""

    def __init__(self, executions: Executions, proofs: Mapping[str, Sequence[Proof]]) -> None:
        self._executions = executions
        self._proofs = proofs

    def tests(self, nodeids: Iterable[str]) -> list[str]:
        """Those of these tests that will execute what they did."""
        return [nodeid for nodeid in nodeids if self._repeats(nodeid)]

    def imports(self, nodeids: Iterable[str]) -> bool:
        """Whether imports will, where these tests are all that is not proven."""
        return all(self._only_bodies(nodeid) for nodeid in nodeids)

    def _repeats(self, nodeid: str) -> bool:
        if not self._only_bodies(nodeid) or self._proofs[nodeid][-1].outcome in BAD:
            return False
        executed = self._executions.executed(nodeid)
        changes = self._executions.changes(self._proofs[nodeid][-1])
        return executed is not None and all(change.numbers.isdisjoint(executed) for change in changes)

    def _only_bodies(self, nodeid: str) -> bool:
        """Whether nothing has changed but functions that tests have executed, and imports have not."""
        if nodeid not in self._proofs:
            return False
        changes = self._executions.changes(self._proofs[nodeid][-1])
        at_import = self._executions.at_import()
        return at_import is not None and all(
            is_code(change.key) and MODULE not in change.functions and self._is_for_tests(change, at_import)
            for change in changes
        )

    @staticmethod
    def _is_for_tests(change: Change, at_import: set[tuple[str, str]]) -> bool:
        path = path_of(change.key)
        seen = len(change.numbers) == len(change.functions)
        return seen and not any((path, name) in at_import for name in change.functions)
