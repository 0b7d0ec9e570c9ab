"""What coverage adds to an affected rerun beyond the tests themselves, as a share of a report's own time.

Two watch sessions, one with the options of pytest-cov and one without, answer the same edits of ``--edit FILE``, a line
more at its end each time. The tests run in processes of their own; what the session itself takes meanwhile, in seconds
of processor, is more with coverage: it hears what the tests have covered, keeps it, combines it with what is known of
all the others, and writes the data file. A report is ``coverage report`` of that file, without the start of Python.
Linux only. With ``--most R`` the exit code is 1 when the share is above R.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace

from _cold import Project
from _scratch import scratch_copy
from _session import WatchSession, end_on_signals

NO_REPORT = "--cov-report="


def spent(pid: int) -> float:
    """Seconds of processor that a process has taken itself, and those of its children that are over."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


class Edited:
    """*name* in *project* is edited while a session runs there."""

    def __init__(self, project: Project, name: str, timeout: float) -> None:
        self._project = project
        self._path = os.path.join(project.clone, name)
        self._timeout = timeout

    def cost(self, edits: int, work: str, *options: str) -> tuple[float, float]:
        """What the session takes for one edit, at the median, and how many tests ran then."""
        seconds, tests = [], []
        with open(self._path, encoding="utf-8") as file:
            text = file.read()
        with WatchSession(self._project, work, "--reload-all", *options) as session:
            session.wait(self._timeout)
            for number in range(edits + 1):
                session.events.read()
                before, runs = spent(session.pid), len(session.events.runs)
                with open(self._path, "w", encoding="utf-8") as file:
                    file.write(f"{text}\n_edited = {number}\n")
                session.wait(self._timeout)
                session.events.read()
                seconds.append(spent(session.pid) - before)
                tests.append(sum(len(run.tests) for run in session.events.runs[runs:]))
        with open(self._path, "w", encoding="utf-8") as file:
            file.write(text)
        return statistics.median(seconds[1:]), statistics.median(tests[1:])


def report_cost(project: Project, place: str, repeats: int) -> float:
    """Seconds of processor that a report takes, at the least."""
    meter = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_meter.py")
    out = os.path.join(place, "cost.json")

    def least(*arguments: str) -> float:
        found: list[float] = []
        for _ in range(repeats):
            command = [sys.executable, meter, out, project.python, "-m", "coverage", *arguments]
            subprocess.run(command, cwd=project.clone, env=project.environment(), capture_output=True, check=True)
            with open(out, encoding="utf-8") as file:
                found.append(json.load(file)["processor"])
        return min(found)

    whole, start = least("report", "--fail-under=0"), least("--version")
    return whole - start


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", help="a project; it is copied, and only the copy is touched")
    parser.add_argument("--python", required=True, help="the interpreter that has its needs and our plugin")
    parser.add_argument("--pythonpath", nargs="*", default=[], help="directories of the clone to import from")
    parser.add_argument("--edit", required=True, metavar="FILE", help="what is edited, relative to the clone")
    parser.add_argument("--edits", type=int, default=5, metavar="N")
    parser.add_argument("--most", type=float, metavar="R", help="fail above this share")
    parser.add_argument("--timeout", type=float, default=300.0, help="seconds for one answer")
    parser.add_argument("--cov", nargs="+", required=True, metavar="ARG", help="the options of pytest-cov, without --")
    parser.add_argument("--args", nargs=argparse.REMAINDER, default=[], help="all that follows goes to pytest")
    chosen = parser.parse_args()
    end_on_signals()
    covering = [f"--{name}" for name in chosen.cov]
    with scratch_copy(os.path.abspath(chosen.clone), None, "rerun-") as copy, tempfile.TemporaryDirectory() as place:
        project = Project(copy, chosen.python, tuple(chosen.pythonpath), tuple(chosen.args))
        edited = Edited(project, chosen.edit, chosen.timeout)
        plain, tests = edited.cost(chosen.edits, place)
        covered = replace(project, arguments=(*project.arguments, *covering))
        ours, _ = Edited(covered, chosen.edit, chosen.timeout).cost(chosen.edits, place, NO_REPORT)
        report = report_cost(project, place, chosen.edits)
    share = (ours - plain) / report
    print(
        f"an edit of {chosen.edit}, {tests:g} tests: the session takes {plain:.3f} s of processor, with coverage"
        f" {ours:.3f} s; a report takes {report:.3f} s, and the rest is {share:.2f} of it"
    )
    return 1 if chosen.most is not None and share > chosen.most else 0


if __name__ == "__main__":
    raise SystemExit(main())
