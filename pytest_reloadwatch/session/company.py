"""What a test does without where a run passes something over, and whether it can matter to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.inert import only_binds
from pytest_reloadwatch.graph.keys import is_code, path_of
from pytest_reloadwatch.graph.leaving import keeps_state, missing_module
from pytest_reloadwatch.session.parsed import read_bytes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pytest_reloadwatch.proof.model import Collected, Group

Entry = tuple[str, str]


class Company:
    """*files* are the book's, *executed* the sources that runs of this session have executed.

    ``modules`` are those that the last whole run had, None where it is not known.
    A module that is not there where a test looks for it can have been imported by another test file. For all else it
    takes code that does more than import, define and bind its own names, or a test that writes what outlives it.
    """

    def __init__(self, files: Mapping[str, Sequence[Collected]], executed: Collection[str]) -> None:
        self.modules: frozenset[str] | None = None
        self._files = files
        self._executed = executed
        self._effects: dict[Entry, bool] = {}

    def matters(self, path: str, own: Group, pruned: Collection[str], message: str, *, lacks_tests: bool) -> bool:
        """Whether a test may fare otherwise in a whole run: one of the file *path*, which rests on *own*.

        *message* says how it failed, if it did; *lacks_tests* that one before it in its file did not run.
        """
        module = missing_module(message)
        if module and pruned:
            return self.modules is None or module in self.modules
        if any(map(self._has_effect, self._passed_over(own, pruned))):
            return True
        return lacks_tests and path.endswith(".py") and keeps_state(read_bytes(path))

    def _passed_over(self, own: Group, pruned: Collection[str]) -> set[Entry]:
        """The sources that only the files which were passed over import."""
        records = [self._files[one][-1] for one in pruned if one in self._files]
        return set().union(*(record.groups[0] for record in records)) - own

    def _has_effect(self, entry: Entry) -> bool:
        if not is_code(entry[0]) or (self.modules is not None and path_of(entry[0]) not in self._executed):
            return False  # no whole run has imported it
        known = self._effects.get(entry)
        if known is None:
            known = self._effects[entry] = not only_binds(read_bytes(path_of(entry[0])))
        return known
