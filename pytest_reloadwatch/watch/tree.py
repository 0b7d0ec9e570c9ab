"""The tree: the digest of every key that anything rests on, kept true by sweeps."""

from __future__ import annotations

import itertools
import os
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import code_key, line_of, path_of
from pytest_reloadwatch.proof.digest import (
    ABSENT,
    PRESENT,
    digest_file,
    digest_text,
    is_listing,
    is_path,
    lines_in,
    read_listing,
)
from pytest_reloadwatch.watch.arrivals import arrivals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Entry = tuple[str, str]
Signature = tuple[int, int, int, int]
_GONE: Signature = (0, 0, 0, 0)
# A file written again within this time of being looked at could keep its time stamps (nanoseconds):
# the kernel's clock for them ticks every few milliseconds, some file systems keep whole seconds only.
_TICK = 50_000_000
_COARSE_TICK = 2_000_000_000
_LAG = 10_000_000  # time stamps can be so much behind the clock that programs read


@dataclass
class Sweep:
    """*changed* keys have another digest than before, *touched* ones were written or replaced at least.

    *before* has the digests that changed paths had, *sources* the paths because of which that of all sources changed,
    *moved* the names that came to, or went from, the directories whose listings changed, *arrived* the keys of what
    has just come there, and is tracked from now on.
    """

    changed: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)
    before: dict[str, str] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    moved: dict[str, set[str]] = field(default_factory=dict)
    arrived: set[str] = field(default_factory=set)

    def add(self, later: Sweep) -> None:
        """What a sweep right after this one has found."""
        self.changed |= later.changed
        self.touched |= later.touched
        self.before = later.before | self.before
        self.sources |= later.sources
        self.arrived |= later.arrived
        for key, names in later.moved.items():
            self.moved.setdefault(key, set()).update(names)


class Tree:
    """Digests by key; what is not tracked is unknown.

    *entries* holds the same as pairs, so that a group of dependencies holds when it is a subset. *read_code* gives
    the digest of a source's code, without its comments and formatting, *read_file* that of any file's content.
    """

    def __init__(
        self, read_code: Callable[[str], str] = digest_file, read_file: Callable[[str], str] = digest_file
    ) -> None:
        self._read_code = read_code
        self._read_file = read_file
        self._coded: set[str] = set()
        self._lines: dict[str, set[str]] = defaultdict(set)  # keys of lines, by path
        self.entries: set[Entry] = set()
        self._by_key: dict[str, Entry] = {}
        self._moved: set[Entry] = set()
        self._signatures: dict[str, Signature] = {}
        self._names: dict[str, frozenset[str]] = {}  # in each listing
        self._looks: dict[str, int] = {}  # when each key was last looked at and found to be as it is now
        self._racy: set[str] = set()  # written so lately that the same signature may stand for other content
        self._first_looks: dict[str, tuple[int, Signature]] = {}  # in the order of time
        self._new: tuple[tuple[int, int], set[str]] = ((0, 0), set())  # the last answer of new_since()
        # Keys where nothing is, by the nearest directory above that exists: while that directory
        # does not change, none of them can appear.
        self._missing: dict[str, set[str]] = defaultdict(set)
        self._directories: dict[str, Signature] = {}
        self._places: set[str] | None = None  # the answer of directories() while it holds

    def __contains__(self, key: str) -> bool:
        return key in self._by_key

    def entry(self, key: str) -> Entry:
        """A tracked key with its digest, always the same object. Raises KeyError for others."""
        return self._by_key[key]

    def digest(self, key: str) -> str:
        """The digest of a tracked key. Raises KeyError for others."""
        return self._by_key[key][1]

    def exists(self, key: str) -> bool:
        """Whether *key* is tracked and there."""
        return key in self._by_key and self.digest(key) != ABSENT

    def take_moved(self) -> set[Entry]:
        """The entries that came or went since the last call."""
        moved, self._moved = self._moved, set()
        return moved

    def put(self, key: str, digest: str) -> None:
        """Set the digest of a key that is no path."""
        self._set_digest(key, digest)

    def track(self, keys: Iterable[str]) -> None:
        """Follow these keys from now on."""
        for key in keys:
            if key not in self._by_key and is_path(key):
                self._look(key)
                self._places = None

    def track_code(self, paths: Iterable[str]) -> None:
        """Follow the code of these sources too, beside their text."""
        for path in paths:
            if path not in self._coded:
                self.track([path])
                self._coded.add(path)
                self._digest_code(path)

    def track_lines(self, keys: Iterable[str]) -> None:
        """Follow these lines of sources: whether they are there. Every source has the empty one."""
        for key in keys:
            path = path_of(key)
            if key not in self._lines[path]:
                self.track([path])
                self._lines[path].add(key)
                self._look_for_lines(path, [key])

    def tracks_code(self, path: str) -> bool:
        return path in self._coded

    def new_since(self, moment: int) -> set[str]:
        """All keys first looked at after *moment* that may have been written after it, too.

        *moment* is in nanoseconds of the wall clock. For keys tracked before, sweeps tell what was touched.
        """
        asked = (moment, len(self._first_looks))
        if self._new[0] != asked:
            recent = itertools.takewhile(lambda item: item[1][0] > moment, reversed(self._first_looks.items()))
            self._new = asked, {key for key, (_, signature) in recent if signature[1] > moment - _LAG}
        return self._new[1]

    def may_have_moved(self, keys: Iterable[str], moment: int) -> bool:
        """Whether one of these files may have had another content at some time since *moment*, up to now.

        Not if it was looked at before, and is as it was then, nor if its time stamps are older.
        """
        for key in keys:
            signature = self._signatures.get(key)
            if signature is None or is_listing(key):
                continue  # where nothing is, nothing has been read; of directories the names count
            is_older = max(signature[:2]) < moment - _LAG
            if _signature(key) != signature or not (self._looks[key] <= moment or is_older):
                return True
        return False

    def sweep(self) -> Sweep:
        """Look at everything tracked; only what was written since the last look is read.

        What has just come into a listed directory is tracked from now on: a run that reads it is not the first to look.
        """
        since = time.time_ns() - _LAG
        found = Sweep()
        for key in list(self._signatures):
            self._recheck(key, found)
        for directory in list(self._missing):
            if self._directory_moved(directory):
                self._recheck_missing(directory, found)
        for directory in {key.rstrip(os.sep) for key in filter(is_listing, found.changed)}:
            found.arrived.update(arrivals(directory, since))
        self.track(found.arrived)
        return found

    def written(self, key: str) -> float | None:
        """When a file was last written or replaced, in seconds since the epoch; None where there is none."""
        signature = self._signatures.get(key)
        return None if signature is None else signature[1] / 1e9

    def directories(self) -> set[str]:
        """The directories in which an event can concern a tracked key."""
        if self._places is None:
            self._places = set(self._missing)
            for key in self._signatures:
                self._places.add(key.rstrip(os.sep) if is_listing(key) else os.path.dirname(key))
        return self._places

    def _recheck(self, key: str, found: Sweep) -> None:
        before, signature, names = self.digest(key), self._signatures.get(key), self._names.get(key, frozenset())
        if signature is not None and key not in self._racy and signature == _signature(key):
            return
        parts = [entry for part in (code_key(key), *self._lines.get(key, ())) if (entry := self._by_key.get(part))]
        self._look(key)
        if self.digest(key) != before:
            found.changed.add(key)
            found.before[key] = before
            if is_listing(key):
                found.moved[key] = set(names ^ self._names.get(key, frozenset()))
        found.changed.update(part[0] for part in parts if self.entry(part[0]) != part)
        if self.digest(key) != before or self._signatures.get(key) != signature:
            found.touched.add(key)
        if (self.digest(key) == ABSENT) != (before == ABSENT):
            self._places = None

    def _recheck_missing(self, directory: str, found: Sweep) -> None:
        """Look only at those missing keys below *directory* for which it now has a name: there can be thousands."""
        try:
            names = {name.casefold() for name in os.listdir(directory)}
        except OSError:  # it is gone: other directories are now the nearest
            names, keys = set(), self._missing.pop(directory)
            self._places = None
        else:
            start = len(directory.rstrip(os.sep)) + 1
            keys = {key for key in self._missing[directory] if key[start:].split(os.sep)[0].casefold() in names}
            self._missing[directory] -= keys
            if not self._missing[directory]:
                del self._missing[directory]
                self._places = None
        for key in keys:
            self._recheck(key, found)

    def _look(self, key: str) -> None:
        now = time.time_ns()
        signature = _signature(key)
        digest = ABSENT if signature == _GONE else self._read_listing(key) if is_listing(key) else self._read(key)
        if self._signatures.get(key) != signature or self._by_key.get(key) != (key, digest):
            self._looks[key] = now
        self._set_digest(key, digest)
        if key in self._coded:
            self._digest_code(key)
        if key in self._lines:
            self._look_for_lines(key, self._lines[key])
        self._first_looks.setdefault(key, (now, signature))
        self._racy.discard(key)
        if digest == ABSENT:
            self._signatures.pop(key, None)
            self._names.pop(key, None)
            self._note_missing(key)
            return
        self._signatures[key] = signature
        if _is_racy(signature, now):
            self._racy.add(key)

    def _read_listing(self, key: str) -> str:
        digest, self._names[key] = read_listing(key)
        return digest

    def _read(self, path: str) -> str:
        """That of the content, and for a link, but to source, of where it leads: ``realpath`` tells no more of it."""
        digest = self._read_file(path)
        if path.endswith(".py"):
            return digest
        try:
            return digest_text(digest + os.readlink(path))
        except (OSError, ValueError):
            return digest

    def _digest_code(self, path: str) -> None:
        self._set_digest(code_key(path), self._read_code(path) if self.exists(path) else ABSENT)

    def _look_for_lines(self, path: str, keys: Iterable[str]) -> None:
        wanted = {key: line_of(key) for key in keys}
        there = lines_in(path) if self.exists(path) and any(wanted.values()) else frozenset()
        for key, line in wanted.items():
            is_there = line in there if line else self.exists(path)
            self._set_digest(key, PRESENT if is_there else ABSENT)

    def _set_digest(self, key: str, digest: str) -> None:
        before = self._by_key.get(key)
        if before is not None:
            if before[1] == digest:
                return
            self.entries.discard(before)
            self._moved.add(before)
        entry = self._by_key[key] = (key, digest)
        self.entries.add(entry)
        self._moved.add(entry)

    def _note_missing(self, key: str) -> None:
        directory = os.path.dirname(key.rstrip(os.sep))
        while not os.path.isdir(directory):
            directory = os.path.dirname(directory)
        if directory not in self._missing:
            self._places = None
        self._missing[directory].add(key)
        if directory not in self._directories:
            self._directory_moved(directory)

    def _directory_moved(self, directory: str) -> bool:
        """Whether *directory* changed since the last look, or so shortly before it that one cannot know."""
        now = time.time_ns()
        signature = _signature(directory)
        moved = self._directories.get(directory) != signature
        self._directories[directory] = (0, *signature[1:]) if _is_racy(signature, now) else signature
        return moved


def _signature(path: str) -> Signature:
    for look in (os.stat, os.lstat):  # a link that leads nowhere is there all the same
        try:
            found = look(path)
        except (OSError, ValueError):
            continue
        return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)
    return _GONE


def _is_racy(signature: Signature, now: int) -> bool:
    newest = max(signature[0], signature[1])
    tick = _COARSE_TICK if newest % 1_000_000_000 == 0 else _TICK
    return signature != _GONE and newest > now - tick
