"""Keeps what runs imported, and decides in idle time what to hoist before a hot module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.rewind.hoisting import ImportSeen, Plan, plan
from pytest_reloadwatch.rewind.messages import Hoist
from pytest_reloadwatch.session.outlook import Outlook

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_reloadwatch.rewind.choice import Checkpoint
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.pool import Pool


class Hoister:
    """*executed* are the first-party files that runs of this session have executed, *outlook* knows what that takes."""

    def __init__(self, book: Book, pool: Pool) -> None:
        self.executed: set[str] = set()
        self.outlook = Outlook(book)
        self._book = book
        self._pool = pool
        self._seen: dict[str, tuple[list[ImportSeen], frozenset[str]]] = {}
        self._seen_waited_for: set[str] = set()
        self._plans: dict[int, tuple[Plan, frozenset[str]]] = {}
        self._tried: set[tuple[int, tuple[str, ...]]] = set()

    def note_run(
        self, imports: Sequence[tuple[str, str, str, int, str]], files: Collection[str], *, is_waited_for: bool
    ) -> None:
        """A run has collected *files*, importing this on the way.

        Somebody waits for the first run after a change: those before it are a model for later ones only where a module
        was in no such run.
        """
        entries = [ImportSeen(*entry) for entry in imports]
        collected = frozenset(files)
        paths = {entry.path for entry in entries if entry.path}
        self._seen_waited_for |= paths if is_waited_for else set()
        for path in paths if is_waited_for else paths - self._seen_waited_for:
            self._seen[path] = (entries, collected)

    def next_hoist(self, hot: Sequence[str]) -> tuple[int, Hoist] | None:
        """A checkpoint before a hot module and what to import there; None when there is nothing to gain."""
        for checkpoint in list(self._pool.checkpoints.values()):
            if checkpoint.before not in hot or checkpoint.hoisted or checkpoint.before not in self._seen:
                continue
            if not checkpoint.is_valid(self._book.tree.entries):
                continue
            made, files = self._plan(checkpoint.before)
            attempt = (checkpoint.pid, made.names)
            if made.names and attempt not in self._tried:
                self._tried.add(attempt)
                self._plans[checkpoint.pid] = (made, files)
                order = Hoist(list(made.names), list(made.surroundings), sorted(made.executed))
                return checkpoint.pid, order
        return None

    def fits(self, checkpoint: Checkpoint, parent: int, files: Collection[str]) -> bool:
        """Whether a run that collects *files* would import what *checkpoint* has on its shelf, in that order."""
        if parent not in self._plans:
            return False
        made, expected = self._plans[parent]
        ahead = {path for path in files if path not in checkpoint.collected}
        if ahead != {path for path in expected if path not in checkpoint.collected}:
            return False
        return all(self._book.extent(path).imports == before for path, before in made.importers.items())

    def _plan(self, hot: str) -> tuple[Plan, frozenset[str]]:
        entries, files = self._seen[hot]
        dependents = self._book.graph.dependents({hot}, self.executed)
        return plan(entries, hot, frozenset(dependents), self._book.extent), files
