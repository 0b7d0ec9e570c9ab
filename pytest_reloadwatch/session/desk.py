"""The desk: where clients ask, and those who wait are kept until there is an answer."""

from __future__ import annotations

import selectors
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.session.clients import RESTARTING, Client

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.endpoint import Listener
    from pytest_reloadwatch.session.clients import Request


class Desk:
    """Registers with the controller's *selector*; *on_request* is called with what a client asks, and the client."""

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
        if listener is not None:
            selector.register(listener.fileno(), selectors.EVENT_READ, lambda: self._greet(listener))

    @property
    def is_waited_at(self) -> bool:
        """Whether any client waits for an answer."""
        return bool(self._waiting)

    def keep_waiting(self, client: Client) -> None:
        self._waiting.append(client)

    def answer_waiting(self, values: dict[str, Any]) -> None:
        for client in self._waiting:
            client.answer(values)
        self._waiting = []

    def close(self, *, for_restart: bool = False) -> None:
        """End all conversations; the socket itself stays open for a session that starts over.

        Then everybody is told so, those too whose request has not been read yet: it dies with this process.
        """
        for client in self._connected:
            if for_restart:
                client.answer(RESTARTING)
            client.close()
        self._connected, self._waiting = [], []
        if self._listener is not None and not for_restart:
            self._listener.close()

    def _greet(self, listener: Listener) -> None:
        connection = listener.accept()
        if connection is None:
            return
        client = Client(connection)
        self._connected.append(client)
        self._selector.register(client.fileno(), selectors.EVENT_READ, lambda: self._read(client))

    def _read(self, client: Client) -> None:
        request = client.request()
        if request is None:
            self._selector.unregister(client.fileno())
            self._connected.remove(client)
            self._waiting = [other for other in self._waiting if other is not client]
            client.close()
        elif request.name:
            self._on_request(request, client)
