"""What pytest's plugins cost at each start: each is imported in a fresh interpreter, in pytest's order, and timed."""

from __future__ import annotations

import json
import subprocess
import sys

from pytest_reloadwatch.doctor.findings import SLOW_IMPORT, Finding

PATIENCE = 60  # seconds
_MEASURE = """
import json, sys, time
began = time.perf_counter()
import pytest, _pytest.config
found = [["pytest", "pytest itself", time.perf_counter() - began]]
from importlib.metadata import distributions
for distribution in distributions():
    for entry in distribution.entry_points:
        if entry.group == "pytest11":
            began = time.perf_counter()
            try:
                entry.load()
            except BaseException as error:
                continue
            found.append([entry.name, distribution.metadata["Name"], time.perf_counter() - began])
json.dump(found, sys.stdout)
"""


def measure(directory: str) -> list[tuple[str, str, float]]:
    """Name of each plugin, its distribution and seconds, pytest itself first; nothing where that cannot be had."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        return [(name, distribution, seconds) for name, distribution, seconds in json.loads(done.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError):
        return []


def judge(measured: list[tuple[str, str, float]]) -> Finding | None:
    """Those that take long enough to be noticed."""
    slow = sorted((one for one in measured[1:] if one[2] >= SLOW_IMPORT), key=lambda one: -one[2])
    if not slow:
        return None
    return Finding(
        "slow-plugins",
        "installed plugins that take their time at each start of pytest (a session starts once)",
        "uninstall what the project does not use, or leave it out with -p no:NAME in addopts",
        tuple(f"{seconds:.2f} s  {name} (of {distribution})" for name, distribution, seconds in slow),
        round(sum(seconds for _, _, seconds in slow), 3),
        len(slow),
    )
