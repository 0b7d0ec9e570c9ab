"""While somebody debugs, the terminal is theirs; afterwards an interrupt is for the run again."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

import pytest

from pytest_reloadwatch.rewind.messages import Debugging
from pytest_reloadwatch.rewind.streams import wait_for_lines

if TYPE_CHECKING:
    from types import FrameType

    from pytest_reloadwatch.rewind.life import Life

LET_GO = 2.0  # seconds that a busy controller has to leave the terminal to a debugger
_DEBUGGERS = ("cmd", "bdb", "pdb")


class Debugger:
    """The plugin that tells the controller of a debugger at work."""

    def __init__(self, life: Life) -> None:
        self._life = life

    def pytest_enter_pdb(self) -> None:
        self._life.send(Debugging(self._life.order.run, active=True))
        wait_for_lines(LET_GO)

    def pytest_leave_pdb(self) -> None:
        """What "continue" leaves behind takes an interrupt for a wish to debug: the next edit's would stop there."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, _interrupt)
        self._life.send(Debugging(self._life.order.run, active=False))


def _interrupt(number: int, frame: FrameType | None) -> None:
    while frame is not None:
        if frame.f_globals.get("__name__") in _DEBUGGERS:
            pytest.exit("interrupted")  # which they do not answer with a prompt
        frame = frame.f_back
    signal.default_int_handler(number, frame)
