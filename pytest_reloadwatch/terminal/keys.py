"""The one door to the keyboard: single keys without an echo, while the terminal is the session's."""

from __future__ import annotations

import contextlib
import importlib
import os
import socket
import sys
import threading
import time
from typing import Any, Protocol

try:
    import termios
    import tty
except ImportError:  # as on Windows
    termios = None  # type: ignore[assignment]

_console: Any = importlib.import_module("msvcrt") if os.name == "nt" else None
_MOMENT = 0.05  # seconds between two looks at a console that cannot be waited for together with sockets


class Keys(Protocol):
    """*fileno* is readable when a key was pressed, -1 while keys are not ours."""

    def fileno(self) -> int: ...

    def key(self) -> str:
        """The key that was pressed; empty for none."""

    def take(self) -> None:
        """Keys are ours from here on."""

    def give_up(self) -> None:
        """They are somebody else's."""


def make_keys(out: Any) -> Keys:
    """The keys of the terminal that *out* and standard input are; none where one of them is something else."""
    if out.isatty() and sys.stdin is not None and sys.stdin.isatty():
        if _console is not None:
            return ConsoleKeys()
        return NoKeys() if termios is None else TerminalKeys()
    return NoKeys()


class NoKeys:
    """Nobody sits at a keyboard."""

    def fileno(self) -> int:
        return -1

    def key(self) -> str:
        return ""

    def take(self) -> None:
        """Nothing to take."""

    def give_up(self) -> None:
        """Nothing to give."""


class TerminalKeys:
    """Standard input without line buffering; signals stay keys."""

    def __init__(self) -> None:
        self._saved: list[Any] | None = None

    def fileno(self) -> int:
        return sys.stdin.fileno() if self._saved is not None else -1

    def key(self) -> str:
        with contextlib.suppress(OSError):
            return os.read(sys.stdin.fileno(), 1).decode(errors="replace")
        return ""

    def take(self) -> None:
        if self._saved is None:
            with contextlib.suppress(termios.error):
                self._saved = termios.tcgetattr(sys.stdin.fileno())
                tty.setcbreak(sys.stdin.fileno(), termios.TCSADRAIN)

    def give_up(self) -> None:
        if self._saved is not None:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._saved)
            self._saved = None


class ConsoleKeys:
    """The console of Windows: a thread looks for keys and passes them on through a socket, which can be waited for."""

    def __init__(self) -> None:
        self._read, self._write = socket.socketpair()
        self._is_ours = threading.Event()
        threading.Thread(target=self._look, name="reloadwatch-keys", daemon=True).start()

    def fileno(self) -> int:
        return self._read.fileno() if self._is_ours.is_set() else -1

    def key(self) -> str:
        return self._read.recv(1).decode(errors="replace")

    def take(self) -> None:
        self._is_ours.set()

    def give_up(self) -> None:
        self._is_ours.clear()

    def _look(self) -> None:
        while self._is_ours.wait():
            if _console.kbhit():
                self._write.sendall(_console.getwch().encode(errors="replace")[:1])
            else:
                time.sleep(_MOMENT)
