"""The events file: one JSON object a line, appended as things happen."""

from __future__ import annotations

import json
import os
from typing import Any


class Events:
    """Appends to *path*; does nothing where there is none. Raises OSError when it cannot be opened."""

    def __init__(self, path: str | None) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644) if path else -1

    def emit(self, event: str, **values: Any) -> None:
        """One write a line, so that a reader who follows the file sees whole lines."""
        if self._file >= 0:
            os.write(self._file, json.dumps({"event": event, **values}).encode() + b"\n")

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
