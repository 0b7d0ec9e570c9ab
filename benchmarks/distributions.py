"""Verdicts under pytest-xdist: ``pytest --reload-once --reload-all -n N`` next to plain ``pytest -n N``.

In a scratch copy each way to distribute (``--dist``) runs once on both sides, and the reports that ``--junitxml`` gives
are compared: how often each test came out in which way. What differs runs plain a second time; where plain differs from
itself the test is unsteady, and listed apart. Prints a table and one last summary line; exits with 1 for a difference.
"""

from __future__ import annotations

import argparse
import collections
import os
import re
import subprocess
import tempfile
import xml.etree.ElementTree
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from _cold import Project
from _scratch import scratch_copy
from _session import end_on_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    Result = tuple[str, str, str]
    """The class, the name and the outcome of a test."""

PLAIN = ("-p", "no:reloadwatch")
OURS = ("--reload-once", "--reload-all")
BAD_ENDS = ("failure", "error", "skipped")
COLUMNS = "{:<12} {:>6} {:>8} {:>10} {:>9}"
COLD = "start cold"


@dataclass
class Report:
    """What one run told: its exit code, how often each result came, and whether workers started cold."""

    exit_code: int
    results: collections.Counter[Result]
    was_cold: bool


@dataclass
class Row:
    """One way to distribute: how many tests, what differs, and what differs between plain runs too."""

    dist: str
    tests: int
    differing: set[Result] = field(default_factory=set)
    unsteady: set[Result] = field(default_factory=set)
    is_forked: bool = True


class Runs:
    """Runs of *project* with *workers*; *place* is a directory for reports."""

    def __init__(self, project: Project, place: str, workers: int, timeout: float) -> None:
        self._project = project
        self._report = os.path.join(place, "report.xml")
        self._workers = workers
        self._timeout = timeout

    def row(self, dist: str) -> Row:
        """Both sides, and plain once more where they differ. Raises subprocess.TimeoutExpired."""
        plain, ours = self._run(PLAIN, dist), self._run(OURS, dist)
        differing = set((plain.results - ours.results) + (ours.results - plain.results))
        again = self._run(PLAIN, dist) if differing else plain
        unsteady = set((plain.results - again.results) + (again.results - plain.results))
        names = {result[:2] for result in unsteady}
        apart = {result for result in differing if result[:2] in names}
        if plain.exit_code != ours.exit_code and not apart:
            differing.add(("", "exit code", f"{plain.exit_code} and {ours.exit_code}"))
        return Row(dist, plain.results.total(), differing - apart, unsteady, is_forked=not ours.was_cold)

    def _run(self, options: Sequence[str], dist: str) -> Report:
        command = [self._project.python, "-m", "pytest", *options, f"-n{self._workers}", f"--dist={dist}"]
        done = subprocess.run(
            [*command, f"--junitxml={self._report}", *self._project.arguments],
            cwd=self._project.clone,
            env={**self._project.environment(), "PYTHONHASHSEED": "0"},  # or workers collect in different orders
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self._timeout,
            check=False,
        )
        return Report(done.returncode, results(self._report), COLD in done.stdout)


def results(path: str) -> collections.Counter[Result]:
    """How often each result is in a report, without addresses, which names of tests can contain."""
    found: collections.Counter[Result] = collections.Counter()
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        outcome = next((part.tag for part in case if part.tag in BAD_ENDS), "passed")
        name = re.sub(r"0x[0-9a-f]+", "0x", case.get("name", ""))
        found[case.get("classname", ""), name, outcome] += 1
    return found


def table(rows: Sequence[Row]) -> str:
    """A row for each way to distribute."""
    lines = [COLUMNS.format("--dist", "tests", "forked", "differing", "unsteady")]
    for row in rows:
        forked = "yes" if row.is_forked else "no"
        lines.append(COLUMNS.format(row.dist, row.tests, forked, len(row.differing), len(row.unsteady)))
        lines += [f"  differs: {'::'.join(result)}" for result in sorted(row.differing)]
        lines += [f"  unsteady: {'::'.join(result)}" for result in sorted(row.unsteady)]
    return "\n".join(lines)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("clone", help="a project; it is copied, and only the copy is touched")
    made.add_argument("--python", required=True, help="the interpreter that has its needs, pytest-xdist and our plugin")
    made.add_argument("--pythonpath", nargs="*", default=[], help="directories of the clone to import from")
    made.add_argument("--workers", type=int, default=2, metavar="N", help="how many")
    made.add_argument("--dist", nargs="+", default=["load", "loadfile", "loadgroup"], help="ways to distribute")
    made.add_argument("--timeout", type=float, default=600.0, help="seconds for one run")
    made.add_argument("--scratch", help="where to make the copy (default: beside the clone)")
    made.add_argument("--args", nargs=argparse.REMAINDER, default=[], help="all that follows goes to pytest")
    return made


def main() -> int:
    """The exit code of the command."""
    chosen = parser().parse_args()
    end_on_signals()
    clone = os.path.abspath(chosen.clone)
    with scratch_copy(clone, chosen.scratch, "distributions-") as copy, tempfile.TemporaryDirectory() as place:
        project = Project(copy, chosen.python, tuple(chosen.pythonpath), tuple(chosen.args))
        runs = Runs(project, place, chosen.workers, chosen.timeout)
        rows = [runs.row(dist) for dist in chosen.dist]
    differing = sum(len(row.differing) for row in rows)
    print(table(rows))
    unsteady = sum(len(row.unsteady) for row in rows)
    print(f"{os.path.basename(clone)}: {rows[0].tests} tests, {differing} differing, {unsteady} unsteady")
    return 1 if differing else 0


if __name__ == "__main__":
    raise SystemExit(main())
