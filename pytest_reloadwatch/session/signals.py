"""Signals as the controller hears them: bytes that wake its selector, each with what it asks for."""

from __future__ import annotations

import contextlib
import selectors
import signal
from typing import Protocol

from pytest_reloadwatch.session.wakers import CHILD_ENDED, catch_signals


class Alarms(Protocol):
    """Who is told of signals: the controller."""

    def on_child_ended(self) -> None: ...

    def on_interrupt(self) -> None:
        """Ctrl-C."""

    def on_order_to_end(self, exit_code: int) -> None: ...


class Signals:
    """Registers with the controller's *selector* and tells *alarms*."""

    def __init__(self, selector: selectors.BaseSelector, alarms: Alarms) -> None:
        self._alarms = alarms
        self._wake = catch_signals()
        self._waiting: list[int] = []
        selector.register(self._wake.fileno(), selectors.EVENT_READ, self.heed)

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        self._wake.close()

    def take_interrupt(self) -> bool:
        """Whether Ctrl-C has come, of which nobody has been told: nobody else will be."""
        self._gather()
        is_there = signal.SIGINT in self._waiting
        if is_there:
            self._waiting.remove(signal.SIGINT)
        return is_there

    def heed(self) -> None:
        """Tell of what has come."""
        self._gather()
        numbers, self._waiting = self._waiting, []
        for number in numbers:
            if number == CHILD_ENDED:
                self._alarms.on_child_ended()
            elif number == signal.SIGINT:
                self._alarms.on_interrupt()
            else:
                self._alarms.on_order_to_end(128 + number)

    def _gather(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._waiting += self._wake.recv(64)
