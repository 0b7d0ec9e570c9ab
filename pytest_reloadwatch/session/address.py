"""Where a session's sockets are: in a directory that is the owner's alone, with a path short enough."""

from __future__ import annotations

import getpass
import os
import stat
import tempfile
from typing import TYPE_CHECKING

from pytest_reloadwatch.endpoint import has_unix_sockets
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
            if stat.S_ISDIR(found.st_mode) and _is_private(found):
                return place
        except OSError as error:
            problem = error
    raise problem


def _is_private(found: os.stat_result) -> bool:
    """Where there are no user ids, as on Windows, the directory for temporary files is the owner's."""
    return not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not found.st_mode & 0o077)


def _places() -> Iterator[str]:
    name = f"pytest-reloadwatch-{os.getuid() if hasattr(os, 'getuid') else getpass.getuser()}"
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):
        is_short = base and (not has_unix_sockets() or len(os.fsencode(base)) + len(name) + 24 < _LONGEST)
        if base and is_short and os.path.isdir(base):
            yield os.path.join(base, name)
