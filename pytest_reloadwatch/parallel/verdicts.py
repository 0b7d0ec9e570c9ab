"""In a run that distributes its tests: what their reports, and the end of a worker, say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pytest_reloadwatch.proof.model import worst
from pytest_reloadwatch.rewind.run import outcome_of

if TYPE_CHECKING:
    from pytest_reloadwatch.rewind.run import Run


class Verdicts:
    """What workers have seen they tell the controller themselves."""

    def __init__(self, run: Run, session: pytest.Session) -> None:
        self._run = run
        self._paths = {item.nodeid: str(item.path) for item in session.items}
        self._outcomes: dict[str, list[str]] = {}

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if outcome := outcome_of(report):
            self._outcomes.setdefault(report.nodeid, []).append(outcome)

    @pytest.hookimpl
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        outcomes = self._outcomes.pop(nodeid, None)
        if outcomes:
            self._run.note(self._plain(nodeid), worst(outcomes))

    @pytest.hookimpl
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        """The worker died in this test, and cannot tell."""
        nodeid = self._plain(crashitem)
        self._run.tell_crash(nodeid, self._paths.get(nodeid, ""))

    def _plain(self, nodeid: str) -> str:
        """Without the group that xdist has appended."""
        return nodeid if nodeid in self._paths else nodeid.rpartition("@")[0]
