"""How a run that is under way is brought to its end: a word to it, patience, and force."""

from __future__ import annotations

import contextlib
import select
import time
from typing import TYPE_CHECKING

from pytest_reloadwatch.rewind.messages import Cancelled, Frozen
from pytest_reloadwatch.session.states import State

if TYPE_CHECKING:
    from pytest_reloadwatch.rewind.messages import Channel
    from pytest_reloadwatch.session.engine import Engine
    from pytest_reloadwatch.session.rounds import Current
    from pytest_reloadwatch.session.situation import Situation

PATIENCE = 0.3  # seconds that a run has to heed the terminal's own Ctrl-C
GRACE = 2.0  # seconds that a run has to end after an interrupt


class Canceller:
    """Of the run that is alive, or that has finished and whose process has not ended."""

    def __init__(self, situation: Situation, engine: Engine) -> None:
        self._situation = situation
        self._engine = engine

    def cancel(self, *, is_outdated: bool = True) -> None:
        """End the run to make room for the next; a debugger's session is left alone.

        What it would have to say of its tests nobody wants to read where the run *is_outdated*.
        """
        situation = self._situation
        if situation.state is State.RUNNING and situation.current is not None and not situation.current.debugging:
            situation.move(State.CANCELLING)
            situation.interrupts = 0
            if is_outdated:
                self._announce(situation.current)
            self.interrupt()
            situation.deadlines.kill = time.monotonic() + GRACE

    @staticmethod
    def _announce(current: Current) -> None:
        if current.channel is not None:
            with contextlib.suppress(OSError):  # it has just ended
                current.channel.send(Cancelled(current.record.number))

    def heed_interrupt(self) -> None:
        """The terminal has sent Ctrl-C to the run too: that may be enough."""
        situation = self._situation
        if situation.state is State.RUNNING:
            situation.move(State.CANCELLING)
            situation.round.held = True
            situation.deadlines.interrupt = time.monotonic() + PATIENCE
            situation.deadlines.kill = time.monotonic() + PATIENCE + GRACE

    def on_time(self) -> None:
        deadlines = self._situation.deadlines
        if deadlines.take("interrupt"):
            self.interrupt()
        if deadlines.take("kill"):
            deadlines.kill = time.monotonic() + GRACE
            self.kill()

    def interrupt(self) -> None:
        pid = self._pid()
        if pid:
            self._engine.interrupt(pid)

    def kill(self) -> None:
        pid = self._pid()
        if pid:
            self._engine.kill(pid)

    def let_leave(self, seconds: float) -> None:
        """A run that has finished may still write what it writes at its end; its checkpoint would take it along.

        One that would stay for the next run ends as its connection does.
        """
        leaving = self._situation.leaving
        if leaving is not None and leaving.channel is not None:
            _wait_for_last_words(leaving.channel, seconds)
            leaving.channel.close()

    def _pid(self) -> int:
        run = self._situation.current or self._situation.leaving
        return run.pid if run is not None and not run.closed else 0


def _wait_for_last_words(channel: Channel, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if select.select([channel.fileno()], [], [], left)[0]:
            received = channel.receive()
            if received is None or any(isinstance(message, Frozen) for message in received):
                return
