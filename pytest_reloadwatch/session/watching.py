"""Has the watcher watch what matters to the tree, and wakes the controller when something moves there."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING

from pytest_reloadwatch.session.wakers import watch_or_poll

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.session.screen import Screen
    from pytest_reloadwatch.watch.tree import Tree
    from pytest_reloadwatch.watch.watchers import Watcher


class Watching:
    """Registers with the controller's *selector*; *on_events* is called when there were any.

    *make* gives the watcher. It is asked for late, for what that imports need not precede the first run.
    """

    def __init__(
        self,
        make: Callable[[], Watcher],
        selector: selectors.BaseSelector,
        tree: Tree,
        screen: Screen,
        on_events: Callable[[], None],
    ) -> None:
        self._make = make
        self._made: Watcher | None = None
        self._selector = selector
        self._tree = tree
        self._screen = screen
        self._on_events = on_events

    @property
    def problem(self) -> str:
        """What stands in the way of file events; empty for nothing."""
        return self._watcher().problem

    def fileno(self) -> int:
        return self._watcher().fileno()

    def drain(self) -> None:
        """What has happened so far is about to be looked at."""
        self._watcher().drain()

    def follow(self) -> None:
        """The tree may have come to other directories."""
        before = self._watcher()
        watcher = watch_or_poll(before, self._tree.directories())
        if watcher is not before:
            self._selector.unregister(before.fileno())
            before.close()
            self._begin(watcher)
            self._screen.note(watcher.problem)

    def close(self) -> None:
        if self._made is not None:
            self._made.close()

    def _watcher(self) -> Watcher:
        return self._made or self._begin(self._make())

    def _begin(self, watcher: Watcher) -> Watcher:
        self._made = watcher
        self._selector.register(watcher.fileno(), selectors.EVENT_READ, self._on_events)
        return watcher
