"""Coverage of the lines that have changed since a git revision."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.covering.edits import ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_HUNK = re.compile(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@")
_TO = "+++ b/"


@dataclass
class DiffCoverage:
    """*files* are changed statements, and those of them that are not covered, by path; *problem* is git's word."""

    revision: str
    files: dict[str, tuple[list[int], list[int]]] = field(default_factory=dict)
    problem: str = ""

    @property
    def percent(self) -> float | None:
        """Of the changed statements; all where there are none, None where git does not say."""
        if self.problem:
            return None
        statements = sum(len(statements) for statements, _ in self.files.values())
        missing = sum(len(missing) for _, missing in self.files.values())
        return 100.0 * (statements - missing) / statements if statements else 100.0

    def describe(self, directory: str) -> Iterator[str]:
        """A line a file with something missing, and one for all."""
        if self.problem:
            yield f"no coverage of changes since {self.revision}: {self.problem}"
            return
        for path, (statements, missing) in sorted(self.files.items()):
            if missing:
                yield f"{os.path.relpath(path, directory)}: changed and not covered: {ranges(missing, statements)}"
        count = sum(len(statements) for statements, _ in self.files.values())
        yield f"changes since {self.revision}: {self.percent:.0f}% of {count} changed statements are covered"


def diff_coverage(
    revision: str, directory: str, analyse: Callable[[str], tuple[list[int], list[int]]], measured: Any
) -> DiffCoverage:
    """Of the files that *measured* knows; *analyse* gives a file's statements and those that are not executed."""
    found = DiffCoverage(revision)
    try:
        top = os.path.realpath(_git(directory, "rev-parse", "--show-toplevel").strip())
        changes = dict(changed_lines(_git(top, "diff", "--unified=0", "--no-color", "--no-ext-diff", revision)))
        new = _git(top, "ls-files", "--others", "--exclude-standard").splitlines()
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        found.problem = said.strip().splitlines()[0]
        return found
    known = {os.path.realpath(os.path.join(directory, path)): path for path in measured.get_data().measured_files()}
    for name in [*changes, *new]:
        path = os.path.join(top, name)
        if path in known:
            lines = changes.get(name)
            statements, missing = analyse(known[path])
            found.files[path] = (
                [line for line in statements if lines is None or line in lines],
                [line for line in missing if lines is None or line in lines],
            )
    return found


def changed_lines(diff: str) -> Iterator[tuple[str, set[int]]]:
    """The files of a git diff without context, each with the lines that it has anew."""
    name, lines = "", set[int]()
    for line in diff.splitlines():
        hunk = _HUNK.match(line)
        if line.startswith("diff --git "):
            if name:
                yield name, lines
            name, lines = "", set()
        elif line.startswith(_TO) and not name:
            name = line[len(_TO) :]
        elif hunk:
            first, count = int(hunk[1]), int(hunk[2] or 1)
            lines |= set(range(first, first + count))
    if name:
        yield name, lines


def _git(directory: str, *arguments: str) -> str:
    """Raises OSError and CalledProcessError."""
    command = ["git", "-c", "core.quotepath=off", *arguments]
    return subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True).stdout
