"""A line that a person types, with what it matches shown while it grows. Pure: keys go in, a line comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ENTER = ("\n", "\r")
ESCAPE = "\x1b"
BACKSPACE = ("\x7f", "\b")
CLEAR = "\x15"  # Ctrl-U
CTRL_D = "\x04"
UP, DOWN = ("\x1b[A", "\x1bOA"), ("\x1b[B", "\x1bOB")


class Prompt:
    """*label* says what is asked for, *history* what was answered before, *preview* what a text would match."""

    def __init__(self, label: str, history: list[str], preview: Callable[[str], str]) -> None:
        self.text = ""
        self._label = label
        self._history = history
        self._preview = preview
        self._back = 0  # steps into the history

    def press(self, key: str) -> bool | None:
        """True when the text is complete, False when it is given up, None while it is being typed."""
        if key in ENTER:
            self._remember()
            return True
        if key in (ESCAPE, CTRL_D):
            return False
        if key in UP or key in DOWN:
            self._recall(1 if key in UP else -1)
        elif key in BACKSPACE:
            self.text = self.text[:-1]
        elif key == CLEAR:
            self.text = ""
        elif key.isprintable():
            self.text += key
        return None

    def line(self) -> str:
        """What is to be shown."""
        return f"{self._label}: {self.text}_  {self._preview(self.text)}"

    def _remember(self) -> None:
        if self.text.strip():
            self._history[:] = [text for text in self._history if text != self.text] + [self.text]

    def _recall(self, step: int) -> None:
        self._back = max(0, min(len(self._history), self._back + step))
        self.text = self._history[-self._back] if self._back else ""
