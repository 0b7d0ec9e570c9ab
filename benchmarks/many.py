"""A session over very many tests: its start, and its answer to an edit, with everything else proven.

A project is made: source modules with many small functions, and test files that import some of the modules, each test
calling functions of some of those, always the same ones. After a first run of everything, which fills the store,

- *start* is from the start of a watch session to its ``settled`` event, with nothing to run;
- *test file* and *function* are the answers to an edit of one test file, and of one function's body, from just before
  the save: to the first verdict, and to the ``settled`` event. The first edit of each kind does not count, of the
  others medians are shown;
- *memory* is what the controller's process holds (on Linux), at its start and at the end.
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

from _cold import Project, time_cold, time_once
from _session import Answer, WatchSession, answer_to, end_on_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

MODULES = 600
FUNCTIONS = 40  # of a module
IMPORTED = 60  # modules, by a test file
EXECUTED = 30  # of them, by a test
CALLED = 7  # functions of each
TESTS = 50  # of a file
COLUMNS = "{:<12}{:>8}{:>16}{:>12}"


class ManyTests:
    """The project at *root*: *files* test files."""

    def __init__(self, root: str, files: int) -> None:
        self._root = root
        self._edits = 0
        self._write("pytest.ini", "[pytest]\npythonpath = .\n")
        self._write("package/__init__.py", "")
        for number in range(MODULES):
            self._write(f"package/module_{number}.py", module_text())
        for number in range(files):
            self._write(f"tests/test_{number}.py", test_text(number))

    def edit_test_file(self) -> None:
        """One more line at the end of one test file."""
        self._edits += 1
        self._replace("tests/test_0.py", f"{test_text(0)}\n\nPROBE = {self._edits}\n")

    def edit_function(self) -> None:
        """One function of one module computes the same in another way."""
        self._edits += 1
        self._replace("package/module_0.py", module_text(f"return 0 * {self._edits}"))

    def _replace(self, path: str, text: str) -> None:
        """As editors do: write beside it, then replace."""
        self._write(path + ".new", text)
        os.replace(os.path.join(self._root, path + ".new"), os.path.join(self._root, path))

    def _write(self, path: str, text: str) -> None:
        whole = os.path.join(self._root, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "w", encoding="utf-8") as file:
            file.write(text)


def module_text(first: str = "return 0") -> str:
    """A module's source; *first* is the body of its first function."""
    bodies = [first, *(f"return {number}" for number in range(1, FUNCTIONS))]
    return "\n\n".join(f"def function_{number}():\n    {body}\n" for number, body in enumerate(bodies))


def test_text(number: int) -> str:
    """A test file's source."""
    names = [f"module_{(number + step * 10) % MODULES}" for step in range(IMPORTED)]
    tests = "\n\n".join(f"def test_{each}():\n    call({number * TESTS + each})\n" for each in range(TESTS))
    return f"""import random

from package import {", ".join(names)}

ALL = [{", ".join(names)}]


def call(seed):
    draw = random.Random(seed)
    for module in draw.sample(ALL, {EXECUTED}):
        for number in draw.sample(range({FUNCTIONS}), {CALLED}):
            assert getattr(module, f"function_{{number}}")() == number


{tests}"""


@dataclass
class Row:
    """One kind of edit: medians of seconds, the tests of the last."""

    tests: int
    first: float
    settled: float

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Row:
        """What these answers come to."""
        return cls(
            tests=len(answers[-1].tests),
            first=statistics.median(a.settled if a.first is None else a.first for a in answers),
            settled=statistics.median(a.settled for a in answers),
        )


@dataclass
class Figures:
    """All that is measured: seconds, and memory in bytes."""

    plain: float
    first_run: float
    start: float
    rows: dict[str, Row]
    memory_at_start: int
    memory_at_end: int

    def table(self, tests: int) -> str:
        """Everything, the summary last."""
        lines = [COLUMNS.format("", "tests", "first verdict", "settled")]
        for name, row in self.rows.items():
            lines.append(COLUMNS.format(name, row.tests, f"{row.first:.3f} s", f"{row.settled:.3f} s"))
        edits = ", ".join(f"{name} edit {row.first:.2f} s to the first verdict" for name, row in self.rows.items())
        lines.append(f"memory: {self.memory_at_start / 1e6:.0f} MB, at the end {self.memory_at_end / 1e6:.0f} MB")
        lines.append(
            f"{tests} tests: plain pytest {self.plain:.1f} s, first run {self.first_run:.1f} s, "
            f"start {self.start:.2f} s; {edits}"
        )
        return "\n".join(lines)


def measure(made: ManyTests, project: Project, work: str, chosen: argparse.Namespace) -> Figures:
    """All measurements, in the order of the docstring."""
    plain = time_cold(project, chosen.timeout)
    first_run = time_once(project, chosen.timeout)
    kinds = {"test file": made.edit_test_file, "function": made.edit_function}
    answers: dict[str, list[Answer]] = {name: [] for name in kinds}
    begun = time.monotonic()
    with WatchSession(project, work) as session:
        start = _until_settled(session, chosen.timeout) - begun
        memory = memory_of(session.pid)
        for _ in range(max(2, chosen.edits)):
            for name, save in kinds.items():
                answers[name].append(answer_to(save, session, chosen.timeout, chosen.pause))
        at_end = memory_of(session.pid)
    rows = {name: Row.of(several[1:]) for name, several in answers.items()}
    return Figures(plain, first_run, start, rows, memory, at_end)


def _until_settled(session: WatchSession, timeout: float) -> float:
    for moment, event in session.events.follow(timeout):
        if event["event"] == "settled":
            return moment
    raise AssertionError("follow ends with an event or an error")


def memory_of(pid: int) -> int:
    """What the process holds now, in bytes; 0 where that cannot be told."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--python", required=True, help="an interpreter that has our plugin")
    made.add_argument("--tests", type=int, default=20_000, help=f"how many in all, {TESTS} a file")
    made.add_argument("--edits", type=int, default=4, metavar="N", help="of each kind; the first does not count")
    made.add_argument("--pause", type=float, default=2.0, help="idle seconds before and after each edit")
    made.add_argument("--timeout", type=float, default=900.0, help="seconds for anything to end")
    made.add_argument("--scratch", help="where to make the project (default: a temporary directory)")
    made.add_argument("--json", help="write the figures to this file")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code."""
    chosen = parser().parse_args(arguments)
    end_on_signals()
    with tempfile.TemporaryDirectory(prefix="many-", dir=chosen.scratch) as root, tempfile.TemporaryDirectory() as work:
        made = ManyTests(root, max(1, chosen.tests // TESTS))
        figures = measure(made, Project(root, chosen.python), work, chosen)
    if chosen.json:
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump(asdict(figures), file, indent=1)
    print(figures.table(chosen.tests))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
