"""What executes where coverage measures it: a watcher that leaves this to coverage, and says where that was blind."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING

import coverage

from pytest_reloadwatch.record.suspended import SuspendedWatcher

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from pytest_reloadwatch.covering._compat import Collector

_OWN = (os.path.dirname(coverage.__file__) + os.sep, threading.__file__)  # who begins to measure a thread
_SWITCHES = "greenlet"  # what switches between stacks unseen by coverage, which then takes one file for another


class CoveredCode(SuspendedWatcher):
    """Nothing is known of an owner while coverage lost its place to another trace function, if only for a moment."""

    def __init__(self, collector: Collector, is_wanted: Callable[[str], bool]) -> None:
        super().__init__(is_wanted)
        self._collector = collector
        self._main = threading.get_ident()
        self._is_blind = False

    def is_trusted(self) -> bool:
        """Whether what coverage collects is all that executes, as far as that can be told by now."""
        return _SWITCHES not in sys.modules and self._collector.is_tracing()

    def begin(self) -> None:
        if not self._owners:
            self._is_blind = False
        super().begin()

    def end(self) -> set[int] | None:
        found = super().end()
        self._is_blind = self._is_blind or not self.is_trusted()
        return None if self._is_blind else found

    def on_trace(self, frame: FrameType) -> None:
        """A trace function is about to be set, or the one that is there taken away."""
        if threading.get_ident() == self._main:
            self._is_blind = self._is_blind or not self._collector.is_tracing()
        elif not frame.f_code.co_filename.startswith(_OWN):
            self._is_blind = True
