"""Clients of a session: each gets an answer, also when the session starts over before it has read the question."""

import json
import selectors
import socket
import threading

import pytest

from pytest_reloadwatch.endpoint import Listener
from pytest_reloadwatch.exceptions import NoSessionError
from pytest_reloadwatch.session.address import client_address
from pytest_reloadwatch.session.clients import RESTARTING
from pytest_reloadwatch.session.clients import ask as ask_session
from pytest_reloadwatch.session.desk import Desk


class Counter:
    """A desk with its selector; what is asked is kept."""

    def __init__(self, address):
        self.listener = Listener(address)
        self.selector = selectors.DefaultSelector()
        self.asked = []
        self.desk = Desk(self.listener, self.selector, lambda request, client: self.asked.append((request, client)))

    def serve(self):
        """What is ready now, once."""
        for key, _ in self.selector.select(0):
            key.data()


@pytest.fixture
def counter(tmp_path):
    made = Counter(str(tmp_path / "s"))
    yield made
    made.desk.close()
    made.selector.close()


@pytest.fixture
def connect(counter):
    opened = []

    def connect():
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(counter.listener.address)
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


def ask(connection, request):
    connection.sendall(json.dumps({"request": request}).encode() + b"\n")


def read(connection):
    return json.loads(connection.makefile().readline())


def test_a_request_reaches_the_session(counter, connect):
    connection = connect()
    counter.serve()
    ask(connection, "status")
    counter.serve()
    ((request, client),) = counter.asked
    client.answer({"event": "settled"})
    assert request.name == "status"
    assert read(connection) == {"event": "settled"}


def test_who_waits_is_told_that_the_session_starts_over(counter, connect):
    connection = connect()
    counter.serve()
    ask(connection, "wait")
    counter.serve()
    counter.desk.keep_waiting(counter.asked[0][1])
    counter.desk.close(for_restart=True)
    assert read(connection) == RESTARTING


def test_whose_request_has_not_been_read_is_told_as_well(counter, connect):
    connection = connect()
    counter.serve()
    ask(connection, "wait")
    counter.desk.close(for_restart=True)
    assert not counter.asked
    assert read(connection) == RESTARTING


def test_who_has_left_is_forgotten(counter, connect):
    connection = connect()
    counter.serve()
    connection.close()
    counter.serve()
    counter.desk.close(for_restart=True)


def test_a_session_that_dies_with_the_request_unread_is_no_session(tmp_path):
    listener = Listener(client_address(str(tmp_path)))

    def die():
        connection = listener.accept()
        connection.recv(1)  # the request has arrived; what is left of it is never read
        connection.close()

    session = threading.Thread(target=die)
    session.start()
    try:
        with pytest.raises(NoSessionError, match="ended before it answered"):
            ask_session(str(tmp_path), "wait", 5)
    finally:
        session.join()
        listener.close()
