"""Pairs of pytest runs on one project, plain and with options of ours: what these cost, as ratios.

In a scratch copy both run alternately, in pairs of which the order changes from round to round; a first pair does not
count, so that bytecode files are there. *wall* is from the start of the process to its end, *processor* what it and all
its descendants used. Ratios are ours to plain: of the medians, and of the minima, which tell most where other work
disturbs. Both have to end with the same exit code, or the comparison is void.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from _cold import ColdError, Project
from _scratch import scratch_copy
from _session import end_on_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MEASURES = {"wall": "s", "processor": "s", "memory": "MiB"}
COLUMNS = "{:<22} {:>12} {:>12} {:>8}"
PLAIN = ("-p", "no:reloadwatch")
_VALID = (0, 1)


@dataclass(frozen=True)
class Cost:
    """One process with its descendants: seconds of the clock and of all processors, and MiB at most, where known."""

    wall: float
    processor: float
    memory: float = 0.0


@dataclass(frozen=True)
class Ratio:
    """One measure on both sides, and ours divided by plain."""

    plain: float
    ours: float

    @property
    def ratio(self) -> float:
        return self.ours / self.plain


class Meter:
    """Runs pytest in *project*, plain or with *ours*, and tells the cost; *place* is a directory for what is told."""

    def __init__(self, project: Project, place: str, timeout: float, ours: Sequence[str]) -> None:
        self._project = project
        self._ours = ours
        self._timeout = timeout
        self._out = os.path.join(place, "cost.json")
        self._codes: set[int] = set()

    def pair(self, swapped: bool) -> tuple[Cost, Cost]:
        """Plain and ours, run in this order or the other. Raises ColdError."""
        if swapped:
            ours = self._run(self._ours)
            return self._run(PLAIN), ours
        return self._run(PLAIN), self._run(self._ours)

    def _run(self, options: Sequence[str]) -> Cost:
        meter = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_meter.py")
        pytest = [self._project.python, "-m", "pytest", *options, *self._project.arguments]
        _run_group([sys.executable, meter, self._out, *pytest], self._project, self._timeout)
        with open(self._out, encoding="utf-8") as file:
            told = json.load(file)
        self._codes.add(told["exit_code"])
        if len(self._codes) > 1 or told["exit_code"] not in _VALID:
            raise ColdError(f"{' '.join(pytest)} ended with {told['exit_code']}; all exit codes: {self._codes}")
        return Cost(told["wall"], told["processor"], told["memory"])


def _run_group(command: Sequence[str], project: Project, timeout: float) -> None:
    """Run *command* in a process group of its own, and leave nothing of it behind. Raises ColdError."""
    process = subprocess.Popen(
        command,
        cwd=project.clone,
        env=project.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        raise ColdError(f"{' '.join(command)} took more than {timeout:g} s") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def ratios(pairs: Sequence[tuple[Cost, Cost]]) -> dict[str, Ratio]:
    """Every measure by name, from the costs of plain and ours."""
    found = {}
    kinds: dict[str, Callable[[list[float]], float]] = {"median": statistics.median, "minimum": min}
    for measure in MEASURES:
        plain, ours = ([getattr(cost, measure) for cost in side] for side in zip(*pairs, strict=True))
        if all(plain):
            found |= {f"{measure}, {kind}": Ratio(choose(plain), choose(ours)) for kind, choose in kinds.items()}
    return found


def table(found: dict[str, Ratio]) -> str:
    """A row a measure."""
    lines = [COLUMNS.format("", "plain", "ours", "ratio")]
    for name, ratio in found.items():
        unit = MEASURES[name.partition(",")[0]]
        both = (f"{ratio.plain:.2f} {unit}", f"{ratio.ours:.2f} {unit}")
        lines.append(COLUMNS.format(name, *both, f"{ratio.ratio:.3f}"))
    return "\n".join(lines)


def summary(what: str, found: dict[str, Ratio], rounds: int) -> str:
    """The last line."""
    parts = ", ".join(f"{name} {ratio.ratio:.3f}" for name, ratio in found.items())
    return f"{what} costs, times plain, {rounds} rounds: {parts}"


def parser(description: str | None) -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("clone", help="a project; it is copied, and only the copy is touched")
    made.add_argument("--python", required=True, help="the interpreter that has its needs and our plugin")
    made.add_argument("--pythonpath", nargs="*", default=[], help="directories of the clone to import from")
    made.add_argument("--rounds", type=int, default=5, metavar="N", help="pairs that count")
    made.add_argument("--most", type=float, metavar="R", help="fail above this ratio of processor times")
    made.add_argument("--timeout", type=float, default=600.0, help="seconds for one process to end")
    made.add_argument("--scratch", help="where to make the copy (default: beside the clone)")
    made.add_argument("--json", help="write all measurements to this file")
    made.add_argument("--args", nargs=argparse.REMAINDER, default=[], help="all that follows goes to pytest")
    return made


def measure(meter: Meter, rounds: int) -> list[tuple[Cost, Cost]]:
    """The pairs that count, each printed as it comes."""
    meter.pair(swapped=False)
    pairs = []
    for number in range(rounds):
        plain, ours = meter.pair(swapped=bool(number % 2))
        pairs.append((plain, ours))
        print(
            f"round {number + 1}: wall {plain.wall:.2f} s and {ours.wall:.2f} s, "
            f"processor {plain.processor:.2f} s and {ours.processor:.2f} s",
            flush=True,
        )
    return pairs


def compare(what: str, description: str | None, ours: Sequence[str]) -> int:
    """The exit code of a command that measures what the options *ours* cost."""
    chosen = parser(description).parse_args()
    end_on_signals()
    clone = os.path.abspath(chosen.clone)
    with scratch_copy(clone, chosen.scratch, f"{what.split()[-1]}-") as copy, tempfile.TemporaryDirectory() as place:
        project = Project(copy, chosen.python, tuple(chosen.pythonpath), tuple(chosen.args))
        try:
            pairs = measure(Meter(project, place, chosen.timeout, ours), max(1, chosen.rounds))
        except ColdError as error:
            print(f"FAILED: {error}")
            return 1
    found = ratios(pairs)
    if chosen.json:
        told = [{"plain": asdict(plain), "ours": asdict(ours)} for plain, ours in pairs]
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump({"pairs": told, "ratios": {name: r.ratio for name, r in found.items()}}, file, indent=1)
    print(table(found))
    print(summary(what, found, len(pairs)))
    return 1 if chosen.most and found["processor, minimum"].ratio > chosen.most else 0
