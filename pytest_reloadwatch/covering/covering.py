"""Coverage as the controller sees it: heard from runs, and written and reported for each state of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.exceptions import CoverageException

from pytest_reloadwatch.covering.data import DataFile
from pytest_reloadwatch.covering.keeper import Ended, Keeper
from pytest_reloadwatch.covering.report import is_below, report

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pytest_reloadwatch.covering.settings import Settings
    from pytest_reloadwatch.proof.model import Collected
    from pytest_reloadwatch.proof.selection import Selection
    from pytest_reloadwatch.proof.store import Store
    from pytest_reloadwatch.rewind.messages import Covered, Measures
    from pytest_reloadwatch.watch.tree import Tree


class Covering:
    """*note* says something to the person. Raises StoreUnusableError where the store does not work."""

    def __init__(
        self, settings: Settings, store: Store, environment: str, tree: Tree, note: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._keeper = Keeper(store, environment, tree)
        self._file = DataFile(settings)
        self._note = note

    def hear(self, message: Covered | Measures) -> None:
        """Take in a message of the run that is alive."""
        self._keeper.hear(message)

    def close(self, ended: Ended) -> None:
        """A run is over."""
        complaint = self._keeper.close(ended)
        if complaint:
            self._note(complaint)

    def settle(self, selection: Selection, files: Mapping[str, list[Collected]], failing: Collection[str]) -> bool:
        """Write the data file and the reports; whether less is covered than is required."""
        measures = self._keeper.measures
        if measures is None:
            return False
        figures = self._keeper.figures(selection, files)
        try:
            self._file.write(figures, measures)
        except (CoverageException, OSError) as error:
            self._note(f"coverage's data file cannot be written: {error}")
            return False
        options = self._settings.options
        wanted = options["cov_report"] or self._settings.fail_under > 0
        if not wanted or (failing and options["no_cov_on_fail"]):
            if figures.note:
                self._note(f"coverage is {figures.note}")
            return False
        total = report(self._settings, figures.note)
        return total is not None and self._settings.fail_under > 0 and is_below(self._settings, total)
