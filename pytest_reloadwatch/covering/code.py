"""What executes where coverage measures it: a watcher that leaves this to coverage, and says where that was blind."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import coverage

from pytest_reloadwatch.covering.stacks import Stacks
from pytest_reloadwatch.record.suspended import SuspendedWatcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from pytest_reloadwatch.covering._compat import Collector

_OWN = (os.path.dirname(coverage.__file__) + os.sep, threading.__file__)  # who begins to measure a thread


class CoveredCode(SuspendedWatcher):
    """Nothing is known of an owner while coverage lost its place, if for a moment, or could not follow a thread."""

    def __init__(self, collector: Collector, is_wanted: Callable[[str], bool]) -> None:
        super().__init__(is_wanted)
        self._collector = collector
        self._stacks = Stacks()
        collector.on_thread(self._stacks.watch_thread)
        self._main = threading.get_ident()
        self._is_blind = False

    def is_trusted(self) -> bool:
        """Whether what coverage collects is all that executes, as far as that can be told by now."""
        return not self._stacks.is_hidden and self._collector.is_tracing()

    def begin(self) -> None:
        if not self._owners:
            self._stacks.look()
            self._is_blind = self._stacks.has_switched = False
        super().begin()

    def end(self) -> set[int] | None:
        found = super().end()
        self._stacks.look()
        self._is_blind = self._is_blind or self._stacks.has_switched or not self.is_trusted()
        return None if self._is_blind else found

    def on_trace(self, frame: FrameType) -> None:
        """A trace function is about to be set, or the one that is there taken away."""
        if threading.get_ident() == self._main:
            self._is_blind = self._is_blind or not self._collector.is_tracing()
        elif not frame.f_code.co_filename.startswith(_OWN):
            self._is_blind = True
