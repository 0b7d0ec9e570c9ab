"""Keys for sources, of which either the code counts, without comments and formatting, or the text.

While things are recorded, and in the graph, the plain path stands for the code, since most who rest on a source import
it, and its text has a mark in front. In proofs, and for the tree, the plain path stands for the text, as for every
other file, and the code has a mark in front.

A line of a source that a traceback shows has a key of its own, always the same: it counts wherever it stands. Whether
there is a source at all, is whether it has the empty line.

What is left out of account has a key of its own in proofs, which changes where somebody edits it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_CODE = "<code>"
_TEXT = "<text>"
_LINE = "<line>"
_LEFT_OUT = "<left out>"
_BETWEEN = "\n"  # a path and a line
_MOST = 1 << 17  # keys to remember: the same few thousand are asked about for each test file and each test


def text_key(path: str) -> str:
    """As it is recorded that the text of *path* counts: only sources have anything else that could."""
    return _TEXT + path if path.endswith(".py") else path


def there_key(path: str) -> str:
    """As it is recorded that nothing counts but whether there is anything at *path*."""
    return line_key(path, "") if path.endswith(".py") else path


def with_all(paths: Iterable[str]) -> set[str]:
    """These paths, and the keys under which anything of theirs but a line may have been recorded."""
    return {key for path in paths for key in (path, text_key(path), there_key(path))}


def with_texts(keys: Iterable[str]) -> set[str]:
    """These keys, and for the paths among them those under which their text may have been recorded."""
    found = set(keys)
    return found | {text_key(key) for key in found if key == path_of(key)}


@functools.lru_cache(_MOST)
def proof_key(recorded: str) -> str:
    """The key in proofs for what was recorded."""
    if recorded.startswith(_TEXT):
        return recorded[len(_TEXT) :]
    if is_line(recorded):
        return recorded
    return code_key(recorded) if recorded.endswith(".py") else recorded


def code_key(path: str) -> str:
    """The key in proofs for the code of the source at *path*."""
    return _CODE + path


def left_out_key(path: str) -> str:
    """The key in proofs for what tests themselves change at *path*."""
    return _LEFT_OUT + path


def line_key(path: str, line: str) -> str:
    """The key for one line of the source at *path*, which has no blanks around it."""
    return f"{_LINE}{path}{_BETWEEN}{line}"


def is_line(key: str) -> bool:
    """Whether a key stands for a line."""
    return key.startswith(_LINE)


def line_of(key: str) -> str:
    """The line that such a key is about."""
    return key.partition(_BETWEEN)[2]


@functools.lru_cache(_MOST)
def path_of(key: str) -> str:
    """The path that a key of any kind is about; the key itself for one that is about none."""
    if is_line(key):
        return key[len(_LINE) :].partition(_BETWEEN)[0]
    for mark in (_CODE, _TEXT, _LEFT_OUT):
        if key.startswith(mark):
            return key[len(mark) :]
    return key


def about_others(keys: Iterable[str], paths: Collection[str]) -> set[str]:
    """Those of these keys, of any kind, that are about none of *paths*."""
    return {key for key in keys if path_of(key) not in paths}


def is_code(key: str) -> bool:
    """Whether a key of a proof stands for the code of a source."""
    return key.startswith(_CODE)
