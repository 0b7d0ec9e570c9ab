"""Workers that are forked from the run: nothing is imported, and nothing collected, a second time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.parallel._compat import import_ahead
from pytest_reloadwatch.parallel.forked import ForkedWorker
from pytest_reloadwatch.parallel.nursery import Nursery, open_nursery
from pytest_reloadwatch.parallel.roles import Roles
from pytest_reloadwatch.rewind.purity import describe
from pytest_reloadwatch.rewind.restore import SharedState

if TYPE_CHECKING:
    import pytest

    from pytest_reloadwatch.rewind.run import Run
    from pytest_reloadwatch.rewind.timeline import Timeline


__all__ = ["Forks", "import_ahead"]


class Forks:
    """Made before anything first-party is imported."""

    def __init__(self, run: Run, timeline: Timeline, config: pytest.Config) -> None:
        self._timeline = timeline
        self._config = config
        self._roles = Roles(config)
        self._worker = ForkedWorker(run, timeline, self._roles, timeline.randomness, config)
        config.pluginmanager.register(self._roles)
        config.add_cleanup(self._worker.leave)

    def begin_tests(self) -> None:
        """From here on whoever asks for his role asks in it."""
        self._roles.stop()

    def obstacle(self) -> str:
        """Why no worker can be forked here, in words; empty where it can."""
        found = self._timeline.impurities()
        if self._roles.asked or not found:
            return self._roles.asked
        reason, allow = describe(found)
        return f"{reason}; if that is harmless, put into the ini file: reload_allow = {allow}"

    def open(self, session: pytest.Session) -> Nursery | None:
        """What forks workers for this run; None in each of them, when its work is done."""
        shared = SharedState.save(self._config)
        nursery = self._timeline.fork_aside(open_nursery)
        if isinstance(nursery, Nursery):
            return nursery
        self._worker.work(nursery, session, shared)
        return None
