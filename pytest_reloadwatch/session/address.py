"""Where a session's sockets are: in a directory that is the owner's alone, with a path short enough."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.digest import digest_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 100  # bytes; a Unix socket path ends at 108, on some systems at 104


def client_address(rootdir: str) -> str:
    """The socket on which the session of *rootdir* answers clients. Raises OSError where no place is safe."""
    return os.path.join(_directory(), digest_text(os.path.realpath(rootdir))[:16] + ".sock")


def internal_address(pid: int) -> str:
    """The socket on which the controller *pid* meets its own processes. Raises OSError as above."""
    return os.path.join(_directory(), f"run-{pid}.sock")


def _directory() -> str:
    problem = OSError("no directory for sockets")
    for place in _places():
        try:
            os.makedirs(place, mode=0o700, exist_ok=True)
            found = os.lstat(place)
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077:
                return place
        except OSError as error:
            problem = error
    raise problem


def _places() -> Iterator[str]:
    name = f"pytest-reloadwatch-{os.getuid()}"
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):
        if base and os.path.isdir(base) and len(os.fsencode(base)) + len(name) + 24 < _LONGEST:
            yield os.path.join(base, name)
