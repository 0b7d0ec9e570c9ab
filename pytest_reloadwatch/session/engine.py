"""Where runs come from: checkpoints that fork, or workers that reload in place and are replaced where need be."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Protocol

from pytest_reloadwatch.rewind.choice import WARM

if TYPE_CHECKING:
    from pytest_reloadwatch.rewind.choice import Checkpoint
    from pytest_reloadwatch.rewind.messages import Resume
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.hoisting import Hoister
    from pytest_reloadwatch.session.planner import Planner
    from pytest_reloadwatch.session.pool import Pool
    from pytest_reloadwatch.session.workers import Workers

GRACE = 2.0  # seconds in which a process whose connection is closed has to end
FAILURES = 3  # processes in a row that end before they are ready, until the session gives up


class Engine(Protocol):
    """What the controller asks for; it tells the processes what to do itself."""

    def begin(self) -> None:
        """The session begins."""

    def choose(self, order: Resume) -> tuple[Checkpoint, Resume] | None:
        """From where to carry out *order*, and what to say there; None where nothing is ready."""

    def is_starting(self) -> bool:
        """Whether a process will be ready soon."""

    def note_ready(self, pid: int) -> None:
        """A process has checked in for the first time."""

    def reap(self) -> dict[int, int]:
        """The exit codes of processes that the controller has started and that have ended since the last call."""

    def exit_code(self, pid: int) -> int | None:
        """That of one that is about to end; None where another process will tell."""

    def interrupt(self, pid: int) -> None:
        """As Ctrl-C does, if possible."""

    def kill(self, pid: int) -> None: ...

    def work_ahead(self) -> None:
        """Make the next answer quicker while nobody waits."""

    def close(self) -> None:
        """All connections are closed: see to the end of what was started here."""


class RewindEngine:
    """Checkpoints fork what is needed; the first was forked before the controller was one."""

    def __init__(self, pool: Pool, planner: Planner, hoister: Hoister) -> None:
        self._pool = pool
        self._planner = planner
        self._hoister = hoister

    def begin(self) -> None:
        """Nothing: the root is on its way."""

    def choose(self, order: Resume) -> tuple[Checkpoint, Resume] | None:
        checkpoint = self._planner.checkpoint(order)
        return None if checkpoint is None else (checkpoint, order)

    def is_starting(self) -> bool:
        return False

    def note_ready(self, pid: int) -> None:
        """Nothing."""

    def reap(self) -> dict[int, int]:
        ended = {}
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                ended[found[0]] = os.waitstatus_to_exitcode(found[1])
        return ended

    def exit_code(self, pid: int) -> int | None:  # noqa: ARG002 - the parent tells
        return None

    def interrupt(self, pid: int) -> None:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGINT)

    def kill(self, pid: int) -> None:
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)

    def work_ahead(self) -> None:
        self._pool.trim(self._planner.hot)
        hoist = self._hoister.next_hoist(self._planner.hot)
        if hoist is not None:
            self._pool.tell(*hoist)
        else:
            self._pool.keep_spares(self._planner.hot)

    def close(self) -> None:
        """They end with their connections."""


class InPlaceEngine:
    """One warm worker that reloads, and a spare that has not begun."""

    def __init__(self, pool: Pool, book: Book, workers: Workers) -> None:
        self._pool = pool
        self._book = book
        self._workers = workers
        self._starting: set[int] = set()
        self._failures = 0

    def begin(self) -> None:
        self._start()

    def choose(self, order: Resume) -> tuple[Checkpoint, Resume] | None:
        for checkpoint in sorted(self._pool.checkpoints.values(), key=lambda c: c.place != WARM):
            return checkpoint, order._replace(stale=self._stale(checkpoint))
        if not self._starting and self._failures < FAILURES:
            self._start()
        return None

    def is_starting(self) -> bool:
        return bool(self._starting)

    def note_ready(self, pid: int) -> None:
        self._starting.discard(pid)
        self._failures = 0

    def reap(self) -> dict[int, int]:
        ended = self._workers.reap()
        self._failures += len(self._starting.intersection(ended))
        self._starting.difference_update(ended)
        return ended

    def exit_code(self, pid: int) -> int | None:
        return self._workers.wait(pid, GRACE)

    def interrupt(self, pid: int) -> None:
        self._workers.interrupt(pid)

    def kill(self, pid: int) -> None:
        self._workers.kill(pid)

    def work_ahead(self) -> None:
        has_spare = any(checkpoint.is_root for checkpoint in self._pool.checkpoints.values())
        if not has_spare and not self._starting and self._failures < FAILURES:
            self._start()

    def close(self) -> None:
        self._workers.close(GRACE)

    def _stale(self, checkpoint: Checkpoint) -> list[str]:
        return sorted({key for key, _ in checkpoint.past - self._book.tree.entries})

    def _start(self) -> None:
        self._starting.add(self._workers.start())
