"""In a run that distributes its tests: what their reports, and the end of a worker, say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_reloadwatch.parallel._compat import is_forked
from pytest_reloadwatch.proof.model import worst
from pytest_reloadwatch.rewind.run import outcome_of

if TYPE_CHECKING:
    from pytest_reloadwatch.rewind.run import Run


class Verdicts:
    """Workers on this machine tell the controller themselves what they have seen; for the others this does."""

    def __init__(self, run: Run, session: pytest.Session) -> None:
        self._run = run
        self._paths = {item.nodeid: str(item.path) for item in session.items}
        self.missing = set(self._paths)  # tests without a verdict
        self._reports: dict[tuple[str, str], list[pytest.TestReport]] = {}

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        node: Any = getattr(report, "node", None)
        if node is None or report.when not in ("setup", "call", "teardown"):
            return
        key = (node.gateway.id, report.nodeid)
        self._reports.setdefault(key, []).append(report)
        if report.when == "teardown":
            self._conclude(self._plain(report.nodeid), self._reports.pop(key), node.gateway)

    def _conclude(self, nodeid: str, reports: list[pytest.TestReport], gateway: Any) -> None:
        outcome = worst(filter(None, map(outcome_of, reports)))
        self.missing.discard(nodeid)
        self._run.note(nodeid, outcome)
        if not is_forked(gateway.spec) and nodeid in self._paths:
            self._run.tell_unseen(nodeid, self._paths[nodeid], outcome, reports, gateway.id)

    @pytest.hookimpl
    def pytest_handlecrashitem(self, crashitem: str) -> None:
        """The worker died in this test, and cannot tell."""
        nodeid = self._plain(crashitem)
        self.missing.discard(nodeid)
        self._run.tell_unseen(nodeid, self._paths.get(nodeid, ""), "error")

    def _plain(self, nodeid: str) -> str:
        """Without the group that xdist has appended."""
        return nodeid if nodeid in self._paths else nodeid.rpartition("@")[0]
