"""What processes that a run has started measured: coverage's own data files, which each of them leaves at its end."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from coverage import CoverageData
from coverage.exceptions import CoverageException

if TYPE_CHECKING:
    from collections.abc import Iterator

# Variables by which children are told to measure: coverage's own, and those of pytest-cov before version 7.
_TOLD_BY = ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG", "COV_CORE_SOURCE")


class ChildFiles:
    """*config* is coverage's. Nobody looks for files where no child is told to leave one."""

    def __init__(self, config: Any) -> None:
        self._place, self._name = os.path.split(os.path.abspath(config.data_file))
        concurrency = config.concurrency or ()
        self._is_expected = bool(getattr(config, "patch", None)) or "multiprocessing" in concurrency

    def take(self) -> Iterator[tuple[str, str, frozenset[Any]]]:
        """Path, context, and lines or arcs of what was left since the last call; the files are removed."""
        if self._is_expected or any(name in os.environ for name in _TOLD_BY):
            for name in sorted(os.listdir(self._place)):
                if name.startswith(f"{self._name}."):
                    yield from _read(os.path.join(self._place, name))


def _read(path: str) -> Iterator[tuple[str, str, frozenset[Any]]]:
    data = CoverageData(basename=path)
    try:
        data.read()
        for context in data.measured_contexts():
            data.set_query_context(context)
            for measured in data.measured_files():
                found = data.arcs(measured) if data.has_arcs() else data.lines(measured)
                if found:
                    yield os.path.realpath(measured), context, frozenset(found)
    except CoverageException:  # it is being written: later
        data.close()
        return
    data.close()
    with contextlib.suppress(OSError):
        os.remove(path)
