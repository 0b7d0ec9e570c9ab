"""The life of a worker: one process, in which pytest runs again and again, and what it has taken in on the way."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_reloadwatch.graph.keys import path_of
from pytest_reloadwatch.proof.digest import is_path
from pytest_reloadwatch.rewind.choice import ROOT
from pytest_reloadwatch.rewind.messages import (
    Channel,
    Frozen,
    Knowledge,
    Resume,
    Retire,
    Started,
    TookIn,
    Unfit,
)
from pytest_reloadwatch.rewind.randomness import Origin
from pytest_reloadwatch.rewind.speaker import Speaker
from pytest_reloadwatch.rewind.streams import flush_streams
from pytest_reloadwatch.worker.kept import KeptConftests

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.record.recorder import Recorder


class WorkerLife(Speaker):
    """*sources* are the texts that first-party modules were executed from, *edges* what these were seen to rest on.

    *ambient* was taken in on nobody's account; *late* are sources that were executed while tests ran.
    """

    def __init__(self, channel: Channel, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.randomness = Origin()
        self.collected: dict[str, str] = {}
        self.collecting = True
        self.shelf: Any = KeptConftests()
        self.on_resume: list[Callable[[], None]] = []
        self.sources: dict[str, bytes] = {}
        self.edges: dict[str, set[str]] = {}
        self.ambient: set[str] = set()
        self.late: set[str] = set()
        self.has_finished = False  # pytest, in the current run
        self._channel = channel
        self._recorder = recorder
        self._past: set[str] = set()  # taken in since the last order, and not by tests alone
        self._begun = time.time_ns()

    # What a run does

    def report(self) -> None:
        """Send what the recorder has learned since the last report."""
        learned = self._recorder.take()
        for source, key in learned.edges:
            self.edges.setdefault(source, set()).add(key)
            if is_path(path_of(key)):
                self._past.add(path_of(key))
        self.ambient |= learned.ambient.keys()
        if self.collecting:
            self._past |= learned.past.keys()
        self._past.update(path for _, path in learned.modules)
        learned.at_import = None  # what was imported in earlier runs executed then
        self.tell(learned)

    def recall(self) -> None:
        """Send what was learned of modules that are warm: what rests on them does so still."""
        edges = [(source, key) for source, keys in self.edges.items() for key in keys]
        self.send(Knowledge(self.order.run, past=[], modules=[], edges=edges, ambient=sorted(self.ambient)))

    def moment(self) -> float:
        return time.monotonic()

    def before_module(self, path: str) -> bool:
        """A first-party module is about to execute; nothing freezes here."""
        if path not in self.shelf.paths:
            self.edges.pop(path, None)
            self.sources[path] = self.read(path) or b""
            if not self.collecting:
                self.late.add(path)
        return False

    def read(self, path: str) -> bytes | None:
        """The text at *path*, None where there is no file: for our own purposes, so on nobody's account."""
        paused, self._recorder.paused = self._recorder.paused, True
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            return None
        finally:
            self._recorder.paused = paused

    def before_collection(self) -> bool:
        return False

    def freeze(self, place: str, before: str = "") -> bool:  # noqa: ARG002 - nothing freezes here
        return False

    def prepare_end(self) -> None:
        self.has_finished = True
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the session from here on
        flush_streams()
        self.send(TookIn(os.getpid(), self._take_past(), self._begun), with_next=True)

    def abandon(self, reason: str) -> NoReturn:
        """No test has run yet: a fresh process carries the order out."""
        self.say_unfit(reason)
        os._exit(0)  # nobody is to hear of what pytest has begun here

    # Between runs

    def check_in(self, place: str = ROOT) -> None:
        """Tell that this process waits for an order."""
        past = self._take_past()
        self.send(Frozen(os.getpid(), 0, self.order.run, place, "", 0.0, past, self._begun, {}))

    def wait(self) -> Resume | None:
        """The next order; None when the process is to end."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if hasattr(signal, "pthread_sigmask"):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        return self._next_order()

    def begin(self, order: Resume) -> None:
        """Carry out *order* from here on, until an interrupt comes."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        self.order = order
        self.collected, self.collecting, self.on_resume = {}, True, []
        self.has_finished = False
        self._begun = time.time_ns()
        self.send(Started(order.run, os.getpid()))

    def say_unfit(self, reason: str) -> None:
        self.send(Unfit(self.order.run, reason))

    def _take_past(self) -> list[str]:
        past, self._past = sorted(self._past), set()
        return past

    def _next_order(self) -> Resume | None:
        while self._channel is not None:
            received = self._channel.wait()
            if received is None:
                return None
            for message in received:
                if isinstance(message, Retire):
                    return None
                if isinstance(message, Resume):
                    return message
        return None
