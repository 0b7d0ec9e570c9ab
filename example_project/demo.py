"""A watch session on a copy of this project, with edits that this script makes itself.

Starts `pytest --reload-watch`, changes files as a person would save them, waits through the session's
outside interface, and runs a cold `pytest` after each edit: for its time, and to compare the verdicts.
What you see between the captions is the session's own output, as it comes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60.0  # seconds after which something must be wrong


@dataclass(frozen=True)
class Edit:
    """One save: in *path*, *old* becomes *new*."""

    title: str
    path: str
    old: str
    new: str

    def apply(self, project: Path) -> None:
        file = project / self.path
        text = file.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise SystemExit(f"{self.path} has changed: this script looks for {self.old!r}")
        file.write_text(text.replace(self.old, self.new), encoding="utf-8")

    def undone(self, title: str) -> Edit:
        return Edit(title, self.path, self.new, self.old)


BREAK_PRICING = Edit(
    "pricing.py: free delivery only from 60",
    "shop/pricing.py",
    'FREE_DELIVERY_FROM = Decimal("50.00")',
    'FREE_DELIVERY_FROM = Decimal("60.00")',
)
EDITS = (
    BREAK_PRICING,
    BREAK_PRICING.undone("the same, undone: all of it is proven already"),
    Edit("the receipt's template: another title", "shop/templates/receipt.txt", "The Little Shop", "The Corner Shop"),
    Edit(
        "test_cart.py: one more test",
        "tests/checkout/test_cart.py",
        "def test_remove(full_cart):",
        "def test_full_cart_has_two_lines(full_cart):\n"
        "    assert len(full_cart.lines) == 2\n\n\n"
        "def test_remove(full_cart):",
    ),
    Edit(
        "pricing.py again: one more coupon",
        "shop/pricing.py",
        '"SPRING10": Decimal("10.00")}',
        '"SPRING10": Decimal("10.00"), "SUMMER20": Decimal("20.00")}',
    ),
    Edit(
        "catalog.py, the slow one that all else rests on",
        "shop/catalog.py",
        "class UnknownProduct(LookupError):",
        "class UnknownProduct(KeyError):",
    ),
)


@dataclass(frozen=True)
class Verdict:
    """What a whole project's tests say."""

    tests: int
    bad: frozenset[str]


@dataclass(frozen=True)
class Row:
    """One line of the table at the end; times in seconds."""

    title: str
    ran: int
    settled: float
    cold: float


class Copy:
    """A copy of this project, in a directory of its own, and what commands in it see as environment."""

    def __init__(self, directory: str) -> None:
        self.project = Path(directory).resolve() / "shop"
        ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache", "demo.py")
        shutil.copytree(Path(__file__).resolve().parent, self.project, ignore=ignored)
        # This is to watch where CI is set too, with no other options than this script's.
        self.environment = {
            name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST_")
        }

    def output_of(self, command: list[str], **more: str) -> str:
        return subprocess.run(
            command,
            cwd=self.project,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        ).stdout

    def cold_run(self) -> tuple[float, Verdict]:
        """Seconds and verdicts of an ordinary pytest, in a new process."""
        command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rA", "-p", "no:reloadwatch"]
        began = time.monotonic()
        output = self.output_of([*command, "-p", "no:cacheprovider"], COLUMNS="500", NO_COLOR="1")
        seconds = time.monotonic() - began
        verdicts = [line.partition(" ") for line in output.splitlines()]
        bad = {rest.partition(" - ")[0] for word, _, rest in verdicts if word in ("FAILED", "ERROR")}
        passed = [rest for word, _, rest in verdicts if word == "PASSED"]
        return seconds, Verdict(len(passed) + len(bad), frozenset(bad))


class Session:
    """A running `pytest --reload-watch`."""

    def __init__(self, copy: Copy) -> None:
        self._copy = copy
        self._events = copy.project.with_name("events.jsonl")
        self._read = 0
        command = [sys.executable, "-m", "pytest", "--reload-watch", f"--reload-events={self._events}"]
        self._process = subprocess.Popen(
            command, cwd=copy.project, env=copy.environment, stdin=subprocess.DEVNULL
        )

    def until_settled(self) -> int:
        """Follow the events up to the next settled one; the answer is the number of tests that ran."""
        ran = 0
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for event in self._new_events():
                ran += event["event"] == "test"
                if event["event"] == "settled":
                    return ran
            if self._process.poll() is not None:
                raise SystemExit(f"the session ended with exit code {self._process.returncode}")
            time.sleep(0.002)
        raise SystemExit(f"the session has not settled within {PATIENCE:g} s")

    def verdict(self) -> Verdict:
        """What `python -m pytest_reloadwatch wait --json` prints; it returns when the session is idle."""
        answer = self._ask("wait", "--json", "--timeout", f"{PATIENCE:g}")
        if not answer:
            raise SystemExit("the session does not answer")  # the command has said why
        outcomes: dict[str, str] = json.loads(answer)["outcomes"]
        bad = {nodeid for nodeid, outcome in outcomes.items() if outcome in ("failed", "error")}
        return Verdict(len(outcomes), frozenset(bad))

    def stop(self) -> None:
        self._ask("stop")
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _ask(self, *words: str) -> str:
        command = [sys.executable, "-m", "pytest_reloadwatch", *words]
        return self._copy.output_of(command)

    def _new_events(self) -> Iterator[dict[str, object]]:
        if not self._events.exists():
            return
        with self._events.open(encoding="utf-8") as file:
            file.seek(self._read)
            for line in iter(file.readline, ""):
                if not line.endswith("\n"):
                    return  # it is being written
                self._read += len(line.encode())
                yield json.loads(line)


def play(copy: Copy, pause: float) -> list[Row]:
    """Start a session, make all edits one after the other, and stop it."""
    say("pytest --reload-watch")
    began = time.monotonic()
    session = Session(copy)
    try:
        rows = [settle(session, copy, "the first run of everything", began)]
        for edit in EDITS:
            time.sleep(pause)
            say(f"{edit.title}   (saving {edit.path})")
            began = time.monotonic()
            edit.apply(copy.project)
            rows.append(settle(session, copy, edit.title, began))
    finally:
        session.stop()
    return rows


def settle(session: Session, copy: Copy, title: str, began: float) -> Row:
    """Wait for the session's answer, and see whether a cold run gives the same."""
    ran = session.until_settled()
    seconds = time.monotonic() - began
    warm = session.verdict()
    cold_seconds, cold = copy.cold_run()
    if warm != cold:
        raise SystemExit(f"the session says {warm}, a cold run {cold}")
    return Row(title, ran, seconds, cold_seconds)


def show(rows: list[Row]) -> None:
    print(f"\n{'':48}{'tests run':>10}{'settled after':>15}{'cold pytest':>13}")
    for row in rows:
        print(f"{row.title:48}{row.ran:>10}{row.settled:>13.2f} s{row.cold:>11.2f} s")
    print(f"\nAfter each of these steps the session's verdicts were those of the cold run ({len(rows)} of {len(rows)}).")


def say(caption: str) -> None:
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("", "")
    print(f"\n{bold}>>> {caption}{plain}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pause", type=float, default=1.0, metavar="S", help="seconds between two edits (1)")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))  # so that the session is stopped
    with tempfile.TemporaryDirectory(prefix="reloadwatch-demo-") as directory:
        copy = Copy(directory)
        copy.cold_run()  # leaves the bytecode files that all later runs then have
        try:
            rows = play(copy, chosen.pause)
        except KeyboardInterrupt:
            return 130
    show(rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
