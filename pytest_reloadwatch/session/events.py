"""The events file: one JSON object a line, appended and flushed as things happen."""

from __future__ import annotations

import json
from typing import IO, Any


class Events:
    """Writes to *path*; does nothing where there is none. Raises OSError when it cannot be opened."""

    def __init__(self, path: str | None) -> None:
        self._file: IO[str] | None = open(path, "a", encoding="utf-8") if path else None  # noqa: SIM115 - open for the session

    def emit(self, event: str, **values: Any) -> None:
        if self._file is not None:
            self._file.write(json.dumps({"event": event, **values}) + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
