"""What the store costs with many tests: to write their records, to open it, and to select after one edit.

The records are made up: each test executed some functions, a set of its own, in files that its test file imports;
some tests executed code in others besides, and some have several proofs, as after edits and their undoing. The figures
are

- *write*: one ``save`` of all records into a new store, and closing it;
- *open*: what a session does with the store when it starts, and *first selection* over what it gave;
- *edit*: the selection after one file changed, which has to name just the tests that rest on it, with a look at what
  each of them executed.

All but the first are taken in a new process. *read* is what that process has read from files meanwhile, *memory* its
peak, beyond what it used before; they are told on Linux only. With ``--most S`` the exit code is 1 when writing took
more than S seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from pytest_reloadwatch.graph.keys import code_key, path_of
from pytest_reloadwatch.proof.digest import digest_text
from pytest_reloadwatch.proof.model import Collected, Function, Group, Proof
from pytest_reloadwatch.proof.selection import Matcher, select
from pytest_reloadwatch.proof.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

_Answer = TypeVar("_Answer")
ENVIRONMENT, SCOPE = "synthetic", ""
ROOT = "/synthetic"
SEED = 20_000
FUNCTIONS_A_FILE = 40
EDITED = 0  # the number of the source file that is edited


@dataclass(frozen=True)
class Shape:
    """How many of what there are.

    *versioned* of the tests that rest on the edited source have *proofs* instead of one. *roaming* of all tests have
    executed code in a file that their test file does not import.
    """

    tests: int = 20_000
    tests_a_file: int = 50
    sources: int = 600
    imported: int = 60
    executed: int = 30
    functions: int = 200
    proofs: int = 8
    versioned: float = 0.2
    roaming: float = 0.1


@dataclass(frozen=True)
class Spec:
    """What one test rests on: numbers of sources, and of functions as pairs with their source."""

    nodeid: str
    path: str
    imported: tuple[int, ...]
    executed: tuple[int, ...]
    functions: tuple[tuple[int, int], ...]
    proofs: int


class Entries:
    """Pairs of key and digest, one object for each; *version* is that of the edited source."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], tuple[str, str]] = {}

    def source(self, number: int, version: int = 0) -> tuple[str, str]:
        return self._entry(code_key(f"{ROOT}/package/module_{number}.py"), version)

    def _entry(self, key: str, version: int) -> tuple[str, str]:
        found = self._known.get((key, version))
        if found is None:
            found = self._known[key, version] = (key, digest_text(f"{key} {version}"))
        return found


def specs(shape: Shape) -> Iterator[Spec]:
    """Every test, always the same ones."""
    draw = random.Random(SEED)
    imported: tuple[int, ...] = ()
    for number in range(shape.tests):
        if number % shape.tests_a_file == 0:
            imported = tuple(draw.sample(range(shape.sources), shape.imported))
        executed = tuple(draw.sample(imported, shape.executed))
        if draw.random() < shape.roaming:
            executed = (draw.randrange(shape.sources), *executed[1:])
        candidates = draw.sample(range(shape.executed * FUNCTIONS_A_FILE), shape.functions)
        functions = tuple((executed[c // FUNCTIONS_A_FILE], c % FUNCTIONS_A_FILE) for c in candidates)
        path = f"{ROOT}/tests/test_{number // shape.tests_a_file}.py"
        several = draw.random() < shape.versioned
        yield Spec(
            f"{path[len(ROOT) + 1 :]}::test_{number}",
            path,
            imported,
            executed,
            functions,
            shape.proofs if several else 1,
        )


class Maker:
    """Makes records of specs: the only place that knows how a proof is built."""

    def __init__(self) -> None:
        self._entries = Entries()
        self._groups: dict[tuple[str, int], Group] = {}
        self._functions: dict[tuple[int, int], Function] = {}

    def collected(self, spec: Spec, nodeids: Sequence[str]) -> Collected:
        """The record of a test file."""
        nodeid = os.path.relpath(spec.path, ROOT)
        return Collected(spec.path, nodeid, (self._base(spec, 0),), "passed", tuple(nodeids))

    def proof(self, spec: Spec, version: int) -> Proof:
        """The record of a test, with the edited source as it was in that version."""
        own = {self._entries.source(n, _version(n, version)) for n in spec.executed if n not in spec.imported}
        return Proof(spec.nodeid, spec.path, (self._base(spec, version), frozenset(own)), "passed", 0.01)

    def executed(self, spec: Spec) -> set[Function]:
        """The functions that a test executed."""
        return {self._function(n, f) for n, f in spec.functions}

    def _function(self, source: int, number: int) -> Function:
        """One object for each, as a session has."""
        name = (source, number)
        if name not in self._functions:
            self._functions[name] = (path_of(self._entries.source(source)[0]), f"function_{number}")
        return self._functions[name]

    def tree(self, shape: Shape, version: int) -> set[tuple[str, str]]:
        """All that is on disk."""
        numbers = range(shape.sources)
        return {self._entries.source(n, _version(n, version)) for n in numbers}

    def _base(self, spec: Spec, version: int) -> Group:
        name = (spec.path, version if EDITED in spec.imported else 0)
        if name not in self._groups:
            self._groups[name] = frozenset(self._entries.source(n, _version(n, version)) for n in spec.imported)
        return self._groups[name]


def _version(source: int, version: int) -> int:
    return version if source == EDITED else 0


def rests_on_edited(spec: Spec) -> bool:
    """Whether an edit of the edited source is to select the test."""
    return EDITED in spec.imported or EDITED in spec.executed


def records(shape: Shape) -> tuple[list[Collected], list[Proof], dict[str, set[Function]]]:
    """All records, the proof that holds for version 0 last."""
    maker = Maker()
    executed = {}
    by_file: dict[str, list[Spec]] = {}
    proofs = []
    for spec in specs(shape):
        by_file.setdefault(spec.path, []).append(spec)
        executed[spec.nodeid] = maker.executed(spec)
        versions = spec.proofs if rests_on_edited(spec) else 1
        proofs += [maker.proof(spec, version) for version in reversed(range(versions))]
    files = [maker.collected(several[0], [spec.nodeid for spec in several]) for several in by_file.values()]
    return files, proofs, executed


def write(
    path: str, files: Sequence[Collected], proofs: Sequence[Proof], executed: Mapping[str, Collection[Function]]
) -> None:
    """As a session does when its first run has ended."""
    store = Store(path)
    store.save(ENVIRONMENT, SCOPE, files, proofs, executed)
    store.close()


@dataclass
class Cost:
    """Seconds, and on Linux bytes that were read."""

    seconds: float
    read: int


@dataclass
class Opened:
    """What the process that reads tells; *selected* after the edit are *expected* where all is right."""

    open: Cost
    first: Cost
    edit: Cost
    unproven: int
    selected: int
    expected: int
    memory: int


def read(path: str, shape: Shape) -> Opened:
    """Open, select, edit, select again; in a process of its own."""
    maker = Maker()
    tree, edited = maker.tree(shape, 0), maker.tree(shape, shape.proofs)
    expected = {spec.nodeid for spec in specs(shape) if rests_on_edited(spec)}
    before = _peak()
    opened, (store, files, proofs) = _measure(partial(_open, path))
    matcher = Matcher(tree)
    first, chosen = _measure(lambda: select(files, proofs, tree, matcher))
    unproven = len(chosen.selected)
    moved = tree ^ edited
    tree ^= moved

    def answer_edit() -> set[str]:
        matcher.forget(moved)
        found = {selected.nodeid for selected in select(files, proofs, tree, matcher).selected}
        if any(store.executed(ENVIRONMENT, nodeid) is None for nodeid in found):
            raise SystemExit("what a test executed is not on record")
        return found

    edit, selected = _measure(answer_edit)
    wrong = len(selected ^ expected)
    if wrong:
        raise SystemExit(f"{wrong} tests were selected wrongly after the edit")
    return Opened(opened, first, edit, unproven, len(selected), len(expected), _peak() - before)


def _open(path: str) -> tuple[Store, dict[str, list[Collected]], dict[str, list[Proof]]]:
    store, complaint = open_store(path, ENVIRONMENT, SCOPE)
    if complaint:
        raise SystemExit(complaint)
    return (store, *store.load(ENVIRONMENT, SCOPE))


def _measure(act: Callable[[], _Answer]) -> tuple[Cost, _Answer]:
    read, begun = _bytes_read(), time.perf_counter()
    answer = act()
    return Cost(time.perf_counter() - begun, _bytes_read() - read), answer


def _bytes_read() -> int:
    """What this process has asked of files so far, cached or not."""
    try:
        with open("/proc/self/io", encoding="ascii") as file:
            return int(file.readline().split()[1])
    except OSError:
        return 0


def _peak() -> int:
    """The most memory that this process has held, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def read_elsewhere(path: str, shape: Shape) -> Opened:
    """As read(), in a new process."""
    command = [sys.executable, os.path.abspath(__file__), "--read", path, "--shape", json.dumps(asdict(shape))]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)
    told = json.loads(done.stdout)
    return Opened(**told | {name: Cost(**told[name]) for name in ("open", "first", "edit")})


def report(shape: Shape, proofs: int, seconds: float, size: int, opened: Opened) -> str:
    """All figures, and the summary as the last line."""
    rows = [("write", f"{seconds:.2f} s", f"{proofs} proofs of {shape.tests} tests, {_megabytes(size)} on disk")]
    for name, cost in (("open", opened.open), ("first selection", opened.first), ("edit", opened.edit)):
        rows.append((name, f"{cost.seconds:.3f} s", f"{_megabytes(cost.read)} read"))
    rows.append(("memory", _megabytes(opened.memory), "peak, beyond what it used before"))
    lines = [f"{name:<16}{value:>10}  {remark}" for name, value, remark in rows]
    lines.append(
        f"{shape.tests} tests: written in {seconds:.2f} s, opened in {opened.open.seconds:.2f} s, "
        f"an edit answered in {opened.edit.seconds:.3f} s with {opened.selected} tests; "
        f"{_megabytes(opened.open.read + opened.first.read + opened.edit.read)} of {_megabytes(size)} read"
    )
    return "\n".join(lines)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    shape = Shape()
    made.add_argument("--tests", type=int, default=shape.tests, help="how many in all")
    made.add_argument("--executed", type=int, default=shape.executed, help="files that each test executed")
    made.add_argument("--functions", type=int, default=shape.functions, help="functions that each test executed")
    made.add_argument("--most", type=float, metavar="S", help="fail when writing takes longer than these seconds")
    made.add_argument("--scratch", help="where to make the store (default: a temporary directory)")
    made.add_argument("--json", help="write the figures to this file")
    made.add_argument("--read", help=argparse.SUPPRESS)
    made.add_argument("--shape", help=argparse.SUPPRESS)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code."""
    chosen = parser().parse_args(arguments)
    if chosen.read:
        print(json.dumps(asdict(read(chosen.read, Shape(**json.loads(chosen.shape))))))
        return 0
    shape = Shape(tests=chosen.tests, executed=chosen.executed, functions=chosen.functions)
    with tempfile.TemporaryDirectory(prefix="store-", dir=chosen.scratch) as place:
        path = os.path.join(place, "store.sqlite")
        files, proofs, executed = records(shape)
        cost, _ = _measure(lambda: write(path, files, proofs, executed))
        opened = read_elsewhere(path, shape)
        size = os.path.getsize(path)
    if chosen.json:
        told = {"shape": asdict(shape), "write": cost.seconds, "size": size, "opened": asdict(opened)}
        with open(chosen.json, "w", encoding="utf-8") as file:
            json.dump(told, file, indent=1)
    print(report(shape, len(proofs), cost.seconds, size, opened))
    return 1 if chosen.most and cost.seconds > chosen.most else 0


if __name__ == "__main__":
    raise SystemExit(main())
