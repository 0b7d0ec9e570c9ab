"""Messages cross a socket unchanged, and nothing but messages does."""

import socket

import pytest

from pytest_reloadwatch.exceptions import BadMessageError
from pytest_reloadwatch.rewind import messages as m


@pytest.mark.parametrize(
    "message",
    [
        m.Resume(3, prune=["a.py"], proven=["a.py::x"], hot=["b.py"]),
        m.Retire(),
        m.Hoist(["a"], ["s"], ["t.py"]),
        m.Frozen(1, 2, 3, "root", "", 0.5, ["a.py"], 7, {"t.py": "ok"}),
        m.TestEnded(1, "t.py::x", "t.py", "passed", 0.1, ["a.py"], opaque=False),
    ],
)
def test_there_and_back(message):
    parsed = m.parse_message(m.format_message(message))
    assert (type(parsed), parsed) == (type(message), message)


@pytest.mark.parametrize("line", [b"", b"nonsense", b'["Unknown"]', b'["Retire", 1]', b'["Started", 1]', b"[]", b"{}"])
def test_anything_else_is_refused(line):
    with pytest.raises(BadMessageError):
        m.parse_message(line)


def test_a_channel_puts_parts_together():
    left, right = socket.socketpair()
    channel = m.Channel(right)
    data = m.format_message(m.Started(1, 2)) + m.format_message(m.Stopped(1, 0))
    left.sendall(data[:7])
    assert channel.receive() == []
    left.sendall(data[7:])
    received = channel.receive()
    assert received == [m.Started(1, 2), m.Stopped(1, 0)]
    assert [type(message) for message in received] == [m.Started, m.Stopped]
    left.close()
    assert channel.receive() is None
    channel.close()
