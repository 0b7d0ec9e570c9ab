"""Cold runs of pytest in a clone, with a recorder of verdicts; nothing of our plugin is active in them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_RECORDER = "reloadwatch_cold_recorder"
_WITHOUT_US = ("-p", "no:reloadwatch")
# Variables that change how pytest runs: both sides of a comparison go without.
_UNWANTED = (
    "CI",
    "BUILD_NUMBER",
    "PYTEST_ADDOPTS",
    "PYTEST_PLUGINS",
    "PYTEST_CURRENT_TEST",
    "PYTEST_XDIST_WORKER",
    "PYTHONDONTWRITEBYTECODE",
    "TESTMON_DATAFILE",
)


class ColdError(Exception):
    """A cold run gave no verdicts: it crashed, or took too long."""


@dataclass(frozen=True)
class Project:
    """A clone, the Python that tests it, the directories that go on PYTHONPATH, and arguments for pytest."""

    clone: str
    python: str
    pythonpath: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()

    def environment(self, *extra: str) -> dict[str, str]:
        """The environment of every process that works in the clone; *extra* goes on PYTHONPATH too."""
        environ = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
        ours = [os.path.normpath(os.path.join(self.clone, place)) for place in self.pythonpath]
        inherited = [environ["PYTHONPATH"]] if environ.get("PYTHONPATH") else []
        environ["PYTHONPATH"] = os.pathsep.join([*ours, *extra, *inherited])
        return environ


@dataclass(frozen=True)
class ColdResult:
    """What one cold run told; *seconds* is the wall time of the process, see the recorder for the rest."""

    verdicts: dict[str, str]
    exit_code: int
    seconds: float
    tests: dict[str, float]
    modules: dict[str, float]
    loop: float


def run_cold(
    project: Project,
    timeout: float,
    only: Sequence[str] | None = None,
    files: Iterable[str] = (),
    timed: bool = False,
) -> ColdResult:
    """Run pytest; *only* keeps these nodeids, *files* are its arguments. Raises ColdError."""
    with tempfile.TemporaryDirectory(prefix="reloadwatch-cold-") as place:
        out = os.path.join(place, "out.json")
        _prepare(place, {"out": out, "only": None if only is None else list(only), "timed": timed})
        extra = [*_WITHOUT_US, "-p", _RECORDER, "--continue-on-collection-errors", *_targets(project, files)]
        code, seconds, printed = _pytest(project, extra, timeout, place)
        try:
            with open(out, encoding="utf-8") as file:
                return ColdResult(exit_code=code, seconds=seconds, **json.load(file))
        except FileNotFoundError:
            tail = "\n".join(printed.splitlines()[-30:])
            raise ColdError(f"a cold run in {project.clone} ended with {code} and no verdicts:\n{tail}") from None


def time_cold(project: Project, timeout: float, files: Iterable[str] = ()) -> float:
    """Wall seconds of a plain ``pytest`` process, without any recorder."""
    return _pytest(project, [*_WITHOUT_US, *_targets(project, files)], timeout)[1]


def time_once(project: Project, timeout: float) -> float:
    """Wall seconds of a process that runs everything once under our plugin."""
    return _pytest(project, ["--reload-once", "--reload-all"], timeout)[1]


def _prepare(place: str, order: dict[str, object]) -> None:
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_recorder.py")
    shutil.copy(source, os.path.join(place, _RECORDER + ".py"))
    with open(os.path.join(place, "order.json"), "w", encoding="utf-8") as file:
        json.dump(order, file)


def _targets(project: Project, files: Iterable[str]) -> list[str]:
    existing = [name for name in files if os.path.exists(os.path.join(project.clone, name))]
    return [f"--rootdir={project.clone}", *existing] if existing else []


def _pytest(project: Project, extra: Sequence[str], timeout: float, *places: str) -> tuple[int, float, str]:
    command = [project.python, "-m", "pytest", *extra, *project.arguments]
    begun = time.monotonic()
    try:
        done = subprocess.run(
            command,
            cwd=project.clone,
            env=project.environment(*places),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ColdError(f"a cold run in {project.clone} took more than {timeout:g} s") from None
    return done.returncode, time.monotonic() - begun, done.stdout
