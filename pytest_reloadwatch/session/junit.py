"""The report of ``--junitxml``: of the whole suite, whichever run each verdict is from.

Each run writes pytest's own file, of the tests that it ran. After each settled state this file says what that of a cold
run would: for each test what its latest run wrote, and for one that was proven before the session its verdict.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections import defaultdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from xml.etree import ElementTree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_reloadwatch._compat import JunitSettings

_Key = tuple[str, str]  # class name and name, as in the file
_CHILDREN = {"failed": "failure", "error": "error", "skipped": "skipped", "xfailed": "skipped"}
_COUNTS = {"errors": "error", "failures": "failure", "skipped": "skipped"}
_WORST_FIRST = ("error", "failure", "skipped")
_EARLIER = "in an earlier session; nothing that it rests on has changed since"


class Junit:
    """*complain* is told where the file cannot be written."""

    def __init__(self, settings: JunitSettings, complain: Callable[[str], None]) -> None:
        self._settings = settings
        self._complain = complain
        self._cases: dict[_Key, dict[str, list[ElementTree.Element]]] = defaultdict(dict)  # by what it says
        self._suite: ElementTree.Element | None = None  # of the latest run
        self._seconds = 0.0
        self._seen = self._state()

    def take(self) -> None:
        """A run has ended, and may have written its file."""
        state = self._state()
        if state == self._seen:
            return
        self._seen = state
        with contextlib.suppress(OSError, ElementTree.ParseError):  # its process has died, or another one writes there
            suite = ElementTree.parse(self._settings.path).getroot().find("testsuite")
            if suite is not None:
                self._add(suite)

    def write(self, outcomes: Mapping[str, str], seconds: Callable[[str], float]) -> None:
        """All of these, by nodeid; *seconds* tells how long a test took when it last ran."""
        cases = [case for nodeid, outcome in outcomes.items() for case in self._of(nodeid, outcome, seconds(nodeid))]
        root = ElementTree.Element("testsuites", {"name": "pytest tests"})
        suite = ElementTree.SubElement(root, "testsuite", self._attributes(cases))
        suite.extend([] if self._suite is None else self._suite.findall("properties"))
        suite.extend(cases)
        try:
            os.makedirs(os.path.dirname(self._settings.path), exist_ok=True)
            with open(self._settings.path, "wb") as file:
                ElementTree.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)
        except OSError as error:
            self._complain(f"--junitxml: {self._settings.path} cannot be written: {error.strerror or error}")
        self._seen = self._state()

    def _add(self, suite: ElementTree.Element) -> None:
        self._suite = suite
        self._seconds += float(suite.get("time", 0))
        found: dict[_Key, list[ElementTree.Element]] = defaultdict(list)
        for case in suite.findall("testcase"):
            found[case.get("classname", ""), case.get("name", "")].append(case)
        for key, cases in found.items():
            self._cases[key][_said_by(cases)] = cases

    def _of(self, nodeid: str, outcome: str, seconds: float) -> Iterable[ElementTree.Element]:
        """What the latest run of this outcome has written of it, or else its verdict."""
        names = _names(nodeid)
        prefix = [self._settings.prefix] if self._settings.prefix else []
        key = ".".join([*prefix, *names[:-1]]), names[-1]
        written = self._cases[key].get(_CHILDREN.get(outcome, "")) if key in self._cases else None
        return written or [self._proven(key, nodeid, outcome, seconds)]

    def _proven(self, key: _Key, nodeid: str, outcome: str, seconds: float) -> ElementTree.Element:
        file = {} if self._settings.family == "xunit2" else {"file": nodeid.partition("::")[0]}
        attributes = {"classname": key[0], "name": key[1], **file, "time": f"{seconds:.3f}"}
        case = ElementTree.Element("testcase", attributes)
        if outcome in _CHILDREN:
            ElementTree.SubElement(case, _CHILDREN[outcome], {"message": f"{outcome} {_EARLIER}"})
        return case

    def _attributes(self, cases: list[ElementTree.Element]) -> dict[str, str]:
        counts = {name: str(sum(len(case.findall(tag)) for case in cases)) for name, tag in _COUNTS.items()}
        now = datetime.now(timezone.utc).astimezone().isoformat()
        return {
            "name": self._settings.suite,
            **counts,
            "tests": str(len(cases)),
            "time": f"{self._seconds:.3f}",
            "timestamp": now if self._suite is None else self._suite.get("timestamp", now),
            "hostname": platform.node(),
        }

    def _state(self) -> tuple[int, ...]:
        try:
            found = os.stat(self._settings.path)
        except OSError:
            return ()
        return found.st_ino, found.st_size, found.st_mtime_ns


def _said_by(cases: list[ElementTree.Element]) -> str:
    """The worst of what is said of one test; empty where it has passed."""
    tags = {child.tag for case in cases for child in case}
    return next((tag for tag in _WORST_FIRST if tag in tags), "")


def _names(nodeid: str) -> list[str]:
    """The parts of a nodeid as pytest has them in this file: of the test file's path the dotted name."""
    plain, bracket, parameters = nodeid.partition("[")
    path, *names = plain.split("::")
    names = [path.replace("/", ".").removesuffix(".py"), *names]
    names[-1] += bracket + parameters
    return names
