"""The guard as pytest sees it: boundaries of tests and fixtures, and how a finding is told."""

from __future__ import annotations

import inspect
import os
import sys
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_reloadwatch import _compat
from pytest_reloadwatch.guard.keeper import Actor, Keeper
from pytest_reloadwatch.guard.places import Places
from pytest_reloadwatch.guard.sources import Sources
from pytest_reloadwatch.guard.warning import ReloadGuardWarning
from pytest_reloadwatch.options import GUARD_MODES
from pytest_reloadwatch.record.firstparty import FirstParty
from pytest_reloadwatch.record.loads import record

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_reloadwatch.guard.findings import Finding

_XUNIT = ("xunit_setup", "unittest_set")  # fixtures that pytest makes of setup functions


@dataclass(frozen=True)
class _Fixture:
    """*label* is how people know it; empty for those of pytest's own, which put back what they change."""

    label: str
    has_teardown: bool


class Guard:
    """One for a process that runs tests; *mode* is warn or error."""

    def __init__(self, config: pytest.Config, mode: str) -> None:
        self._config = config
        self._mode = mode
        self._keeper: Keeper | None = None
        self._sources: Sources | None = None
        self._fixtures: dict[Any, _Fixture] = {}
        self._has_teardown = False  # of a fixture of the test at hand
        self.found: list[str] = []  # what the test at hand has left
        self.told: list[str] = []

    # Boundaries

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:  # noqa: ARG002 - hook
        if _runs_tests(self._config):
            self._begin()
        try:
            return (yield)
        finally:
            if self._sources is not None:
                self._sources.close()

    def _begin(self) -> None:
        """What is there after collection is what has to stay."""
        root = str(self._config.rootpath)
        first_party = FirstParty(root, _compat.cache_directory(self._config))
        loads = record()
        loads.keeps_earlier = True
        loads.take_again()
        places = Places(first_party.is_source)
        self._sources = None if loads.run else Sources()  # in a watch session files are there to be changed
        self._keeper = Keeper(places, loads, self._sources, lambda path: path.removeprefix(root + os.sep))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Generator[None, object, object]:
        fixture, keeper = self._known(fixturedef), self._keeper
        if not fixture.label or keeper is None:
            return (yield)
        if fixturedef.scope != "function":
            return (yield from self._set_up_shared(fixture.label, keeper, fixturedef, request))
        self._has_teardown = self._has_teardown or fixture.has_teardown
        try:
            return (yield)
        finally:
            if not keeper.is_quiet():
                keeper.observe(Actor(f"{fixture.label} of {request.node.nodeid}, in its setup,"))

    def _set_up_shared(
        self, label: str, keeper: Keeper, fixturedef: Any, request: Any
    ) -> Generator[None, object, object]:
        keeper.observe(Actor(request.node.nodeid))
        before = _compat.count_finalizers(fixturedef)
        try:
            return (yield)
        finally:
            can_undo = _compat.count_finalizers(fixturedef) > before or _uses_generators(request)
            keeper.begin(Actor(f"{label}, in its setup,", fixturedef), can_undo=can_undo)

    def pytest_fixture_post_finalizer(self, fixturedef: Any, request: Any) -> None:
        fixture, keeper = self._known(fixturedef), self._keeper
        if not fixture.label or keeper is None:
            return
        if fixturedef.scope != "function":
            keeper.end(Actor(f"{fixture.label}, in its teardown,", fixturedef))
        elif fixture.has_teardown and not keeper.is_quiet():
            keeper.observe(Actor(f"{fixture.label} of {request.node.nodeid}, in its teardown,"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        keeper = self._keeper
        if keeper is None:
            return (yield)
        if self._has_teardown or nextitem is None or nextitem.parent is not item.parent:
            keeper.observe(Actor(item.nodeid))  # before fixtures do what they do at their end
            self._has_teardown = False
        try:
            result = yield
        except BaseException:  # that is what people have to see first
            self._look(item, keeper, may_fail=False)
            raise
        self._look(item, keeper, may_fail=True)
        return result

    # What is found

    def _look(self, item: pytest.Item, keeper: Keeper, *, may_fail: bool) -> None:
        """After each test: nothing more than two questions where all is well."""
        if not keeper.is_quiet():
            keeper.observe(Actor(item.nodeid))
        if keeper.has_work():
            self._settle(item, keeper, may_fail=may_fail)

    def _settle(self, item: pytest.Item, keeper: Keeper, *, may_fail: bool) -> None:
        mode = _mode_of(item, self._mode)
        if mode == "off":
            keeper.accept()
            return
        # A traceback that is kept for a debugger holds what its test had.
        findings = keeper.settle(Actor(item.nodeid), failed=hasattr(sys, "last_value"))
        self.found = [one.sentence() for one in findings]
        self.told += self.found
        if findings and mode == "error" and may_fail:
            pytest.fail("reload guard: " + "\n".join(one.explanation() for one in findings), pytrace=False)
        for one in findings:
            _warn(item, one)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.told:
            terminalreporter.section("reload guard")
            for line in self.told:
                terminalreporter.write_line(line)

    def _known(self, fixturedef: Any) -> _Fixture:
        found = self._fixtures.get(fixturedef)
        if found is None:
            has_teardown = inspect.isgeneratorfunction(fixturedef.func)
            found = self._fixtures[fixturedef] = _Fixture(_name_fixture(fixturedef), has_teardown)
        return found


class WorkerReports:
    """In a worker of xdist: has the report of a test tell what the guard has found."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
        report = yield
        if call.when == "teardown" and self._guard.found:
            report.reload_guard, self._guard.found = self._guard.found, []  # xdist sends what a report has
        return report


class ControllerReports:
    """In xdist's controller: takes what the guard has found out of the reports of its workers."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._guard.told += getattr(report, "reload_guard", ())


def install(config: pytest.Config, mode: str) -> None:
    """Register the guard, and what takes its findings from one process to the other where there are several."""
    guard = Guard(config, mode)
    config.pluginmanager.register(guard, "reloadwatch-guard")
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(WorkerReports(guard))
    elif not _runs_tests(config):
        config.pluginmanager.register(ControllerReports(guard))


def _name_fixture(fixturedef: Any) -> str:
    name, scope = fixturedef.argname, fixturedef.scope
    if any(part in name for part in _XUNIT):
        return f"the {scope} setup of {fixturedef.baseid}"
    if getattr(fixturedef.func, "__module__", "").startswith("_pytest."):
        return ""
    kind = "fixture" if scope == "function" else f"{scope} fixture"
    return f"{kind} {name!r}"


def _uses_generators(request: Any) -> bool:
    """Whether a fixture that this one uses has a teardown, which may undo what this one does with it."""
    return any(inspect.isgeneratorfunction(one.func) for one in _compat.fixtures_used(request))


def _mode_of(item: pytest.Item, mode: str) -> str:
    """What a marker says for this test, else *mode*."""
    marker = item.get_closest_marker("reload_guard")
    if marker is None:
        return mode
    if len(marker.args) != 1 or marker.args[0] not in GUARD_MODES:
        pytest.fail(
            f"@pytest.mark.reload_guard takes one of {', '.join(GUARD_MODES)}, not {marker.args}", pytrace=False
        )
    return str(marker.args[0])


def _warn(item: pytest.Item, finding: Finding) -> None:
    """Told as other warnings are, but never raised: in this mode a verdict stays what it is."""
    warning = ReloadGuardWarning(finding.explanation())
    try:
        item.warn(warning)
    except ReloadGuardWarning:
        path, line, _ = item.location
        message = warnings.WarningMessage(warning, ReloadGuardWarning, path, (line or 0) + 1)
        item.ihook.pytest_warning_recorded.call_historic(
            kwargs={"warning_message": message, "when": "runtest", "nodeid": item.nodeid, "location": None}
        )


def _runs_tests(config: pytest.Config) -> bool:
    """Whether this process runs tests itself, and is not the one that hands them out to xdist's workers."""
    return hasattr(config, "workerinput") or not config.getoption("numprocesses", None)
