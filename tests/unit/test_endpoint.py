"""Sockets of both kinds, named by a path."""

import os
import socket
import stat

import pytest

from pytest_reloadwatch import endpoint


@pytest.fixture(params=[False, True], ids=["unix", "loopback"])
def listener(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a short name
    listener = endpoint.Listener("s", loopback=request.param)
    yield listener
    listener.close()


def test_who_connects_is_heard(listener):
    assert endpoint.is_answering("s")
    listener.accept().close()
    with endpoint.connect("s") as near, listener.accept() as far:
        assert endpoint.receive_now(far) == b""
        near.sendall(b"word")
        assert far.recv(4) == b"word"
        near.close()
        assert endpoint.receive_now(far) is None


def test_nothing_is_left(listener):
    listener.close()
    assert not os.path.exists("s")
    assert not endpoint.is_answering("s")
    with pytest.raises(OSError, match=r"."):
        endpoint.connect("s")


class TestLoopback:
    @pytest.fixture
    def loopback(self, tmp_path):
        listener = endpoint.Listener(str(tmp_path / "s"), loopback=True)
        yield listener
        listener.close()

    @pytest.mark.skipif(os.name == "nt", reason="there the directory is the owner's, and modes say nothing")
    def test_the_file_is_the_owners_alone(self, loopback):
        assert stat.S_IMODE(os.stat(loopback.address).st_mode) == 0o600

    @pytest.mark.parametrize("said", [b"", b"0" * 32, b"short"])
    def test_who_does_not_know_the_secret_is_turned_away(self, loopback, said):
        with open(loopback.address, encoding="ascii") as file:
            port = int(file.read().split()[0])
        with socket.create_connection(("127.0.0.1", port)) as stranger:
            stranger.sendall(said)
            stranger.shutdown(socket.SHUT_WR)
            assert loopback.accept() is None

    def test_a_file_that_tells_nothing_is_as_none(self, tmp_path):
        (tmp_path / "s").write_text("nothing", encoding="ascii")
        assert not endpoint.is_answering(str(tmp_path / "s"))
