"""The one door to the keyboard: single keys without an echo, while the terminal is the session's."""

from __future__ import annotations

import contextlib
import importlib
import os
import select
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
_ESCAPE = 0.02  # seconds in which the rest of what an arrow sends is there
_MOMENT = 0.05  # seconds between two looks at a console that cannot be waited for together with sockets
_ARROWS = {"H": "\x1b[A", "P": "\x1b[B"}  # what the console of Windows says, as terminals have it


class Keys(Protocol):
    """*fileno* is readable when a key was pressed, -1 while keys are not ours."""

    def fileno(self) -> int: ...

    def key(self) -> str:
        """The key that was pressed; empty for none. Arrows are as terminals send them: ``\\x1b[A`` is up."""

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
            return self._read_key(sys.stdin.fileno()).decode(errors="replace")
        return ""

    @staticmethod
    def _read_key(fileno: int) -> bytes:
        """One character, or a whole sequence that begins with Esc."""
        found = os.read(fileno, 1)
        if found == b"\x1b":
            while select.select([fileno], [], [], _ESCAPE)[0] and (more := os.read(fileno, 1)):
                found += more
                if more not in b"[O0123456789;":
                    break
        elif found >= b"\xc0":
            found += os.read(fileno, 1 + (found >= b"\xe0") + (found >= b"\xf0"))
        return found

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
        found = b""
        while not found.endswith(b"\0"):
            found += self._read.recv(1)
        return found[:-1].decode(errors="replace")

    def take(self) -> None:
        self._is_ours.set()

    def give_up(self) -> None:
        self._is_ours.clear()

    def _look(self) -> None:
        while self._is_ours.wait():
            if _console.kbhit():
                key = _console.getwch()
                if key in "\0\xe0":  # an arrow, or another key without a character
                    key = _ARROWS.get(_console.getwch(), "")
                self._write.sendall(key.encode(errors="replace") + b"\0")
            else:
                time.sleep(_MOMENT)
