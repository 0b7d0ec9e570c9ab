"""What takes time in a run beside its tests: imports and fixtures, as earlier runs tell."""

from __future__ import annotations

import functools
from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_reloadwatch.rewind.choice import Ahead

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

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
        self._set_ups: dict[str, float] = {}  # seconds, by fixture
        self._users: dict[str, set[str]] = defaultdict(set)  # tests, by fixture

    def note(self, costs: Sequence[Cost]) -> None:
        """So long have imports of a run taken."""
        paths = self._book.module_paths()
        for name, path, importer, seconds, own in costs:
            if path:
                self._own[path] = own
            elif importer in paths:
                self._installed[paths[importer]][name] = seconds

    def rest(self, files: Collection[str], hot: Collection[str] = ()) -> Callable[[Checkpoint], Ahead] | None:
        """Answers for a checkpoint what a run of *files* has to import from there on; None where that is idle.

        It freezes before those *hot* files that it needs; the others are a burden.
        """
        if not 0 < len(files) <= MOST:
            return None
        needed = self._needed(files)
        waiting = functools.cache(self._waiting)  # several checkpoints do so before the same file
        others = [] if needed.isdisjoint(hot) else [path for path in hot if path not in needed and path in self._own]

        def rest(checkpoint: Checkpoint) -> Ahead:
            ahead = self._ahead(needed | waiting(checkpoint.before), checkpoint)
            has = (self._is_done(path, checkpoint) or path in waiting(checkpoint.before) for path in others)
            return ahead._replace(burden=sum(has))

        return rest

    def note_fixtures(self, nodeid: str, set_ups: Iterable[tuple[str, float]]) -> None:
        """A test has used these fixtures, which others may share; so many seconds did it take to set them up."""
        for name, seconds in set_ups:
            self._set_ups[name] = seconds
            self._users[name].add(nodeid)

    def pays(self, first: Collection[str], rest: Collection[str], files: Collection[str], start: Checkpoint) -> bool:
        """Whether to run the tests *first* alone, and the *rest*, of these *files*, in a run of its own.

        Both continue from *start*. The first verdict is there before the other files are imported; fixtures that both
        use are set up twice.
        """
        shared = [name for name, users in self._users.items() if users.intersection(first) and users.intersection(rest)]
        again = sum(self._set_ups[name] for name in shared)
        return not again or self._ahead(self._needed(files) | self._waiting(start.before), start).seconds > again

    def _needed(self, files: Collection[str]) -> set[str]:
        return self._own.keys() & set().union(*(self._book.base_keys(path) for path in files))

    def _waiting(self, before: str) -> set[str]:
        """What a checkpoint waits before goes on to execute, wanted or not."""
        return self._own.keys() & self._book.graph.closure({before}) if before else set()

    def _ahead(self, paths: set[str], checkpoint: Checkpoint) -> Ahead:
        lacking = [path for path in paths if not self._is_done(path, checkpoint)]
        seconds = sum(
            self._own[path] + sum(self._installed[path].values() if path in self._installed else ()) for path in lacking
        )
        return Ahead(seconds, len(lacking))

    def _is_done(self, path: str, checkpoint: Checkpoint) -> bool:
        """Whether it has executed the file as it is now."""
        tree = self._book.tree
        return path in tree and tree.entry(path) in checkpoint.past
