"""Replay a project's history under a watch session, and compare every verdict with a cold run.

One session lives in CLONE while ``git checkout`` walks through the commits; it is driven through the outside
interface only. After each step the verdict map that ``wait`` prints is compared with that of a cold pytest
process at the same commit in a second clone. A test where they differ is

- *flaky* when two cold runs differ from each other, also where only the parameters in its name do (a clock's time),
- *order-dependent* when a cold run of just the tests of the session's run shows the session's verdict,
- a DIFFERENCE otherwise.

The table has a row a step: files changed by the commit, tests run and known, modules re-executed. "ours" is
the time from the end of the checkout to the answer of ``wait``, the start of that command included; "cold"
is the wall time of the cold process. The first step is the session's start. The exit code is 1 when there
was any DIFFERENCE or the session failed.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from _cold import ColdError, ColdResult, Project, run_cold
from _history import Git, further_clone, history_parser, read_commits
from _session import EventsFile, SessionError, WatchSession, end_on_signals

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLUMNS = "{:<10} {:>5} {:>6} / {:<6} {:>7} {:>7} {:>7} {:>11}"
HEADER = COLUMNS.format("commit", "files", "ran", "known", "modules", "ours s", "cold s", "differences")
BAD = ("failed", "error")
WAYS = ("reloaded in place", "in the same process", "a fresh process", "starting over")
ABSENT = "-"
SHOWN = 12  # of one kind at one step


@dataclass(frozen=True)
class Mismatch:
    """A test whose verdict differs; ``-`` where one side does not know the test."""

    test: str
    ours: str
    cold: str

    def __str__(self) -> str:
        return f"{self.test}: ours {self.ours}, cold {self.cold}"


@dataclass
class Step:
    """One commit's comparison; times are in seconds."""

    commit: str
    files: int
    ran: int
    known: int
    modules: int
    ours: float
    cold: float
    started_over: bool
    differences: list[Mismatch] = field(default_factory=list)
    flaky: list[Mismatch] = field(default_factory=list)
    order_dependent: list[Mismatch] = field(default_factory=list)

    def row(self) -> str:
        """The step's line in the table, its mismatches below it."""
        counts = (self.commit[:10], self.files, self.ran, self.known, self.modules)
        line = COLUMNS.format(*counts, f"{self.ours:.2f}", f"{self.cold:.2f}", len(self.differences))
        lines = [line + ("  starts over" if self.started_over else "")]
        lines += _listed("DIFFERENCE {}", self.differences)
        lines += _listed("flaky: {}", self.flaky)
        lines += _listed("order-dependent: {} (shown by a cold run of the same subset)", self.order_dependent)
        return "\n".join(lines)


def _listed(form: str, mismatches: Sequence[Mismatch]) -> list[str]:
    """Lines below a row; the file that --json names has all of them."""
    lines = [f"    {form.format(mismatch)}" for mismatch in mismatches[:SHOWN]]
    left = len(mismatches) - SHOWN
    return [*lines, f"    ... and {left} more"] if left > 0 else lines


class Replay:
    """Compares step by step: *live* is the session's clone, *cold* the second one. Times are in seconds."""

    def __init__(self, live: Project, cold: Project, timeout: float) -> None:
        self._live = live
        self._cold = cold
        self._timeout = timeout
        self._git = Git(live.clone)
        self._cold_git = Git(cold.clone)
        self._at = ""
        self._subsets: dict[tuple[str, ...], dict[str, str]] = {}

    def begin(self, commit: str) -> None:
        """Go to where the session is to start."""
        self._git.checkout(commit)
        self._at = commit

    def step(self, session: WatchSession, commit: str) -> Step:
        """Move the live clone, wait, compare. Raises SessionError and ColdError."""
        files = len(self._git.changed(self._at, commit))
        before = len(session.events.runs)
        if commit != self._at:
            self._git.checkout(commit)
        begun = time.monotonic()
        settled = session.wait(self._timeout)
        ours = time.monotonic() - begun
        session.events.read()
        self._at = commit
        self._subsets = {}
        self._cold_git.checkout(commit)
        cold = run_cold(self._cold, self._timeout)
        step = self._describe(session.events, before, files, len(settled["outcomes"]), ours, cold.seconds)
        self._compare(step, settled, cold, session.events)
        return step

    def _describe(self, events: EventsFile, before: int, files: int, known: int, ours: float, cold: float) -> Step:
        runs = events.runs[before:]
        return Step(
            commit=self._at,
            files=files,
            ran=len({nodeid for run in runs for nodeid in run.tests}),
            known=known,
            modules=len({name for run in runs for name in run.reexecuted}),
            ours=ours,
            cold=cold,
            started_over=before > 0 and any(run.number == 1 for run in runs),
        )

    def _compare(self, step: Step, settled: dict[str, Any], cold: ColdResult, events: EventsFile) -> None:
        step.differences = contradictions(settled)
        suspects = mismatches({self._as_cold(test): o for test, o in settled["outcomes"].items()}, cold.verdicts)
        again = run_cold(self._cold, self._timeout) if suspects else cold
        unsteady = unsteady_names(cold.verdicts, again.verdicts)
        for suspect in suspects:
            if again.verdicts.get(suspect.test, ABSENT) != suspect.cold or suspect.test.split("[")[0] in unsteady:
                step.flaky.append(suspect)
            elif self._depends_on_order(suspect, events):
                step.order_dependent.append(suspect)
            else:
                step.differences.append(suspect)

    def _depends_on_order(self, suspect: Mismatch, events: EventsFile) -> bool:
        """Whether a cold run of just the tests that ran along with this one gives the session's verdict."""
        for run in reversed(events.runs):
            tests = {self._as_cold(test): outcome for test, outcome in run.tests.items()}
            if tests.get(suspect.test) == suspect.ours:
                return self._cold_subset(tuple(tests)).get(suspect.test) == suspect.ours
        return False

    def _as_cold(self, nodeid: str) -> str:
        """A test's name in the second clone: parameters can hold the path of the one they are in."""
        return nodeid.replace(self._live.clone, self._cold.clone)

    def _cold_subset(self, nodeids: tuple[str, ...]) -> dict[str, str]:
        if nodeids not in self._subsets:
            files = dict.fromkeys(nodeid.split("::")[0] for nodeid in nodeids)
            self._subsets[nodeids] = run_cold(self._cold, self._timeout, only=nodeids, files=files).verdicts
        return self._subsets[nodeids]


def unsteady_names(first: Iterable[str], second: Iterable[str]) -> set[str]:
    """The functions of which two cold runs have tests with different parameters."""
    return {test.split("[")[0] for test in {*first} ^ {*second} if "[" in test}


def mismatches(ours: dict[str, str], cold: dict[str, str]) -> list[Mismatch]:
    """Every test on whose verdict the two maps do not agree."""
    return [
        Mismatch(test, ours.get(test, ABSENT), cold.get(test, ABSENT))
        for test in dict.fromkeys([*cold, *ours])
        if ours.get(test) != cold.get(test)
    ]


def contradictions(settled: dict[str, Any]) -> list[Mismatch]:
    """What is wrong with a settled object in itself, in the form of a mismatch."""
    found = []
    if not settled.get("settled", True):
        found.append(Mismatch("<wait>", "answered unsettled", "settled"))
    fails = any(outcome in BAD for outcome in settled["outcomes"].values())
    if fails != (settled["exit_code"] != 0):
        found.append(Mismatch("<exit code>", str(settled["exit_code"]), "1" if fails else "0"))
    return found


def summary(steps: Sequence[Step], problem: str) -> str:
    """The last line."""
    different, flaky = sum(len(s.differences) for s in steps), sum(len(s.flaky) for s in steps)
    counts = f"{len(steps)} steps, {different} differences, {flaky} flaky"
    counts += f", {sum(len(s.order_dependent) for s in steps)} order-dependent"
    times = f"ours {sum(s.ours for s in steps):.1f} s, cold {sum(s.cold for s in steps):.1f} s"
    return f"{counts}; {times}" + (f"; FAILED: {problem}" if problem else "")


def run(replay: Replay, session: WatchSession, commits: Sequence[str], steps: list[Step]) -> str:
    """Fill *steps*, printing each; the answer is the problem that ended it early, if any."""
    print(HEADER, flush=True)
    try:
        replay.begin(commits[0])
        with session:
            for commit in commits:
                steps.append(replay.step(session, commit))
                print(steps[-1].row(), flush=True)
    except (SessionError, ColdError) as error:
        print(error, flush=True)
        return f"{str(error).splitlines()[0].rstrip(':')} (after {len(steps)} of {len(commits)} steps)"
    return "processes of the session outlived it" if session.leftovers else ""


def ways_taken(output: str) -> dict[str, int]:
    """How often the session said that it took changes in by one of these ways; rewinding needs no word."""
    with open(output, encoding="utf-8", errors="replace") as file:
        said = [line.removeprefix("reloadwatch: ") for line in file]
    return {way: count for way in WAYS if (count := sum(line.startswith(way) for line in said))}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code."""
    parser = history_parser(__doc__)
    parser.add_argument("--engine", choices=("auto", "rewind", "inplace"), default="auto", help="as --reload-engine")
    chosen = parser.parse_args(arguments)
    end_on_signals()
    chosen.clone = os.path.abspath(chosen.clone)
    steps: list[Step] = []
    with tempfile.TemporaryDirectory(prefix="reloadwatch-replay-") as place:
        work = os.path.abspath(chosen.work or place)
        os.makedirs(work, exist_ok=True)
        cold = os.path.abspath(chosen.cold or further_clone(chosen.clone, place, "cold"))
        live = Project(chosen.clone, chosen.python, tuple(chosen.pythonpath), tuple(chosen.args))
        replay = Replay(live, replace(live, clone=cold), chosen.timeout)
        shutil.rmtree(os.path.join(chosen.clone, ".pytest_cache"), ignore_errors=True)
        session = WatchSession(live, work, f"--reload-engine={chosen.engine}")
        problem = run(replay, session, read_commits(chosen), steps)
        ways = ways_taken(session.output)
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump({"steps": [asdict(step) for step in steps], "problem": problem}, file, indent=1)
    if ways:
        print(", ".join(f"{way}: {times}" for way, times in ways.items()))
    print(summary(steps, problem))
    return 1 if problem or any(step.differences for step in steps) else 0


if __name__ == "__main__":
    raise SystemExit(main())
