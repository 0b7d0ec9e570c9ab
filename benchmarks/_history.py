"""A project's history: clones that are moved through its commits, and the command line of scripts that do so."""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Git:
    """A clone that is moved from commit to commit."""

    def __init__(self, clone: str) -> None:
        self._clone = clone
        self._last = 0.0

    def checkout(self, commit: str) -> None:
        """Move there, never twice within a second.

        Python's bytecode files could not tell the sources apart, and a cold run would execute the wrong one.
        """
        self._pause()
        self._run("checkout", "-q", "--force", commit)
        self._last = time.time()

    def undo(self, before: str, paths: Sequence[str]) -> None:
        """Give these files the content that they have in the commit *before*; the same rule holds."""
        there = set(self._run("ls-tree", "-r", "--name-only", before, "--", *paths).splitlines())
        self._pause()
        if there:
            self._run("checkout", "-q", before, "--", *there)
        if not there.issuperset(paths):
            self._run("rm", "-q", "--force", "--", *set(paths) - there)
        self._last = time.time()

    def changed(self, before: str, after: str, *patterns: str) -> list[str]:
        """The files that differ; of those that match *patterns*, where there are any."""
        return self._run("diff", "--name-only", "--no-renames", before, after, "--", *patterns).splitlines()

    def last(self, count: int) -> list[str]:
        """The last commits up to HEAD that touch Python files, oldest first."""
        return self._log(f"-{count}", "--", "*.py")

    def between(self, several: str) -> list[str]:
        """The commits of the range FROM..TO, FROM among them, oldest first."""
        first, _, last = several.partition("..")
        return [*self._run("rev-parse", first).split(), *self._log(f"{first}..{last or 'HEAD'}")]

    def _pause(self) -> None:
        time.sleep(max(0.0, self._last + 1.1 - time.time()))

    def _log(self, *arguments: str) -> list[str]:
        return self._run("log", "--first-parent", "--format=%H", *arguments).split()[::-1]

    def _run(self, *arguments: str) -> str:
        command = ["git", "-C", self._clone, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout


def further_clone(clone: str, place: str, name: str) -> str:
    """A clone of *clone* in the directory *place*, with nothing checked out."""
    target = os.path.join(place, name)
    subprocess.run(["git", "clone", "-q", "--no-checkout", clone, target], check=True, timeout=600)
    return target


def read_commits(chosen: argparse.Namespace) -> list[str]:
    """The commits to go through, oldest first."""
    if not chosen.commits:
        return Git(chosen.clone).last(chosen.last)
    text = str(chosen.commits)
    if os.path.exists(text):
        with open(text, encoding="utf-8") as file:
            text = file.read()
    elif ".." in text:
        return Git(chosen.clone).between(text)
    return text.replace(",", " ").split()


def history_parser(description: str | None) -> argparse.ArgumentParser:
    """The command line that such scripts share; each may add to it."""
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("clone", help="a git clone; its files and .pytest_cache are overwritten")
    made.add_argument("--python", required=True, help="the interpreter that has the project's needs and our plugin")
    made.add_argument("--cold", help="the second clone (default: a temporary one)")
    made.add_argument("--pythonpath", nargs="*", default=[], help="directories of the clone to import from")
    made.add_argument("--commits", help="a file, a list with commas, or a range FROM..TO; oldest first")
    made.add_argument("--last", type=int, default=25, help="else: so many commits up to HEAD that touch *.py")
    made.add_argument("--timeout", type=float, default=300.0, help="seconds for one step or one cold run")
    made.add_argument("--work", help="where the session's events and output go, to be kept")
    made.add_argument("--json", help="write all steps to this file")
    made.add_argument("--args", nargs=argparse.REMAINDER, default=[], help="all that follows goes to pytest")
    return made
