"""What a command names: a program that does not report reads at least the files that it is told to."""

from __future__ import annotations

import itertools
import os
import re
import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MOST = 1000  # files below a directory that a command names
_SEPARATOR = re.compile(r"[=:,<>|&;()]+")


def named_in(words: Iterable[Any], directory: Any, is_wanted: Callable[[str], bool]) -> list[str]:
    """The files and directories that are there and that *words* name, as seen from *directory*.

    A word can be a command of its own, as for a shell. Of a directory come those below it, too. Directories end with a
    separator. Only what *is_wanted* comes, and of directories only what lies in those that are wanted.
    """
    start = os.path.abspath(os.fsdecode(directory) if directory else ".")
    told = (os.fsdecode(word) for word in words if isinstance(word, (str, bytes, os.PathLike)))
    paths = (os.path.normpath(os.path.join(start, part)) for word in told for part in _parts(word))
    found: dict[str, None] = {}
    for path in dict.fromkeys(paths):
        if is_wanted(path) and os.path.isdir(path):
            found.update(dict.fromkeys(itertools.islice(_below(path, is_wanted), MOST)))
        elif is_wanted(path) and os.path.isfile(path):
            found[path] = None
    return list(found)


def _parts(word: str) -> Iterator[str]:
    """The word, its words where it is a command, and the parts of each: of an option, of a list."""
    for one in {word, *_split(word)}:
        yield one
        yield from filter(None, _SEPARATOR.split(one))


def _split(word: str) -> list[str]:
    try:
        return shlex.split(word, comments=True)
    except ValueError:
        return word.split()


def _below(directory: str, is_wanted: Callable[[str], bool]) -> Iterator[str]:
    for place, directories, names in os.walk(directory):
        yield os.path.join(place, "")
        directories[:] = [name for name in directories if is_wanted(os.path.join(place, name))]
        yield from filter(is_wanted, (os.path.join(place, name) for name in names))
