"""Signals as the controller hears them: bytes that wake its selector, each with what it asks for."""

from __future__ import annotations

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
        selector.register(self._wake.fileno(), selectors.EVENT_READ, self._on_signals)

    def close(self) -> None:
        signal.set_wakeup_fd(-1)
        self._wake.close()

    def _on_signals(self) -> None:
        for number in self._wake.recv(64):
            if number == CHILD_ENDED:
                self._alarms.on_child_ended()
            elif number == signal.SIGINT:
                self._alarms.on_interrupt()
            else:
                self._alarms.on_order_to_end(128 + number)
