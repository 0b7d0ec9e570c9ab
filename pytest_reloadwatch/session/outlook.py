"""How long it would take to import what a run needs, from each checkpoint: an estimate from earlier imports."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from pytest_reloadwatch.record.costs import Cost
    from pytest_reloadwatch.rewind.choice import Checkpoint
    from pytest_reloadwatch.session.book import Book

MOST = 20  # test files of a run up to which it is worth a thought: with more, the tests take the time


class Outlook:
    """*book* knows what test files rest on."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._own: dict[str, float] = {}  # seconds, by path
        self._installed: dict[str, dict[str, float]] = defaultdict(dict)  # the same of what each module asked for first

    def note(self, costs: Sequence[Cost]) -> None:
        """So long have imports of a run taken."""
        paths = self._book.module_paths()
        for name, path, importer, seconds, own in costs:
            if path:
                self._own[path] = own
            elif importer in paths:
                self._installed[paths[importer]][name] = seconds

    def rest(self, files: Collection[str]) -> Callable[[Checkpoint], float] | None:
        """Answers for a checkpoint how many seconds of imports a run of *files* has ahead; None where that is idle."""
        if not 0 < len(files) <= MOST:
            return None
        needed = set().union(*(self._book.base_keys(path) for path in files))
        return lambda checkpoint: self._ahead(needed, checkpoint)

    def _ahead(self, needed: set[str], checkpoint: Checkpoint) -> float:
        """What waits before a module goes on to execute it, wanted or not."""
        waiting = self._book.graph.closure({checkpoint.before}) if checkpoint.before else set()
        paths = (needed | waiting) & self._own.keys()
        tree = self._book.tree
        return sum(
            self._own[path] + sum(self._installed[path].values() if path in self._installed else ())
            for path in paths
            if path not in tree or tree.entry(path) not in checkpoint.past
        )
