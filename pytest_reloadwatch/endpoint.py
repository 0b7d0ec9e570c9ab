"""The one door to sockets, between our processes and for clients, named by a path in a directory that is the owner's.

Where there are Unix sockets that path is one. Elsewhere, and where a listener is told to, it is a file that tells the
port of a socket on the loopback device, and a secret that whoever connects has to say first.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import socket as sockets
import stat

# Bound now: suites replace socket.socket to forbid connections.
_Socket = sockets.socket
_HOST = "127.0.0.1"
_LENGTH = 32  # of a secret, in characters
_SECRET_PATIENCE = 1.0  # seconds in which one who connects has to say the secret
_NO_WAIT = getattr(sockets, "MSG_DONTWAIT", 0)


def has_unix_sockets() -> bool:
    return hasattr(sockets, "AF_UNIX")


class Listener:
    """A listening socket that removes its path again. Raises OSError."""

    def __init__(self, address: str, *, loopback: bool = False) -> None:
        self.address = address
        self.secret = "" if has_unix_sockets() and not loopback else secrets.token_hex(_LENGTH // 2)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address)
        self._socket = _listen_on_loopback(address, self.secret) if self.secret else _listen_on_path(address)
        self._socket.listen(64)

    @classmethod
    def adopt(cls, descriptor: int, address: str) -> Listener:
        """The socket of the process image that this one has replaced."""
        listener = cls.__new__(cls)
        listener.address = address
        listener.secret = _read_address(address)[1] if _is_file(address) else ""
        listener._socket = _Socket(fileno=descriptor)
        os.set_inheritable(descriptor, False)
        return listener

    def fileno(self) -> int:
        return self._socket.fileno()

    def accept(self) -> sockets.socket | None:
        """Who has connected; None for one who does not know the secret."""
        try:
            connection = self._socket.accept()[0]
        except OSError:  # it has left again
            return None
        if not self.secret or _knows(connection, self.secret):
            return connection
        connection.close()
        return None

    def forget(self) -> None:
        """Close in a fork: the socket stays its owner's."""
        self._socket.close()

    def close(self) -> None:
        self._socket.close()
        with contextlib.suppress(OSError):
            os.unlink(self.address)


def connect(address: str) -> sockets.socket:
    """A connection to whoever listens at *address*. Raises OSError."""
    if not _is_file(address):
        if not has_unix_sockets():
            raise FileNotFoundError(address)
        return _connected(_Socket(sockets.AF_UNIX, sockets.SOCK_STREAM), address)
    port, secret = _read_address(address)
    connection = _connected(_Socket(sockets.AF_INET, sockets.SOCK_STREAM), (_HOST, port))
    connection.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
    connection.sendall(secret.encode())
    return connection


def is_answering(address: str) -> bool:
    """Whether somebody listens at *address*."""
    try:
        connect(address).close()
    except OSError:
        return False
    return True


def receive_now(connection: sockets.socket) -> bytes | None:
    """What has arrived so far, empty for nothing; None when the other end is gone."""
    patience = connection.gettimeout()
    try:
        if not _NO_WAIT:
            connection.setblocking(False)
        return connection.recv(1 << 20, _NO_WAIT) or None
    except BlockingIOError:
        return b""
    except ConnectionError:
        return None
    finally:
        if not _NO_WAIT:
            connection.settimeout(patience)


def _listen_on_path(address: str) -> sockets.socket:
    listening = _Socket(sockets.AF_UNIX, sockets.SOCK_STREAM)
    listening.bind(address)
    os.chmod(address, 0o600)
    return listening


def _listen_on_loopback(address: str, secret: str) -> sockets.socket:
    listening = _Socket(sockets.AF_INET, sockets.SOCK_STREAM)
    listening.bind((_HOST, 0))
    told = os.open(f"{address}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(told, "w", encoding="ascii") as file:
        file.write(f"{listening.getsockname()[1]} {secret}")
    os.replace(f"{address}.new", address)
    return listening


def _connected(connection: sockets.socket, place: str | tuple[str, int]) -> sockets.socket:
    try:
        connection.connect(place)
    except OSError:
        connection.close()
        raise
    return connection


def _is_file(address: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(address).st_mode)
    except OSError:
        return False


def _read_address(address: str) -> tuple[int, str]:
    try:
        with open(address, encoding="ascii") as file:
            port, secret = file.read().split()
        return int(port), secret
    except ValueError as error:
        raise FileNotFoundError(f"{address} tells no port") from error


def _knows(connection: sockets.socket, secret: str) -> bool:
    connection.settimeout(_SECRET_PATIENCE)
    said = b""
    try:
        while len(said) < _LENGTH and (part := connection.recv(_LENGTH - len(said))):
            said += part
        connection.settimeout(None)
        connection.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
    except OSError:
        return False
    return hmac.compare_digest(said, secret.encode())
