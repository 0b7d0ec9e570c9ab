"""What is selected at each commit of a history: by a watch session, and by pytest-testmon in the same run.

``git checkout`` walks through the commits in three clones. In CLONE lives one watch session; in the second clone
cold pytest processes give the verdicts; in the third ``pytest --testmon`` runs at each commit and keeps its data
file. The first commit only sets the three up. Of each further one the table tells

- *known*: the tests that the cold run has at this commit;
- *changed*: tests whose outcome is not the one that they had at the commit before; *new*: tests that were not there;
- *affected*: tests that the session ran;
- *direct*: of those, the ones that its ``selected`` events name as direct;
- *testmon*: tests that ran under testmon;
- *missed by* each: tests that are changed or new and that it did not select. A file that cannot be collected has a
  verdict of its own, which is selected with any of the file's tests.

All of them run failing tests again in any case: a test that had failed at the commit before, in the cold run or in
either of the others, counts nowhere. Neither does one that is *flaky*, of which two cold runs of the commit, or of
the one before, tell different outcomes. A test that the session did not know counts as direct when it ran. One that
did not run is not missed where the session tells its new verdict all the same, as it has proven it earlier for just
this state. Where the session writes no ``selected`` events, all that ran stands for direct.

The commits of a project are made so that tests pass before and after, and hardly a verdict changes. ``--undo`` shows
what would be missed when something breaks: each commit that touches sources is reached first, which does not count;
then the sources, Python files outside of the directories that --tests names, are put back to what they were at the
commit before. The tests that came with the commit stay, and fail where they tell the difference.

The exit code is 1 when the session missed a test, when direct selected more tests or missed more than testmon, or
when anything failed.
"""

from __future__ import annotations

import glob
import itertools
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from _cold import ColdError, Project, run_cold
from _history import Git, further_clone, history_parser, read_commits
from _session import EventsFile, SessionError, WatchSession, end_on_signals

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

COLUMNS = "{:<10} {:>5} {:>6} {:>8} {:>6} {:>7} {:>7} {:>5} | {:>8} {:>6} {:>7}"
HEADER = "\n".join(
    (
        f"{'':<62}| {'missed by':>8}",
        COLUMNS.format(
            *("commit", "files", "known", "affected", "direct", "testmon", "changed", "new"),
            *("affected", "direct", "testmon"),
        ),
    )
)
BAD = frozenset({"failed", "error"})
NOT_TOLD = "the session told no `selected` events: all that ran stands for direct"
SHOWN = 8  # of one kind at one step
_WITHOUT_TESTMON = ("-p", "no:testmon")
# The second one has it select with -m or -k too, which some projects have in their ini file.
_WITH_TESTMON = ("--testmon", "--testmon-forceselect")
_INTERNAL_ERROR = 3


@dataclass(frozen=True)
class Missed:
    """A test that is changed or new and was not selected; *why* is the session's reason, where it has one."""

    test: str
    before: str
    after: str
    why: str = ""

    def __str__(self) -> str:
        reason = f" ({self.why})" if self.why else ""
        return f"{self.test}: {self.before} -> {self.after}{reason}"


@dataclass(frozen=True)
class Ours:
    """What the session did in one step: *ran* and *direct* are nodeids, *named* the affected with reasons.

    *proven* are verdicts that it has told without running anything; *unannounced* ran without being named, known as
    they were.
    """

    ran: frozenset[str]
    direct: frozenset[str]
    named: dict[str, str]
    proven: dict[str, str]
    unannounced: list[str]
    told: bool


@dataclass
class Step:
    """One commit, counted without what failed before and without *flaky* tests.

    *gone* are tests of the commit before that are no more, *failing* how many had failed then;
    *unannounced* were known and ran without being named in a ``selected`` event.
    """

    commit: str
    files: int
    known: int
    affected: int
    direct: int
    testmon: int
    changed: list[str]
    new: list[str]
    gone: int
    failing: int
    told: bool
    missed_by_affected: list[Missed]
    missed_by_direct: list[Missed]
    missed_by_testmon: list[Missed]
    flaky: list[str] = field(default_factory=list)
    unannounced: list[str] = field(default_factory=list)

    def row(self) -> str:
        """The step's line in the table, what was missed below it."""
        counts = (self.commit[:10], self.files, self.known, self.affected, self.direct, self.testmon)
        missed = (self.missed_by_affected, self.missed_by_direct, self.missed_by_testmon)
        lines = [COLUMNS.format(*counts, len(self.changed), len(self.new), *map(len, missed))]
        for name, tests in zip(("AFFECTED", "direct", "testmon"), missed, strict=True):
            lines += _listed(f"missed by {name}: ", tests)
        return "\n".join([*lines, *_listed("flaky: ", self.flaky)])


def _listed(label: str, tests: Sequence[object]) -> list[str]:
    """Lines below a row; the file that --json names has all of them."""
    lines = [f"    {label}{test}" for test in tests[:SHOWN]]
    left = len(tests) - SHOWN
    return [*lines, f"    {label}... and {left} more"] if left > 0 else lines


@dataclass
class Cold:
    """The cold verdicts of one commit, and the tests on which two cold runs of it do not agree."""

    verdicts: dict[str, str]
    flaky: set[str]


class Clones:
    """The three clones, moved together: the session's is *live*. *timeout* is for each process, in seconds."""

    def __init__(self, live: Project, cold: Project, testmon: Project, timeout: float) -> None:
        self._live = live
        self._cold = cold
        self._testmon = testmon
        self._timeout = timeout
        self._git = Git(live.clone)
        self._others = [Git(cold.clone), Git(testmon.clone)]
        self._at = ""
        self._verdicts = Cold({}, set())
        self._failing: set[str] = set()
        self._known: frozenset[str] = frozenset()

    def forget(self) -> None:
        """Remove what earlier sessions and runs of testmon have stored."""
        shutil.rmtree(os.path.join(self._live.clone, ".pytest_cache"), ignore_errors=True)
        for path in glob.glob(os.path.join(self._testmon.clone, ".testmondata*")):
            os.remove(path)

    def place(self, commit: str) -> None:
        """Go to where the session is to start."""
        self._git.checkout(commit)
        for git in self._others:
            git.checkout(commit)
        self._at = commit

    def begin(self, session: WatchSession) -> None:
        """Have all three run everything once. Raises SessionError and ColdError."""
        outcomes = self._settle(session)
        testmon = self._run_testmon()
        self._verdicts = self._run_cold(None)
        self._keep(outcomes, testmon)

    def step(self, session: WatchSession, commit: str) -> Step:
        """Move all three to *commit* and compare. Raises SessionError and ColdError."""
        files = len(self._git.changed(self._at, commit))
        self._at = commit
        return self._move(session, files, lambda git: git.checkout(commit))

    def undo(self, session: WatchSession, before: str, sources: Sequence[str]) -> Step:
        """Put *sources* back to the commit *before*, and compare. Raises SessionError and ColdError."""
        return self._move(session, len(sources), lambda git: git.undo(before, sources))

    def sources(self, before: str, after: str, tests: Sequence[str]) -> list[str]:
        """The Python files that differ and are none of the directories *tests*."""
        return self._git.changed(before, after, "*.py", *(f":!{directory}/" for directory in tests))

    def _move(self, session: WatchSession, files: int, move: Callable[[Git], None]) -> Step:
        mark = (len(session.events.runs), len(session.events.selections))
        for git in (self._git, *self._others):
            move(git)
        outcomes = self._settle(session)
        ours = self._ours(session.events, outcomes, *mark)
        testmon = self._run_testmon()
        before, self._verdicts = self._verdicts, self._run_cold(self._verdicts)
        step = compare(self._at, files, before, self._verdicts, self._failing, ours, testmon)
        self._keep(outcomes, testmon)
        return step

    def _settle(self, session: WatchSession) -> dict[str, str]:
        outcomes = session.wait(self._timeout)["outcomes"]
        session.events.read()
        return {self._as_cold(test): outcome for test, outcome in outcomes.items()}

    def _keep(self, outcomes: dict[str, str], testmon: dict[str, str]) -> None:
        """Note what the next step has to know of this one."""
        sides = (outcomes, testmon, self._verdicts.verdicts)
        # testmon tells nothing of what it has not run: that passed the last time, or it would have run it.
        self._failing = {test for side in sides for test, outcome in side.items() if outcome in BAD}
        self._known = frozenset(outcomes)

    def _ours(self, events: EventsFile, outcomes: dict[str, str], runs: int, selections: int) -> Ours:
        """What ran since these marks and is still there; named and direct count only where they ran.

        A round can begin while git is still writing files, and is cancelled then.
        """
        all_ran = {self._as_cold(test) for run in events.runs[runs:] for test in run.tests}
        ran = frozenset(all_ran & outcomes.keys())
        told = bool(events.selections)
        named: dict[str, str] = {}
        direct: set[str] = set()
        for selected in events.selections[selections:]:
            named |= {self._as_cold(test): why for test, why in selected.affected.items()}
            # A round that began on half of a checkout was cancelled: the last one selects for all of it.
            direct = {self._as_cold(test) for test in selected.direct}
        chosen = {test for test in ran if _is_in(test, direct) or test not in self._known}
        proven = {test: outcome for test, outcome in outcomes.items() if test not in ran}
        unannounced = sorted(test for test in ran & self._known if told and not _is_in(test, named))
        return Ours(ran, frozenset(chosen) if told else ran, named, proven, unannounced, told)

    def _run_testmon(self) -> dict[str, str]:
        result = run_cold(self._testmon, self._timeout)
        if result.exit_code == _INTERNAL_ERROR:
            raise ColdError(f"pytest with testmon ended with an internal error at {self._at}")
        return {self._as_cold(test): outcome for test, outcome in result.verdicts.items()}

    def _run_cold(self, before: Cold | None) -> Cold:
        """Verdicts at this commit; a second run tells what is flaky where anything differs from *before*."""
        verdicts = run_cold(self._cold, self._timeout).verdicts
        if before is not None and verdicts == before.verdicts:
            return Cold(verdicts, before.flaky)
        again = run_cold(self._cold, self._timeout).verdicts
        return Cold(verdicts, {test for test in verdicts if verdicts[test] != again.get(test)})

    def _as_cold(self, nodeid: str) -> str:
        """A test's name in the second clone: parameters can hold the path of the one they are in."""
        for project in (self._live, self._testmon):
            nodeid = nodeid.replace(project.clone, self._cold.clone)
        return nodeid


def compare(
    commit: str,
    files: int,
    before: Cold,
    after: Cold,
    failing: set[str],
    ours: Ours,
    testmon: Mapping[str, str],
) -> Step:
    """The step's counts, from what each side did and what the cold runs tell."""
    flaky = before.flaky | after.flaky
    out = flaky | failing
    verdicts = {test: outcome for test, outcome in after.verdicts.items() if test not in out}
    new = [test for test in verdicts if test not in before.verdicts]
    changed = [test for test in verdicts if before.verdicts.get(test, verdicts[test]) != verdicts[test]]

    def why(test: str) -> str:
        return ours.named.get(test) or ours.named.get(_file_of(test), "")

    def missed(selected: Iterable[str], proven: Mapping[str, str]) -> list[Missed]:
        chosen = with_files(selected)
        return [
            Missed(test, before.verdicts.get(test, "new"), verdicts[test], why(test))
            for test in (*changed, *new)
            if test not in chosen and proven.get(test) != verdicts[test]
        ]

    return Step(
        commit=commit,
        files=files,
        known=len(after.verdicts),
        affected=len(ours.ran - out),
        direct=len(ours.direct - out),
        testmon=len(testmon.keys() - out),
        changed=changed,
        new=new,
        gone=len(before.verdicts.keys() - after.verdicts.keys()),
        failing=len(failing),
        told=ours.told,
        missed_by_affected=missed(ours.ran, ours.proven),
        missed_by_direct=missed(ours.direct, ours.proven),
        missed_by_testmon=missed(testmon, {}),
        flaky=sorted(flaky),
        unannounced=ours.unannounced,
    )


def with_files(tests: Iterable[str]) -> set[str]:
    """These nodeids and the files that they are in."""
    return {name for test in tests for name in (test, _file_of(test))}


def _is_in(test: str, named: Iterable[str]) -> bool:
    """Whether *test* or its file is among *named*, a set or a dict."""
    return test in named or _file_of(test) in named


def _file_of(nodeid: str) -> str:
    return nodeid.split("::", 1)[0]


def each_commit(clones: Clones, session: WatchSession, commits: Sequence[str]) -> Iterator[Step]:
    """From each commit to the next."""
    for commit in commits[1:]:
        yield clones.step(session, commit)


def each_undone(clones: Clones, session: WatchSession, commits: Sequence[str], tests: Sequence[str]) -> Iterator[Step]:
    """From each commit that touches sources to it without them."""
    for before, commit in itertools.pairwise(commits):
        sources = clones.sources(before, commit, tests)
        if sources:
            clones.step(session, commit)
            yield clones.undo(session, before, sources)


def run(clones: Clones, session: WatchSession, chosen: argparse.Namespace, steps: list[Step]) -> str:
    """Fill *steps*, printing each; the answer is the problem that ended it early, if any."""
    print(HEADER, flush=True)
    commits = read_commits(chosen)
    try:
        clones.place(commits[0])
        with session:
            clones.begin(session)
            made = each_undone(clones, session, commits, chosen.tests) if chosen.undo else None
            for step in made or each_commit(clones, session, commits):
                steps.append(step)
                print(step.row(), flush=True)
    except (SessionError, ColdError) as error:
        print(error, flush=True)
        return f"{str(error).splitlines()[0].rstrip(':')} (after {len(steps)} steps)"
    return "processes of the session outlived it" if session.leftovers else ""


@dataclass(frozen=True)
class Totals:
    """Sums over all steps."""

    affected: int
    direct: int
    testmon: int
    changed: int
    new: int
    missed_by_affected: int
    missed_by_direct: int
    missed_by_testmon: int

    @classmethod
    def of(cls, steps: Sequence[Step]) -> Totals:
        """The sums of *steps*."""
        return cls(
            affected=sum(step.affected for step in steps),
            direct=sum(step.direct for step in steps),
            testmon=sum(step.testmon for step in steps),
            changed=sum(len(step.changed) for step in steps),
            new=sum(len(step.new) for step in steps),
            missed_by_affected=sum(len(step.missed_by_affected) for step in steps),
            missed_by_direct=sum(len(step.missed_by_direct) for step in steps),
            missed_by_testmon=sum(len(step.missed_by_testmon) for step in steps),
        )

    def row(self) -> str:
        """The last line of the table."""
        missed = (self.missed_by_affected, self.missed_by_direct, self.missed_by_testmon)
        counts = (self.affected, self.direct, self.testmon, self.changed, self.new)
        return COLUMNS.format("total", "", "", *counts, *missed)

    def complaints(self) -> list[str]:
        """What is not as it should be."""
        found = []
        if self.missed_by_affected:
            found.append(f"affected misses {self.missed_by_affected}")
        if self.direct > self.testmon:
            found.append(f"direct selects {self.direct - self.testmon} more than testmon")
        if self.missed_by_direct > self.missed_by_testmon:
            found.append(f"direct misses {self.missed_by_direct - self.missed_by_testmon} more than testmon")
        return found


def summary(steps: Sequence[Step], totals: Totals, problem: str) -> str:
    """The last line."""
    parts = [
        f"{len(steps)} steps, {totals.changed} changed and {totals.new} new verdicts",
        f"affected {totals.affected} tests, {totals.missed_by_affected} missed",
        f"direct {totals.direct}, {totals.missed_by_direct} missed",
        f"testmon {totals.testmon}, {totals.missed_by_testmon} missed",
    ]
    if not all(step.told for step in steps):
        parts.append(NOT_TOLD)
    parts += [f"NOT AS IT SHOULD BE: {complaint}" for complaint in totals.complaints()]
    return "; ".join([*parts, f"FAILED: {problem}"] if problem else parts)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = history_parser(__doc__)
    made.add_argument("--testmon", metavar="CLONE", help="the third clone (default: a temporary one)")
    made.add_argument("--testmon-python", help="the interpreter that has testmon (default: that of --python)")
    made.add_argument("--undo", action="store_true", help="undo the sources of each commit, and count that")
    made.add_argument(
        "--tests", nargs="*", default=["tests"], metavar="DIRECTORY", help="where --undo finds no sources"
    )
    return made


def clones_for(chosen: argparse.Namespace, place: str) -> tuple[Project, Clones]:
    """The session's project, and all three clones."""
    arguments = tuple(chosen.args)
    live = Project(chosen.clone, chosen.python, tuple(chosen.pythonpath), (*_WITHOUT_TESTMON, *arguments))
    cold = replace(live, clone=os.path.abspath(chosen.cold or further_clone(chosen.clone, place, "cold")))
    third = os.path.abspath(chosen.testmon or further_clone(chosen.clone, place, "testmon"))
    python = chosen.testmon_python or chosen.python
    testmon = replace(live, clone=third, python=python, arguments=(*_WITH_TESTMON, *arguments))
    return live, Clones(live, cold, testmon, chosen.timeout)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code."""
    chosen = parser().parse_args(arguments)
    end_on_signals()
    chosen.clone = os.path.abspath(chosen.clone)
    steps: list[Step] = []
    with tempfile.TemporaryDirectory(prefix="reloadwatch-selection-") as place:
        work = chosen.work or place
        os.makedirs(work, exist_ok=True)
        live, clones = clones_for(chosen, place)
        clones.forget()
        problem = run(clones, WatchSession(live, work), chosen, steps)
    totals = Totals.of(steps)
    if chosen.json:
        told = {"steps": [asdict(step) for step in steps], "totals": asdict(totals), "problem": problem}
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump(told, file, indent=1)
    print(totals.row())
    print(summary(steps, totals, problem))
    return 1 if problem or totals.complaints() else 0


if __name__ == "__main__":
    raise SystemExit(main())
