"""The end at which a run tells its controller what it does."""

from __future__ import annotations

import contextlib
import os
import select
from typing import TYPE_CHECKING

from pytest_reloadwatch.exceptions import BadMessageError
from pytest_reloadwatch.rewind.messages import (
    Cancelled,
    Channel,
    Connected,
    Joined,
    Kept,
    Knowledge,
    Message,
    Resume,
    Retimed,
    Shown,
    Unheard,
    Wrote,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_reloadwatch.record.recorder import Learned, Recorder


class Speaker:
    """What *recorder* sees being written is told before it happens. ``order`` is what the run was asked to do."""

    def __init__(self, recorder: Recorder) -> None:
        self.order = Resume(0)
        self._channel: Channel | None = None
        self._unsent: list[Message] = []
        self._cancelled = 0
        recorder.on_write = lambda path: self.send(Wrote(self.order.run, path))
        recorder.on_connect = lambda path: self.send(Connected(self.order.run, path))
        recorder.on_retime = lambda path: self.send(Retimed(self.order.run, path))
        recorder.on_keep = lambda path: self.send(Kept(self.order.run, path), with_next=True)
        recorder.on_silent = lambda: self.send(Unheard(self.order.run))

    def leave_mark(self) -> str:
        """Part what is read from here on from what was read before, for whoever asks the kernel; empty where not."""
        return ""

    def put_off_removal(self) -> None:
        """Leave what nobody waits for to the end of the process, where that is near."""

    def join(self, address: str, worker: str) -> None:
        """In one of several processes that share a run: speak for it too, under this name. Raises OSError."""
        self._channel = Channel.connect(address)
        self.send(Joined(self.order.run, worker))

    def tell(self, learned: Learned) -> None:
        """What the recorder has learned."""
        self.send(
            Knowledge(
                run=self.order.run,
                past=list(learned.past),
                there=list(learned.there),
                modules=learned.modules,
                edges=list(learned.edges),
                ambient=list(learned.ambient),
                at_import=None if learned.at_import is None else list(learned.at_import),
                executed=learned.executed,
                costs=learned.costs,
                opens=list(learned.opens.items()),
            )
        )

    def is_interrupted(self) -> bool:
        """Whether the controller has written into the report of this run since the last question."""
        return any(isinstance(message, Shown) for message in self._hear())

    def is_cancelled(self) -> bool:
        """Whether the run is being interrupted for a change."""
        self._hear()
        return self._cancelled == self.order.run

    def _hear(self) -> Sequence[Message]:
        heard: Sequence[Message] = ()
        with contextlib.suppress(OSError, ValueError, BadMessageError):  # a test may have closed it
            if self._channel is not None and select.select([self._channel.fileno()], [], [], 0)[0]:
                heard = self._channel.receive() or ()
        for message in heard:
            if isinstance(message, Cancelled):
                self._cancelled = message.run
        return heard

    def send(self, message: Message, *, with_next: bool = False) -> None:
        """Tell the controller, *with_next* together with what comes next: a run whose controller is gone ends here."""
        if self._channel is None:
            return
        self._unsent.append(message)
        if with_next:
            return
        messages, self._unsent = self._unsent, []
        try:
            self._channel.send(*messages)
        except OSError:
            os._exit(1)
