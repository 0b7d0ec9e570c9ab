"""What one client has yet to take: sent as fast as its socket takes it, so that nobody ever waits for a client."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

MOST = 1 << 22  # bytes kept for a client that follows events and is slow to take them


class Outbox:
    """The sending half of a socket that does not block. *most* is how much may wait, in bytes; answers always may."""

    def __init__(self, connection: socket.socket, most: int = MOST) -> None:
        self._socket = connection
        self._most = most
        self._waiting = bytearray()
        self._dropped = 0
        self.is_broken = False  # the other end is gone

    @property
    def is_empty(self) -> bool:
        return not self._waiting

    def answer(self, values: dict[str, Any]) -> None:
        """What was asked for: it is kept whatever its size."""
        self._waiting += _line(values)
        self.send()

    def tell(self, line: bytes) -> None:
        """One of many lines: where too much waits already it is dropped, and the reader will be told."""
        if len(self._waiting) + len(line) > self._most:
            self._dropped += 1
            return
        self._say_what_was_dropped()
        self._waiting += line
        self.send()

    def send(self) -> None:
        """As much as the socket takes now."""
        try:
            while self._waiting:
                del self._waiting[: self._socket.send(self._waiting)]
                if not self._waiting:
                    self._say_what_was_dropped()
        except BlockingIOError:
            return
        except OSError:
            self.is_broken = True
            self._waiting.clear()

    def _say_what_was_dropped(self) -> None:
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            self._waiting += _line({"event": "dropped", "events": dropped})


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values).encode() + b"\n"
