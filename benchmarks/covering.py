"""Replay a project's history under a watch session with --cov, and compare the coverage of each step with a cold run's.

After each ``git checkout`` the session is asked to settle; then ``coverage json`` of the data file that it has written
is compared, file by file and line by line (branch by branch with --cov-branch), with that of a cold full run with the
same options at the same commit in a second clone. Where two cold runs differ from each other the line is *unsteady*,
otherwise it is a DIFFERENCE. The options of pytest-cov are among those behind --args, without --cov-report.

With --comments each step is followed by one in which comments are put between the statements of all measured files that
are no tests: nothing has to run for that, and everything has moved.

The table has a row a step: files changed by the commit, tests run and known, lines covered and to be covered, branches
the same. The exit code is 1 when there was any DIFFERENCE or the session failed.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from _cold import ColdError, Project
from _history import Git, further_clone, history_parser, read_commits
from _session import SessionError, WatchSession, end_on_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = "{:<10} {:>5} {:>6} / {:<6} {:>13} {:>13} {:>8} {:>11}"
HEADER = COLUMNS.format("commit", "files", "ran", "known", "lines", "branches", "unsteady", "differences")
KINDS = ("executed_lines", "missing_lines", "excluded_lines", "executed_branches", "missing_branches")
NO_REPORT = "--cov-report="
SHOWN = 12

Facts = set[tuple[str, str, str]]
"""What a report says: a file, one of KINDS, and a line or branch."""


@dataclass
class Step:
    """One commit's comparison."""

    commit: str
    files: int
    ran: int
    known: int
    lines: str
    branches: str
    unsteady: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)

    def row(self) -> str:
        counts = (self.commit[:10], self.files, self.ran, self.known, self.lines, self.branches)
        rows = [COLUMNS.format(*counts, len(self.unsteady), len(self.differences))]
        rows += [f"    unsteady: {fact}" for fact in self.unsteady[:SHOWN]]
        rows += [f"    DIFFERENCE {fact}" for fact in self.differences[:SHOWN]]
        left = len(self.unsteady[SHOWN:]) + len(self.differences[SHOWN:])
        return "\n".join([*rows, f"    ... and {left} more"] if left else rows)


class Replay:
    """Compares step by step: *live* is the session's clone, *cold* the second one."""

    def __init__(self, live: Project, cold: Project, timeout: float, place: str) -> None:
        self._live = live
        self._cold = cold
        self._timeout = timeout
        self._place = place
        self._git = Git(live.clone)
        self._cold_git = Git(cold.clone)
        self._at = ""
        self._is_commented = False
        self._measured: list[str] = []

    def begin(self, commit: str) -> None:
        """Go to where the session is to start."""
        self._git.checkout(commit)
        self._at = commit

    def step(self, session: WatchSession, commit: str) -> Step:
        """Move the live clone, wait, compare. Raises SessionError and ColdError."""
        files = len(self._git.changed(self._at, commit))
        if commit != self._at or self._is_commented:
            self._git.checkout(commit)
        self._cold_git.checkout(commit)
        self._at, self._is_commented = commit, False
        return self._settle(session, commit, files)

    def comment(self, session: WatchSession) -> Step:
        """The same after comments have come to all measured files."""
        self._is_commented = True
        for name in self._measured:
            for clone in (self._live.clone, self._cold.clone):
                with open(os.path.join(clone, name), encoding="utf-8", newline="") as file:
                    text = file.read()
                with open(os.path.join(clone, name), "w", encoding="utf-8", newline="") as file:
                    file.write(commented(text))
        return self._settle(session, "+ comments", len(self._measured))

    def _settle(self, session: WatchSession, name: str, files: int) -> Step:
        before = len(session.events.runs)
        settled = session.wait(self._timeout)
        session.events.read()
        ours = self._report(self._live)
        cold = self._cold_report()
        self._measured = sorted({path for path, kind, _ in cold if kind == "file" and "test" not in path})
        step = Step(
            commit=name,
            files=files,
            ran=len({nodeid for run in session.events.runs[before:] for nodeid in run.tests}),
            known=len(settled["outcomes"]),
            lines=_share(cold, "executed_lines", "missing_lines"),
            branches=_share(cold, "executed_branches", "missing_branches"),
        )
        self._compare(step, ours, cold)
        return step

    def _compare(self, step: Step, ours: Facts, cold: Facts) -> None:
        if ours == cold:
            return
        unsteady = {_place_of(fact) for fact in cold ^ self._cold_report()}
        for fact in sorted(ours ^ cold):
            told = f"{fact[0]} {fact[1]} {fact[2]}: {'ours alone' if fact in ours else 'cold alone'}"
            (step.unsteady if _place_of(fact) in unsteady else step.differences).append(told)

    def _cold_report(self) -> Facts:
        command = [self._cold.python, "-m", "pytest", "-q", "-p", "no:reloadwatch", NO_REPORT]
        for name in os.listdir(self._cold.clone):
            if name.startswith(".coverage") and name != ".coveragerc":
                os.remove(os.path.join(self._cold.clone, name))
        code, printed = self._call(self._cold, [*command, *self._cold.arguments])
        if code not in (0, 1):
            raise ColdError(f"a cold run ended with {code}:\n{printed[-2000:]}")
        return self._report(self._cold)

    def _report(self, project: Project) -> Facts:
        out = os.path.join(self._place, "coverage.json")
        command = [project.python, "-m", "coverage", "json", "-q", "--fail-under=0", "--ignore-errors", "-o", out]
        code, printed = self._call(project, command)
        if code:
            raise ColdError(f"coverage json ended with {code}:\n{printed[-2000:]}")
        with open(out, encoding="utf-8") as file:
            return _facts(json.load(file))

    def _call(self, project: Project, command: list[str]) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=project.clone,
            env=project.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=self._timeout,
            check=False,
        )
        return done.returncode, done.stdout


def commented(text: str) -> str:
    """*text* with a comment above each statement, which changes no code; as it is where it does not parse."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    firsts = {
        min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt)
    }
    lines = text.split("\n")
    starts = {first for first in firsts if first > 2 and not lines[first - 2].rstrip("\r").endswith("\\")}
    return "\n".join(f"# moved\n{line}" if number in starts else line for number, line in enumerate(lines, 1))


def _facts(report: dict[str, Any]) -> Facts:
    return {
        (name, kind, str(one))
        for name, found in report["files"].items()
        for kind in KINDS
        for one in found.get(kind, ())
    } | {(name, "file", "") for name in report["files"]}


def _place_of(fact: tuple[str, str, str]) -> tuple[str, str, str]:
    """A line or branch, whatever is said of it."""
    return (fact[0], fact[1].rpartition("_")[2], fact[2])


def _share(facts: Facts, executed: str, missing: str) -> str:
    counts = [sum(kind == wanted for _, kind, _ in facts) for wanted in (executed, missing)]
    return f"{counts[0]}/{sum(counts)}"


def run(
    replay: Replay, session: WatchSession, commits: Sequence[str], steps: list[Step], *, with_comments: bool
) -> str:
    """Fill *steps*, printing each; the answer is the problem that ended it early, if any."""
    print(HEADER, flush=True)
    try:
        replay.begin(commits[0])
        with session:
            for commit in commits:
                steps.append(replay.step(session, commit))
                print(steps[-1].row(), flush=True)
                if with_comments:
                    steps.append(replay.comment(session))
                    print(steps[-1].row(), flush=True)
    except (SessionError, ColdError) as error:
        print(error, flush=True)
        return f"{str(error).splitlines()[0].rstrip(':')} (after {len(steps)} of {len(commits)} steps)"
    return "processes of the session outlived it" if session.leftovers else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code."""
    parser = history_parser(__doc__)
    parser.add_argument("--comments", action="store_true", help="after each step, move everything by comments")
    chosen = parser.parse_args(arguments)
    end_on_signals()
    chosen.clone = os.path.abspath(chosen.clone)
    steps: list[Step] = []
    with tempfile.TemporaryDirectory(prefix="reloadwatch-covering-") as place:
        work = chosen.work or place
        os.makedirs(work, exist_ok=True)
        cold = os.path.abspath(chosen.cold or further_clone(chosen.clone, place, "cold"))
        live = Project(chosen.clone, chosen.python, tuple(chosen.pythonpath), tuple(chosen.args))
        replay = Replay(live, replace(live, clone=cold), chosen.timeout, place)
        shutil.rmtree(os.path.join(chosen.clone, ".pytest_cache"), ignore_errors=True)
        session = WatchSession(live, work, NO_REPORT)
        problem = run(replay, session, read_commits(chosen), steps, with_comments=chosen.comments)
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump({"steps": [asdict(step) for step in steps], "problem": problem}, file, indent=1)
    different, unsteady = sum(len(s.differences) for s in steps), sum(len(s.unsteady) for s in steps)
    print(
        f"{len(steps)} steps, {different} differences, {unsteady} unsteady"
        + (f"; FAILED: {problem}" if problem else "")
    )
    return 1 if problem or different else 0


if __name__ == "__main__":
    raise SystemExit(main())
