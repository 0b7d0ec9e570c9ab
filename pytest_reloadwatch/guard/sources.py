"""Whether files of loaded modules have changed: asked after each test, so a question that costs next to nothing."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.digest import digest_file
from pytest_reloadwatch.watch.watchers import InotifyWatcher

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHARE = 100  # where there are no file events, looking takes at most one part in so many of the time


class Sources:
    """Knows the digests of what was loaded, by path."""

    def __init__(self) -> None:
        self._loaded: dict[str, str] = {}
        self._told: dict[str, str] = {}
        self._stamps: dict[str, tuple[int, ...]] = {}
        self._process = os.getpid()
        self._waiting_until = 0.0
        self._watcher = _watcher()
        self._poll = select.poll() if self._watcher is not None else None
        if self._watcher is not None and self._poll is not None:
            self._poll.register(self._watcher.fileno(), select.POLLIN)

    def follow(self, digests: Mapping[str, str]) -> None:
        """Look at these files too, of which this was loaded."""
        self._loaded.update(digests)
        self._told.update(digests)
        self._stamps.update({path: _stamp(path) for path in digests})
        if self._watcher is not None and digests:
            try:
                self._watcher.watch({os.path.dirname(path) for path in self._loaded})
            except OSError:  # the system's limit: look at the files instead
                self._poll = None

    def may_have_changed(self) -> bool:
        """Whether it is worth to ask; where there are events, this takes a microsecond."""
        if self._poll is not None:
            return bool(self._poll.poll(0)) and os.getpid() == self._process  # a fork shares its parent's events
        return time.perf_counter() >= self._waiting_until

    def changed(self) -> list[str]:
        """The files that do not hold what was loaded, each told once for each content."""
        begun = time.perf_counter()
        if self._watcher is not None:
            self._watcher.drain()
        found = [path for path in self._loaded if self._has_news(path)]
        now = time.perf_counter()
        self._waiting_until = now + (now - begun) * _SHARE
        return found

    def close(self) -> None:
        if self._watcher is not None and os.getpid() == self._process:
            self._watcher.close()

    def _has_news(self, path: str) -> bool:
        stamp = _stamp(path)
        if stamp == self._stamps[path]:
            return False
        self._stamps[path] = stamp
        before, self._told[path] = self._told[path], digest_file(path)
        return self._told[path] not in (before, self._loaded[path])


def _watcher() -> InotifyWatcher | None:
    try:
        return InotifyWatcher()
    except (ImportError, OSError, AttributeError):
        return None


def _stamp(path: str) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
