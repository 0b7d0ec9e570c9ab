"""What a command names: a program that does not report reads at least the files that it is told to."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import re
import shlex
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.proof.digest import is_transient
from pytest_reloadwatch.record.child.sitecustomize import absolute
from pytest_reloadwatch.record.disk import is_directory, is_file, is_there, status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MOST = 1000  # files that one command can name, those below directories included
_LONGEST = 1 << 16  # bytes of a script that are looked at
_SCRIPTS = 256  # to remember
_SEPARATOR = re.compile(r"[=:,<>|&;()]+")


def named_in(words: Iterable[Any], directory: Any, is_wanted: Callable[[str], bool]) -> list[str]:
    """The files and directories that are there and that *words* name, as seen from *directory*.

    A word can be a command of its own, as for a shell. Of a directory come those below it, too, and of a script what
    its lines name. Directories end with a separator. Only what *is_wanted* comes, and of directories only what lies in
    those that are wanted and would show in a listing's digest.
    """
    start = absolute(directory or os.curdir)
    if start is None:  # the working directory is gone
        return []
    texts = [os.fsdecode(word) for word in words if isinstance(word, (str, bytes, os.PathLike))]
    found: dict[str, None] = {}
    waiting = dict.fromkeys(_paths(texts, start))
    while waiting and len(found) < MOST:
        path, _ = waiting.popitem()
        if path in found or not is_wanted(path):
            continue
        if is_directory(path):
            found.update(dict.fromkeys(itertools.islice(_below(path, is_wanted), MOST)))
        elif is_file(path):
            found[path] = None
            with contextlib.suppress(OSError):  # it has gone
                waiting.update(dict.fromkeys(_named_in_script(path, status(path).st_mtime_ns, start)))
    return list(found)


@functools.lru_cache(_SCRIPTS)
def _named_in_script(path: str, _written: int, start: str) -> tuple[str, ...]:
    """What is there and its lines name, as seen from *start* or from beside it; tests start the same few again."""
    lines = _lines_of_script(path)
    named = dict.fromkeys([*_paths(lines, start), *_paths(lines, os.path.dirname(path))])
    return tuple(filter(is_there, named))


def _paths(texts: Iterable[str], start: str) -> Iterator[str]:
    return (os.path.normpath(os.path.join(start, part)) for text in texts for part in _parts(text))


def _parts(text: str) -> Iterator[str]:
    """The text, its words where it is a command, and the parts of each: of an option, of a list."""
    for one in {text, *_split(text)}:
        yield one
        yield from filter(None, _SEPARATOR.split(one))


def _split(text: str) -> list[str]:
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        words = text.split()
    return words[1:] if words[:1] == ["."] else words  # where a shell's command for scripts stands, it is no directory


def _lines_of_script(path: str) -> list[str]:
    """Nothing for what is no script of a shell's kind, or cannot be read."""
    try:
        with open(path, "rb") as file:
            data = file.read(_LONGEST)
    except OSError:
        return []
    is_script = path.endswith(".sh") or (data.startswith(b"#!") and not path.endswith(".py"))
    return os.fsdecode(data).splitlines() if is_script and b"\0" not in data else []


def _below(directory: str, is_wanted: Callable[[str], bool]) -> Iterator[str]:
    for place, directories, names in os.walk(directory):
        yield os.path.join(place, "")
        directories[:] = [name for name in directories if is_wanted(os.path.join(place, name))]
        yield from filter(is_wanted, (os.path.join(place, name) for name in names if not is_transient(name)))
