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
    """Registers with the controller's *selector*; *on_events* is called when there were any."""

    def __init__(
        self,
        watcher: Watcher,
        selector: selectors.BaseSelector,
        tree: Tree,
        screen: Screen,
        on_events: Callable[[], None],
    ) -> None:
        self._watcher = watcher
        self._selector = selector
        self._tree = tree
        self._screen = screen
        self._on_events = on_events
        self._register()

    @property
    def problem(self) -> str:
        """What stands in the way of file events; empty for nothing."""
        return self._watcher.problem

    def fileno(self) -> int:
        return self._watcher.fileno()

    def drain(self) -> None:
        """What has happened so far is about to be looked at."""
        self._watcher.drain()

    def follow(self) -> None:
        """The tree may have come to other directories."""
        watcher = watch_or_poll(self._watcher, self._tree.directories())
        if watcher is not self._watcher:
            self._selector.unregister(self._watcher.fileno())
            self._watcher.close()
            self._watcher = watcher
            self._register()
            self._screen.note(watcher.problem)

    def close(self) -> None:
        self._watcher.close()

    def _register(self) -> None:
        self._selector.register(self._watcher.fileno(), selectors.EVENT_READ, self._on_events)
