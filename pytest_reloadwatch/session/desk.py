"""The desk: where clients ask, those who wait are kept until there is an answer, and those who follow hear all."""

from __future__ import annotations

import selectors
import time
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.session.clients import LEAVING, RESTARTING, Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.endpoint import Listener
    from pytest_reloadwatch.session.clients import Request


class Desk:
    """Registers with the controller's *selector*; *on_request* is called with what a client asks, and the client.

    A client is read from while it has taken all that it was told, and written to while it has not.
    """

    def __init__(
        self,
        listener: Listener | None,
        selector: selectors.BaseSelector,
        on_request: Callable[[Request, Client], None],
    ) -> None:
        self._listener = listener
        self._selector = selector
        self._on_request = on_request
        self._connected: list[Client] = []
        self._waiting: list[Client] = []
        self._following: list[Client] = []
        if listener is not None:
            selector.register(listener.fileno(), selectors.EVENT_READ, lambda: self._greet(listener))

    @property
    def is_waited_at(self) -> bool:
        """Whether any client waits for an answer."""
        return bool(self._waiting)

    def keep_waiting(self, client: Client) -> None:
        self._waiting.append(client)

    def answer_waiting(self, values: dict[str, Any]) -> None:
        waiting, self._waiting = self._waiting, []
        for client in waiting:
            client.answer(values)

    def let_follow(self, client: Client) -> None:
        """From now on this client hears of every event."""
        self._following.append(client)

    def tell(self, line: bytes) -> None:
        """An event has happened."""
        for client in list(self._following):
            client.tell(line)

    def is_connected(self, client: Client) -> bool:
        return client in self._connected

    def close(self, *, for_restart: bool = False) -> None:
        """End all conversations; the socket itself stays open for a session that starts over.

        Then everybody is told so, those too whose request has not been read yet: it dies with this process.
        """
        deadline = time.monotonic() + LEAVING
        connected, self._connected, self._waiting, self._following = self._connected, [], [], []
        for client in connected:
            if for_restart:
                client.answer(RESTARTING)
            client.close(deadline)
        if self._listener is not None and not for_restart:
            self._listener.close()

    def _greet(self, listener: Listener) -> None:
        connection = listener.accept()
        if connection is None:
            return
        client = Client(connection, self._follow_up)
        self._connected.append(client)
        self._selector.register(client.fileno(), selectors.EVENT_READ, lambda: self._serve(client))

    def _serve(self, client: Client) -> None:
        if client.is_behind:
            client.catch_up()
            return
        request = client.request()
        if request is None:
            self._forget(client)
        elif request.name:
            self._on_request(request, client)

    def _follow_up(self, client: Client) -> None:
        """It has been told something, or has taken it."""
        if client not in self._connected:
            return
        if client.is_gone:
            self._forget(client)
            return
        key = self._selector.get_key(client.fileno())
        wanted = selectors.EVENT_WRITE if client.is_behind else selectors.EVENT_READ
        if key.events != wanted:
            self._selector.modify(client.fileno(), wanted, key.data)

    def _forget(self, client: Client) -> None:
        self._selector.unregister(client.fileno())
        for clients in (self._connected, self._waiting, self._following):
            clients[:] = [other for other in clients if other is not client]
        client.close()
