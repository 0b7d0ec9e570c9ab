"""Threads that go over to another stack, as greenlets do: coverage, if nobody tells it, takes one file for another."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = "greenlet"


class Stacks:
    """*has_switched* is set whenever that happens; *is_hidden* says that it may happen unseen from here on."""

    def __init__(self) -> None:
        self.has_switched = False
        self.is_hidden = False
        self._is_known = False

    def look(self) -> None:
        """Whether there are greenlets by now; in the thread that runs tests."""
        if not self._is_known and _NAME in sys.modules:
            self._is_known = self.has_switched = True  # perhaps it has
            is_alone = threading.active_count() == 1
            self.is_hidden = not is_alone or not hasattr(sys.modules[_NAME], "settrace")
            self.watch_thread()

    def watch_thread(self) -> None:
        """Hear of what this thread does."""
        if self._is_known and not self.is_hidden:
            greenlet: Any = sys.modules[_NAME]
            greenlet.settrace(_Noting(self, greenlet.gettrace()))


class _Noting:
    """What greenlet calls; *before* is what it called until now."""

    def __init__(self, stacks: Stacks, before: Callable[..., object] | None) -> None:
        self._stacks = stacks
        self._before = before

    def __call__(self, event: str, args: object) -> None:
        self._stacks.has_switched = True
        if self._before is not None:
            self._before(event, args)
