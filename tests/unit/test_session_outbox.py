"""Nobody waits for a client: what it does not take is kept up to a limit, and what is dropped is told."""

import json
import selectors
import socket

import pytest

from pytest_reloadwatch.endpoint import Listener
from pytest_reloadwatch.session.desk import Desk
from pytest_reloadwatch.session.outbox import Outbox

LINE = json.dumps({"event": "test", "text": "x" * 1000}).encode() + b"\n"
FAR_TOO_MANY = 5000  # such lines, for any socket's buffer


@pytest.fixture
def ends():
    here, there = socket.socketpair()
    here.setblocking(False)
    there.settimeout(10)
    yield here, there
    here.close()
    there.close()


def read(outbox, connection):
    """The events that arrive until *outbox* is empty and the last line is there."""
    data = b""
    while not outbox.is_empty or not data.endswith(b"\n"):
        outbox.send()
        data += connection.recv(1 << 16)
    return list(map(json.loads, data.splitlines()))


def test_who_takes_nothing_is_not_waited_for_and_told_later(ends):
    outbox = Outbox(ends[0], most=200_000)
    for _ in range(FAR_TOO_MANY):
        outbox.tell(LINE)
    events = read(outbox, ends[1])
    dropped = [event["events"] for event in events if event["event"] == "dropped"]
    assert sum(dropped) + len(events) - len(dropped) == FAR_TOO_MANY
    assert sum(dropped) > 0


def test_an_answer_is_kept_whatever_its_size(ends):
    outbox = Outbox(ends[0], most=10)
    outbox.answer({"event": "settled", "text": "x" * 1_000_000})
    assert not outbox.is_empty
    assert len(read(outbox, ends[1])[0]["text"]) == 1_000_000


def test_who_has_left_is_known_by_it(ends):
    outbox = Outbox(ends[0])
    ends[1].close()
    outbox.tell(LINE)
    assert outbox.is_broken
    assert outbox.is_empty


def test_a_client_that_is_behind_hears_all_once_it_reads(tmp_path):
    selector = selectors.DefaultSelector()
    desk = Desk(Listener(str(tmp_path / "s")), selector, lambda _request, client: desk.let_follow(client))

    def serve():
        for key, _ in selector.select(0):
            key.data()

    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(tmp_path / "s"))
        serve()
        connection.sendall(b'{"request": "follow"}\n')
        serve()
        for _ in range(2000):
            desk.tell(LINE)
        received = b""
        while len(received) < 2000 * len(LINE):
            serve()
            received += connection.recv(1 << 20)
    assert received == LINE * 2000
    serve()
    desk.close()
    selector.close()
