"""The events: one JSON object a line, appended to a file as things happen, and told to whoever follows."""

from __future__ import annotations

import json
import os
from collections import deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT = 1 << 20  # bytes of events that a client can have afterwards


class Events:
    """Appends to *path*, where there is one, and calls *on_line*. Raises OSError when it cannot be opened."""

    def __init__(self, path: str | None) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644) if path else -1
        self._recent: deque[bytes] = deque()
        self._size = 0
        self.on_line: Callable[[bytes], None] = lambda _line: None

    def emit(self, event: str, **values: Any) -> None:
        """One write a line, so that a reader who follows the file sees whole lines."""
        if self._file >= 0:
            os.write(self._file, _line(event, values))
        self.tell(event, **values)

    def tell(self, event: str, **values: Any) -> None:
        """The same for clients alone: in the file are events of the kinds that have always been there."""
        line = _line(event, values)
        self._keep(line)
        self.on_line(line)

    def recent(self) -> list[dict[str, Any]]:
        """The last ones, oldest first."""
        return list(map(json.loads, self._recent))

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _keep(self, line: bytes) -> None:
        self._recent.append(line)
        self._size += len(line)
        while self._size > KEPT:
            self._size -= len(self._recent.popleft())


def _line(event: str, values: dict[str, Any]) -> bytes:
    return json.dumps({"event": event, **values}).encode() + b"\n"
