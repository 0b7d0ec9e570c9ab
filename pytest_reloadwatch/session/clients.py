"""The socket for clients, wait, status and stop: JSON lines, both ends of it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import endpoint
from pytest_reloadwatch.exceptions import NoSessionError
from pytest_reloadwatch.session.address import client_address

if TYPE_CHECKING:
    import socket

SEND_PATIENCE = 2.0  # seconds in which a client has to take its answer: the session does not hang with it
RESTARTING = {"event": "restarting"}  # ask again: a new process takes over the socket
REQUESTS = ("wait", "status", "why", "stop")


@dataclass(frozen=True)
class Request:
    """What a client asks; *nodeid* is what ``why`` is about."""

    name: str
    nodeid: str = ""


class Client:
    """One connected client, as the session sees it."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._socket.settimeout(SEND_PATIENCE)
        self._buffer = b""

    def fileno(self) -> int:
        return self._socket.fileno()

    def request(self) -> Request | None:
        """The request that has arrived, nameless while incomplete; None when the client left or makes no sense."""
        try:
            data = self._socket.recv(4096)
        except OSError:
            return None
        if not data or len(self._buffer) > 65536:
            return None
        self._buffer += data
        if b"\n" not in self._buffer:
            return Request("")
        line, self._buffer = self._buffer.split(b"\n", 1)
        try:
            asked = json.loads(line)
            wanted = Request(str(asked["request"]), str(asked.get("nodeid", "")))
        except (ValueError, KeyError, TypeError, AttributeError):
            return None
        return wanted if wanted.name in REQUESTS else None

    def answer(self, values: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(json.dumps(values).encode() + b"\n")

    def close(self) -> None:
        self._socket.close()


def ask(directory: str, request: str, timeout: float | None, nodeid: str = "") -> dict[str, Any]:
    """Ask the session of *directory*, or of the nearest directory above it that has one.

    *timeout* is in seconds, *nodeid* what ``why`` is about. Raises NoSessionError, and TimeoutError.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        with _connect(directory) as connection:
            try:
                answer = _ask_once(connection, Request(request, nodeid), deadline)
            except ConnectionError as error:
                raise NoSessionError("the session ended before it answered") from error
        if answer != RESTARTING:
            return answer


def _ask_once(connection: socket.socket, request: Request, deadline: float | None) -> dict[str, Any]:
    connection.sendall(json.dumps({"request": request.name, "nodeid": request.nodeid}).encode() + b"\n")
    data = b""
    while not data.endswith(b"\n"):
        connection.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
        part = connection.recv(1 << 16)
        if not part:
            raise NoSessionError("the session ended before it answered")
        data += part
    answer: dict[str, Any] = json.loads(data)
    return answer


def _connect(directory: str) -> socket.socket:
    place = os.path.realpath(directory)
    while True:
        with contextlib.suppress(OSError):
            return endpoint.connect(client_address(place))
        if place == os.path.dirname(place):
            raise NoSessionError(f"no session runs for {directory}; start one with: pytest --reload-watch")
        place = os.path.dirname(place)
