"""Workers that xdist starts itself, on this machine: they record as a run does, and run what the run would have run.

The run tells them through the environment, for they read that before anything first-party is imported.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NoReturn

import pytest

from pytest_reloadwatch import _compat
from pytest_reloadwatch.parallel.last_words import LastWords
from pytest_reloadwatch.parallel.meeting import find
from pytest_reloadwatch.record.firstparty import FirstParty
from pytest_reloadwatch.record.recorder import Recorder
from pytest_reloadwatch.rewind.messages import Resume
from pytest_reloadwatch.rewind.randomness import Origin
from pytest_reloadwatch.rewind.recording import begin_run
from pytest_reloadwatch.rewind.shelf import Shelf
from pytest_reloadwatch.rewind.speaker import Speaker

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_reloadwatch.rewind.run import Run


def join_run(config: pytest.Config, told: str, prepare: Callable[[ColdLife, Recorder], None]) -> Run:
    """In such a process, from its beginning on. Ends it where the run, or its controller, is gone.

    *prepare* is called before the run's plugins are registered.
    """
    recorder = Recorder(FirstParty(str(config.rootpath), _compat.cache_directory(config)))
    life = ColdLife(recorder)
    worker = os.environ["PYTEST_XDIST_WORKER"]
    try:
        meeting, order = find(told)
        assert isinstance(order, Resume)
        life.order = order
        life.join(meeting.address, worker)
    except OSError:
        os._exit(1)
    prepare(life, recorder)
    run = begin_run(config, life, recorder, meeting.reports)
    run.worker = worker
    config.pluginmanager.register(LastWords(life))
    config.pluginmanager.register(_Selecting(run))
    return run


class _Selecting:
    """Before xdist tells its controller of what has been collected: from then on tests go by numbers."""

    def __init__(self, run: Run) -> None:
        self._run = run

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._run.select(session)


class ColdLife(Speaker):
    """Of a process that shares one run, and neither freezes nor reloads."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__(recorder)
        self.randomness = Origin()
        self.collected: dict[str, str] = {}
        self.collecting = True
        self.shelf = Shelf()
        self.on_resume: list[Callable[[], None]] = []
        self._recorder = recorder

    def moment(self) -> float:
        return time.monotonic()

    def report(self) -> None:
        self.tell(self._recorder.take())

    def before_module(self, path: str) -> bool:  # noqa: ARG002 - as all of these: nothing freezes here
        return False

    def before_collection(self) -> bool:
        return False

    def freeze(self, place: str, before: str = "") -> bool:  # noqa: ARG002
        return False

    def prepare_end(self) -> None:
        """Nothing: xdist waits for the end."""

    def abandon(self, reason: str) -> NoReturn:
        raise AssertionError(f"nothing was hoisted here: {reason}")
