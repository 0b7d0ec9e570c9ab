"""The socket for clients, JSON lines, both ends of it: who asks the session, and who is told what happens."""

from __future__ import annotations

import contextlib
import json
import os
import select
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import endpoint
from pytest_reloadwatch.exceptions import NoSessionError
from pytest_reloadwatch.session.address import client_address
from pytest_reloadwatch.session.outbox import Outbox

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

RESTARTING = {"event": "restarting"}  # ask again: a new process takes over the socket
REQUESTS = ("wait", "status", "why", "run", "events", "follow", "facts", "stop")
LONGEST = 1 << 20  # bytes of a request: some thousands of nodeids
LEAVING = 1.0  # seconds in which a client can take what it was told last, when the session ends


@dataclass(frozen=True)
class Request:
    """What a client asks; *nodeid* is what ``why`` is about, *nodeids* what is to ``run``."""

    name: str
    nodeid: str = ""
    nodeids: tuple[str, ...] = ()


class Client:
    """One connected client, as the session sees it; *on_change* is called when it is behind, or no longer."""

    def __init__(self, connection: socket.socket, on_change: Callable[[Client], None] = lambda _client: None) -> None:
        self._socket = connection
        self._socket.setblocking(False)
        self._out = Outbox(connection)
        self._on_change = on_change
        self._buffer = b""

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def is_behind(self) -> bool:
        """Whether it has yet to take what it was told."""
        return not self._out.is_empty

    @property
    def is_gone(self) -> bool:
        return self._out.is_broken

    def request(self) -> Request | None:
        """The request that has arrived, nameless while incomplete; None when the client left or makes no sense."""
        try:
            data = self._socket.recv(1 << 16)
        except BlockingIOError:
            return Request("")
        except OSError:
            return None
        if not data or len(self._buffer) > LONGEST:
            return None
        self._buffer += data
        if b"\n" not in self._buffer:
            return Request("")
        line, self._buffer = self._buffer.split(b"\n", 1)
        return _parse(line)

    def answer(self, values: dict[str, Any]) -> None:
        self._out.answer(values)
        self._on_change(self)

    def tell(self, line: bytes) -> None:
        """An event, for one that follows; it is not waited for, and dropped where the client is far behind."""
        self._out.tell(line)
        self._on_change(self)

    def catch_up(self) -> None:
        """It can take more now."""
        self._out.send()
        self._on_change(self)

    def close(self, deadline: float | None = None) -> None:
        """*deadline* is until when it may take what it was told, on the monotonic clock."""
        while deadline is not None and self.is_behind and (left := deadline - time.monotonic()) > 0:
            select.select([], [self._socket], [], left)
            self._out.send()
        self._socket.close()


def _parse(line: bytes) -> Request | None:
    try:
        asked = json.loads(line)
        nodeids = tuple(map(str, asked.get("nodeids", ())))
        wanted = Request(str(asked["request"]), str(asked.get("nodeid", "")), nodeids)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return wanted if wanted.name in REQUESTS else None


def ask(
    directory: str, request: str, timeout: float | None, nodeid: str = "", nodeids: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Ask the session of *directory*, or of the nearest directory above it that has one.

    *timeout* is in seconds, *nodeid* what ``why`` is about, *nodeids* what to ``run``. Raises NoSessionError, and
    TimeoutError.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        with _connect(directory) as connection:
            try:
                answer = _ask_once(connection, Request(request, nodeid, nodeids), deadline)
            except ConnectionError as error:
                raise NoSessionError("the session ended before it answered") from error
        if answer != RESTARTING:
            return answer


def follow(directory: str) -> Iterator[dict[str, Any]]:
    """The events of that session from now on, the first of them ``following``; raises NoSessionError at its end."""
    while True:
        with _connect(directory) as connection:
            _send(connection, Request("follow"))
            for line in _lines(connection):
                event: dict[str, Any] = json.loads(line)
                if event == RESTARTING:
                    break
                yield event
            else:
                raise NoSessionError("the session has ended")


def _lines(connection: socket.socket) -> Iterator[bytes]:
    with connection.makefile("rb") as file, contextlib.suppress(ConnectionError):
        yield from file


def _send(connection: socket.socket, request: Request) -> None:
    asked = {"request": request.name, "nodeid": request.nodeid, "nodeids": request.nodeids}
    connection.sendall(json.dumps(asked).encode() + b"\n")


def _ask_once(connection: socket.socket, request: Request, deadline: float | None) -> dict[str, Any]:
    _send(connection, request)
    data = bytearray()
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
