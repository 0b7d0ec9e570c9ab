"""The data file: an ordinary one of coverage's, written anew for each state of the suite."""

from __future__ import annotations

import contextlib
import glob
import os
import warnings
from typing import TYPE_CHECKING, Any

from coverage import CoverageData
from coverage.exceptions import CoverageException

from pytest_reloadwatch.covering._compat import aliases, executable_files
from pytest_reloadwatch.covering.figures import unpack
from pytest_reloadwatch.covering.settings import new_coverage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_reloadwatch.covering.figures import Figures
    from pytest_reloadwatch.covering.settings import Settings
    from pytest_reloadwatch.rewind.messages import Measures


class DataFile:
    """Where coverage's configuration has it. With --cov-append what is there at first stays among the figures."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = settings.data_file
        self._config = new_coverage(settings.options).config
        self._alias = aliases(self._config)
        self._appended = _read(self._path) if settings.options["cov_append"] else None
        if self._appended is None:
            _remove_parts(self._path)

    def write(self, figures: Figures, measures: Measures) -> None:
        """Raises CoverageException and OSError."""
        temporary = f"{self._path}~"
        for name in (temporary, f"{temporary}-journal"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(name)
        os.makedirs(os.path.dirname(self._path), exist_ok=True)
        data = CoverageData(basename=temporary)
        try:
            self._fill(data, figures, measures)
            data.write()
        finally:
            data.close()
        os.replace(temporary, self._path)

    def _fill(self, data: CoverageData, figures: Figures, measures: Measures) -> None:
        if self._appended is not None:
            data.update(self._appended)
        for context, files in figures.covered.items():
            data.set_context(context)
            if figures.arcs:
                data.add_arcs({self._name(path): list(map(unpack, found)) for path, found in files.items()})
            else:
                data.add_lines({self._name(path): found for path, found in files.items()})
        measured = figures.files
        tracers = {self._name(path): name for path, name in measures.tracers.items() if path in measured}
        data.add_file_tracers(tracers)
        for path, plugin in self._to_report(measures):
            data.touch_file(self._name(path), plugin)

    def _to_report(self, measures: Measures) -> Iterable[tuple[str, str]]:
        """Files that count even where nothing in them is executed, those that have come since the last run too."""
        found = {path: plugin for path, plugin in measures.files if os.path.exists(path)}
        found.update(dict.fromkeys(executable_files(self._config, measures.places), ""))
        return sorted(found.items())

    def _name(self, path: str) -> str:
        """As coverage calls the file."""
        path = self._alias(path)
        if not self._config.relative_files:
            return path
        start = os.path.join(os.path.realpath(self._settings.directory), "")
        return path[len(start) :] if path.startswith(start) else path


def _remove_parts(path: str) -> None:
    """What processes have left beside the data file at *path*, and nobody has combined."""
    for part in glob.glob(f"{glob.escape(path)}.*"):
        with contextlib.suppress(OSError):
            os.remove(part)


def _read(path: str) -> Any:
    """What is in the data file at *path*; None where there is none that can be read."""
    if not os.path.exists(path):
        return None
    data = CoverageData(basename=path)
    try:
        data.read()
        copy = CoverageData(no_disk=True)
        copy.update(data)
    except CoverageException as error:
        warnings.warn(f"{path} cannot be appended to: {error}", stacklevel=2)
        return None
    finally:
        data.close()
    return copy
