"""How soon a session settles after an edit of a comment, which changes no verdict, and that it runs no test.

In a scratch copy of CLONE a session runs; then a comment at the end of a module is saved several times, each time with
another text. The first does not count. The exit code is 1 when any test ran, or when the median time from just before
the save to the ``settled`` event is above ``--most``.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from typing import TYPE_CHECKING

from _cold import Project
from _scratch import scratch_copy
from _session import Answer, WatchSession, answer_to, end_on_signals

if TYPE_CHECKING:
    from collections.abc import Sequence


def save(path: str, text: str, number: int) -> None:
    """As editors do: write beside it, then replace."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(f"{text}\n# {number}\n")
    os.replace(path + ".new", path)


def measure(project: Project, module: str, edits: int, timeout: float, pause: float) -> list[Answer]:
    """The answers to each edit but the first."""
    path = os.path.join(project.clone, module)
    with open(path, encoding="utf-8") as file:
        text = file.read().rstrip("\n")
    with tempfile.TemporaryDirectory() as work, WatchSession(project, work, "--reload-all") as session:
        session.wait(timeout)
        answers = [answer_to(lambda n=n: save(path, text, n), session, timeout, pause) for n in range(edits + 1)]
    return answers[1:]


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("clone", help="a project; it is copied, and only the copy is touched")
    made.add_argument("--python", required=True, help="the interpreter that has its needs and our plugin")
    made.add_argument("--module", required=True, metavar="M", help="the module's file, from the clone")
    made.add_argument("--pythonpath", nargs="*", default=[], help="directories of the clone to import from")
    made.add_argument("--edits", type=int, default=8, metavar="N", help="edits that count")
    made.add_argument("--most", type=float, default=100.0, metavar="MS", help="milliseconds")
    made.add_argument("--pause", type=float, default=1.0, help="idle seconds before and after each edit")
    made.add_argument("--timeout", type=float, default=300.0, help="seconds for anything to end")
    made.add_argument("--scratch", help="where to make the copy (default: beside the clone)")
    made.add_argument("--args", nargs=argparse.REMAINDER, default=[], help="all that follows goes to pytest")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """The command's exit code."""
    chosen = parser().parse_args(arguments)
    end_on_signals()
    with scratch_copy(os.path.abspath(chosen.clone), chosen.scratch, "comment-") as copy:
        project = Project(copy, chosen.python, tuple(chosen.pythonpath), tuple(chosen.args))
        answers = measure(project, chosen.module, chosen.edits, chosen.timeout, chosen.pause)
    settled = [answer.settled * 1000 for answer in answers]
    ran = sum(len(answer.tests) for answer in answers)
    median = statistics.median(settled)
    print(f"{len(answers)} comments in {chosen.module}: settled after {median:.0f} ms ", end="")
    print(f"({min(settled):.0f} to {max(settled):.0f}), {ran} tests ran")
    return 1 if ran or median > chosen.most else 0


if __name__ == "__main__":
    raise SystemExit(main())
