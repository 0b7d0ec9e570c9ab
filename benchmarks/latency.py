"""How soon a watch session answers a save, next to cold pytest processes, in one invocation.

In a scratch copy of CLONE a session runs; then one line is saved at the end of a test file and of an application
module, alternately, each time with another value, and the answer is awaited. The first edit of each kind does not
count; of the others medians are shown:

- *first verdict*: from just before the save to the first ``test`` event (the events file is read every millisecond);
- *settled*: from just before the save to the ``settled`` event;
- *floor*: the time of what has to be executed in any case. It is the sum of the seconds that the session's own
  ``test`` events give for the tests that ran, and of the time to execute each module that the session re-executed,
  without what that module imports. The latter is taken in a cold pytest process that has just imported the
  whole suite's modules (bytecode files are there but for the edited file's, as for the session) and runs the same
  tests. The floor of the first verdict counts the modules of the first run and the first test only;
- *strict floor*: the same, with the seconds that the tests took in that cold process, where nothing is recorded;
- *loop*: what pytest's own loop took for the same tests in that cold process: the floor's tests with pytest's
  work between them;
- *cold whole*, *cold affected*: wall time of plain ``pytest``, without argument, and with the files of the tests
  that ran.

The first full run is compared in alternating rounds: plain ``pytest``, ``--reload-once --reload-all``, and a watch
session from its start to its ``settled`` event. Ratios are taken round by round. Nothing here fails for being slow.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from _cold import ColdResult, Project, run_cold, time_cold, time_once
from _scratch import scratch_copy
from _session import Answer, WatchSession, answer_to, end_on_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PROBE = "_reloadwatch_probe"


class Probe:
    """A source file whose last line is an assignment that each save gives another value."""

    def __init__(self, path: str) -> None:
        self._path = path
        with open(path, encoding="utf-8") as file:
            self._text = file.read().rstrip("\n")
        self._number = 0

    def save(self) -> None:
        """As editors do: write beside it, then replace."""
        self._number += 1
        beside = self._path + ".new"
        with open(beside, "w", encoding="utf-8") as file:
            file.write(f"{self._text}\n\n{PROBE} = {self._number}\n")
        os.replace(beside, self._path)


@dataclass
class Row:
    """One kind of edit: medians, in seconds but for the counts."""

    tests: int
    modules: int
    first: float
    settled: float
    first_floor: float
    settled_floor: float
    strict_floor: float
    loop: float
    cold_whole: float
    cold_affected: float


@dataclass
class FirstRun:
    """Medians of the rounds that compare first full runs: seconds, and ratios to the same round's plain run."""

    plain: float
    once: float
    watch: float
    once_ratio: float
    watch_ratio: float


class Benchmark:
    """All measurements in one scratch copy; *work* is for the session's files."""

    def __init__(self, project: Project, work: str, timeout: float, pause: float) -> None:
        self._project = project
        self._work = work
        self._timeout = timeout
        self._pause = pause

    def answers(self, probes: Sequence[Probe], edits: int) -> list[list[Answer]]:
        """Edit all *probes* in turn; a list of answers for each."""
        found: list[list[Answer]] = [[] for _ in probes]
        with WatchSession(self._project, self._work, "--reload-all") as session:
            session.wait(self._timeout)
            for _ in range(edits):
                for probe, answers in zip(probes, found, strict=True):
                    answers.append(answer_to(probe.save, session, self._timeout, self._pause))
        return found

    def row(self, probe: Probe, answers: Sequence[Answer], whole: float, repeats: int) -> Row:
        """The medians of *answers*, with the floor and the cold runs that belong to them."""
        last = answers[-1]
        files = list(dict.fromkeys(nodeid.split("::")[0] for nodeid in last.tests))
        cold = [self._cold(probe, last) for _ in range(repeats)]
        return Row(
            tests=len(last.tests),
            modules=len(last.modules),
            first=statistics.median(a.settled if a.first is None else a.first for a in answers),
            settled=statistics.median(a.settled for a in answers),
            first_floor=statistics.median(first_floor(a, result) for a in answers for result in cold),
            settled_floor=statistics.median(settled_floor(a, result) for a in answers for result in cold),
            strict_floor=statistics.median(strict_floor(a, result) for a in answers for result in cold),
            loop=statistics.median(result.loop for result in cold),
            cold_whole=whole,
            cold_affected=median_of(repeats, lambda: time_cold(self._project, self._timeout, files)),
        )

    def _cold(self, probe: Probe, answer: Answer) -> ColdResult:
        probe.save()
        return run_cold(self._project, self._timeout, only=answer.tests, timed=True)

    def whole(self, repeats: int) -> float:
        """Seconds of plain pytest, the median."""
        return median_of(repeats, lambda: time_cold(self._project, self._timeout))

    def first_run(self, rounds: int) -> FirstRun:
        """Compare first full runs."""
        plain, once, watch = [], [], []
        for _ in range(rounds):
            plain.append(time_cold(self._project, self._timeout))
            once.append(time_once(self._project, self._timeout))
            watch.append(self._watch_start())
        return FirstRun(
            statistics.median(plain),
            statistics.median(once),
            statistics.median(watch),
            statistics.median(o / p for o, p in zip(once, plain, strict=True)),
            statistics.median(w / p for w, p in zip(watch, plain, strict=True)),
        )

    def _watch_start(self) -> float:
        begun = time.monotonic()
        with WatchSession(self._project, self._work, "--reload-all") as session:
            for moment, event in session.events.follow(self._timeout):
                if event["event"] == "settled":
                    return moment - begun
        raise AssertionError("follow ends with an event or an error")


def median_of(repeats: int, measure: Callable[[], float]) -> float:
    """The median of some measurements."""
    return statistics.median(measure() for _ in range(repeats))


def first_floor(answer: Answer, cold: ColdResult) -> float:
    """Seconds for the modules of the first run that had a test, and for that test."""
    run = next((run for run in answer.runs if run.tests), None)
    if run is None:
        return settled_floor(answer, cold)
    return sum(cold.modules.get(name, 0.0) for name in run.reexecuted) + next(iter(run.seconds.values()))


def settled_floor(answer: Answer, cold: ColdResult) -> float:
    """Seconds for all re-executed modules and all tests that ran."""
    tests = sum(seconds for run in answer.runs for seconds in run.seconds.values())
    return tests + sum(cold.modules.get(name, 0.0) for name in answer.modules)


def strict_floor(answer: Answer, cold: ColdResult) -> float:
    """As settled_floor, with the tests' seconds of the cold process."""
    tests = sum(cold.tests.get(nodeid, 0.0) for nodeid in answer.tests)
    return tests + sum(cold.modules.get(name, 0.0) for name in answer.modules)


def table(rows: dict[str, Row], first: FirstRun) -> str:
    """Everything measured, a column a kind of edit."""
    lines = [f"{'':<28}" + "".join(f"{name:>14}" for name in rows)]

    def add(name: str, value: Callable[[Row], str]) -> None:
        lines.append(f"{name:<28}" + "".join(f"{value(row):>14}" for row in rows.values()))

    add("tests run", lambda row: str(row.tests))
    add("modules re-executed", lambda row: str(row.modules))
    add("first verdict", lambda row: milliseconds(row.first))
    add("  its floor", lambda row: milliseconds(row.first_floor))
    add("  beyond the floor", lambda row: milliseconds(row.first - row.first_floor))
    add("settled", lambda row: milliseconds(row.settled))
    add("  its floor", lambda row: milliseconds(row.settled_floor))
    add("  beyond the floor", lambda row: milliseconds(row.settled - row.settled_floor))
    add("  its strict floor", lambda row: milliseconds(row.strict_floor))
    add("  beyond the strict floor", lambda row: milliseconds(row.settled - row.strict_floor))
    add("  loop", lambda row: milliseconds(row.loop))
    add("cold whole", lambda row: milliseconds(row.cold_whole))
    add("cold affected", lambda row: milliseconds(row.cold_affected))
    add("first verdict / cold whole", lambda row: fraction(row.first, row.cold_whole))
    add("settled / cold whole", lambda row: fraction(row.settled, row.cold_whole))
    add("first verdict / affected", lambda row: fraction(row.first, row.cold_affected))
    add("settled / affected", lambda row: fraction(row.settled, row.cold_affected))
    lines.append(f"first full run: plain {first.plain:.2f} s, once {first.once:.2f} s = {first.once_ratio:.2f} times,")
    lines.append(f"  watch until settled {first.watch:.2f} s = {first.watch_ratio:.2f} times")
    return "\n".join(lines)


def summary(rows: dict[str, Row], first: FirstRun) -> str:
    """The last line."""
    parts = [
        f"{name} edit: first verdict {milliseconds(row.first)} ({fraction(row.first, row.cold_whole)} of cold whole), "
        f"settled {milliseconds(row.settled)} ({fraction(row.settled, row.cold_whole)}), "
        f"{milliseconds(row.settled - row.settled_floor)} beyond the floor"
        for name, row in rows.items()
    ]
    return "; ".join([*parts, f"first full run {first.once_ratio:.2f} times plain"])


def milliseconds(seconds: float) -> str:
    """For the table."""
    return f"{seconds * 1000:.0f} ms"


def fraction(part: float, whole: float) -> str:
    """A ratio as one over something."""
    return f"1/{whole / part:.1f}"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("clone", help="a project; it is copied, and only the copy is touched")
    made.add_argument("--python", required=True, help="the interpreter that has its needs and our plugin")
    made.add_argument("--test-file", required=True, metavar="F", help="the test file to edit, from the clone")
    made.add_argument("--module", required=True, metavar="M", help="the application module's file, from the clone")
    made.add_argument("--pythonpath", nargs="*", default=[], help="directories of the clone to import from")
    made.add_argument("--edits", type=int, default=6, metavar="N", help="of each kind; the first does not count")
    made.add_argument("--repeats", type=int, default=3, help="of each cold measurement")
    made.add_argument("--rounds", type=int, default=5, help="of the comparison of first full runs")
    made.add_argument("--pause", type=float, default=1.5, help="idle seconds before and after each edit")
    made.add_argument("--timeout", type=float, default=300.0, help="seconds for anything to end")
    made.add_argument("--scratch", help="where to make the copy (default: beside the clone)")
    made.add_argument("--json", help="write the rows to this file")
    made.add_argument("--args", nargs=argparse.REMAINDER, default=[], help="all that follows goes to pytest")
    return made


def measure(chosen: argparse.Namespace, project: Project, work: str) -> tuple[dict[str, Row], FirstRun]:
    """All measurements, in the copy."""
    benchmark = Benchmark(project, work, chosen.timeout, chosen.pause)
    first = benchmark.first_run(chosen.rounds)
    probes = {
        name: Probe(os.path.join(project.clone, getattr(chosen, option)))
        for name, option in (("test", "test_file"), ("module", "module"))
    }
    answers = benchmark.answers(list(probes.values()), max(2, chosen.edits))
    whole = benchmark.whole(chosen.repeats)
    rows = {
        name: benchmark.row(probe, found[1:], whole, chosen.repeats)
        for (name, probe), found in zip(probes.items(), answers, strict=True)
    }
    return rows, first


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code."""
    chosen = parser().parse_args(arguments)
    end_on_signals()
    clone = os.path.abspath(chosen.clone)
    with scratch_copy(clone, chosen.scratch, "latency-") as copy, tempfile.TemporaryDirectory() as work:
        project = Project(copy, chosen.python, tuple(chosen.pythonpath), tuple(chosen.args))
        rows, first = measure(chosen, project, work)
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump({"rows": {n: asdict(r) for n, r in rows.items()}, "first_run": asdict(first)}, file, indent=1)
    print(table(rows, first))
    print(summary(rows, first))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
