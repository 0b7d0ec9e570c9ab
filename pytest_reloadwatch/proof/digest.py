"""Keys for what a verdict can rest on, and the digests that say which state of it was seen.

A key is an absolute path; a directory's listing has the directory's path with a separator behind it, and with two
where only names count that pytest or importlib.metadata look for; what is not a file has a name in angle brackets.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tokenize

ABSENT = "absent"
PRESENT = "present"
UNREADABLE = "unreadable"
DIRECTORY = "directory"
SPECIAL = "special"  # a pipe, a socket or a device
FIRST_PARTY = "<first-party>"
CONFTESTS = "<conftests>"  # which of them are felt by tests of every directory
WHOLE_RUN = "<whole run>"  # the same as FIRST_PARTY, for who has another verdict where anything is passed over
ALL_SOURCES = frozenset({FIRST_PARTY, WHOLE_RUN})

# What editors and git put beside a file for a moment, and SQLite beside a database (https://sqlite.org/tempfiles.html),
# and what Python itself leaves.
_TRANSIENT = re.compile(
    r"\.|__pycache__$|pytest-cache-files-|#|4913$|sed\w{6}$|.*\.\w+-(journal|wal|shm)$"
    r"|.*(~|\.sw[a-p]|\.tmp|\.pyc|\.orig|\.lock|___jb_\w+___)$"
)


# What pytest's own collectors look at, besides directories (one with a pyvenv.cfg is passed over), and what tells
# importlib.metadata of a distribution.
_LOOKED_FOR = re.compile(r".*\.(py|egg|egg-info|egg-link)$|test.*\.txt$|pyvenv\.cfg$")


def listing_key(directory: str) -> str:
    """The key of a directory's listing."""
    return directory.rstrip(os.sep) + os.sep


def lookup_key(directory: str) -> str:
    """The key of the names that pytest and importlib.metadata look for in a directory: a new README is none."""
    return listing_key(directory) + os.sep


def keys_written(path: str) -> set[str]:
    """What may become another by writing *path*, which may be a directory itself that comes or goes."""
    places = (path, os.path.dirname(path))
    return {key for place in places for key in (place, listing_key(place), lookup_key(place))}


def is_listing(key: str) -> bool:
    return key.endswith(os.sep)


def may_be_source(key: str) -> bool:
    """Whether *key* stands for Python source, in a file or in all of them."""
    return key.endswith(".py") or key in ALL_SOURCES or key == CONFTESTS


def is_path(key: str) -> bool:
    return not key.startswith("<")


def digest_bytes(data: bytes) -> str:
    """128 bits of BLAKE2b, in hexadecimal."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def digest_text(text: str) -> str:
    return digest_bytes(text.encode("utf-8", "surrogatepass"))


def digest_file(path: str) -> str:
    """The digest of a file's content; says ABSENT or UNREADABLE rather than raise. A pipe has none."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # to open a pipe would wait for who writes into it
            return DIRECTORY if os.path.isdir(path) else SPECIAL
        with open(path, "rb") as file:
            return digest_bytes(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except OSError:
        return UNREADABLE


def lines_in(path: str) -> frozenset[str]:
    """The lines of a source, without blanks around them; none where it cannot be read."""
    try:
        with tokenize.open(path) as file:
            return frozenset(line.strip() for line in file)
    except (OSError, SyntaxError, ValueError):
        return frozenset()


def read_listing(key: str) -> tuple[str, frozenset[str]]:
    """The digest of the names in a directory, without what comes and goes while people edit, and these names."""
    try:
        names = frozenset(looked_for_names(key) if key.endswith(os.sep * 2) else listed_names(key))
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT, frozenset()
    except OSError:
        return UNREADABLE, frozenset()
    return digest_text("\n".join(sorted(names))), names


def is_transient(name: str) -> bool:
    """Whether *name* is one that comes and goes while people edit: it counts for no listing."""
    return bool(_TRANSIENT.match(name))


def is_looked_for(name: str) -> bool:
    """Whether a file of this name in a directory is one that pytest's own collectors may take for tests."""
    return bool(_LOOKED_FOR.match(name))


def listed_names(directory: str) -> list[str]:
    """The names that count as part of a directory's listing."""
    return [name for name in os.listdir(directory) if not is_transient(name)]


def looked_for_names(directory: str) -> list[str]:
    """Those of the listed names that pytest's own collectors and importlib.metadata look for."""
    with os.scandir(directory) as entries:
        return [
            entry.name
            for entry in entries
            if not is_transient(entry.name) and (is_looked_for(entry.name) or entry.is_dir())
        ]
