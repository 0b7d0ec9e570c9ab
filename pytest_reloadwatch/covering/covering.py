"""Coverage as the controller sees it: heard from runs, and written and reported for each state of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coverage.exceptions import CoverageException

from pytest_reloadwatch.covering.data import DataFile
from pytest_reloadwatch.covering.edits import Edits
from pytest_reloadwatch.covering.executed import Executed
from pytest_reloadwatch.covering.keeper import Ended, Keeper
from pytest_reloadwatch.covering.report import Reporting, Totals, Wanted, is_below
from pytest_reloadwatch.exceptions import StoreUnusableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_reloadwatch.covering.edits import Edited
    from pytest_reloadwatch.covering.figures import Figures
    from pytest_reloadwatch.covering.settings import Settings
    from pytest_reloadwatch.graph.source import Source
    from pytest_reloadwatch.proof.model import Collected
    from pytest_reloadwatch.proof.selection import Selection
    from pytest_reloadwatch.proof.store import Store
    from pytest_reloadwatch.rewind.messages import Covered, Measures
    from pytest_reloadwatch.watch.tree import Tree


class Covering:
    """*note* says something to the person, *read* gives what a source parses to.

    Raises StoreUnusableError where the store does not work.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        environment: str,
        tree: Tree,
        note: Callable[[str], None],
        read: Callable[[str], Source],
    ) -> None:
        self._settings = settings
        self._keeper = Keeper(store, environment, tree)
        self.executed = Executed(self._keeper, read)  # by tests of the latest run
        self._file = DataFile(settings)
        self._note = note
        self._edits = Edits(self._keeper.texts.digest, self._keeper.texts.outline)
        self._figures: Figures | None = None
        self._selection: Selection | None = None  # that the figures are about
        self._edited: list[Edited] = []
        self._reporting: Reporting | None = None

    def hear(self, message: Covered | Measures) -> None:
        """Take in a message of the run that is alive."""
        self._keeper.hear(message)

    def close(self, ended: Ended) -> None:
        """A run is over."""
        complaint = self._keeper.close(ended)
        if complaint:
            self._note(complaint)

    def write(self, selection: Selection, files: Mapping[str, list[Collected]]) -> None:
        """Write the data file for the suite as it stands."""
        measures = self._keeper.measures
        if self._figures is not None and selection is self._selection:
            self._edited = []
            return  # as it stood before
        self._selection, self._figures = selection, None
        self._cancel()
        if measures is None:
            return  # no run has come so far
        try:
            figures = self._keeper.figures(selection, files)
            self._file.write(figures, measures)
        except (CoverageException, OSError, StoreUnusableError) as error:
            self._note(f"coverage's data file cannot be written: {error}")
            return
        self._figures = figures
        self._edited = self._edits.take({*figures.files, *(path for path, _ in measures.files)})

    def report(self, *, has_failed: bool, wake: int = -1) -> bool:
        """Report what was written; whether less is covered than is required.

        With *wake* nobody waits for the end of it once that descriptor can be read.
        """
        if self._figures is None:
            return False
        wanted = Wanted(self._settings, self._figures.note, self._edited, has_failed)
        if not (wanted.is_wanted or self._edited or self._settings.diff or wanted.note):
            return False
        self._reporting = Reporting(wanted)
        totals = self._reporting.wait(wake)
        if totals is None:
            return False
        self._reporting = None
        return self._falls_short(totals)

    def close_down(self) -> None:
        """The session ends."""
        self._cancel()

    def _falls_short(self, totals: Totals) -> bool:
        least = self._settings.diff_least
        is_short = totals.total is not None and self._settings.fail_under > 0 and is_below(self._settings, totals.total)
        if self._settings.diff and least is not None and (totals.diff is None or totals.diff < least):
            self._note(f"less than {least:g}% of the changed statements are covered")
            is_short = True
        return is_short

    def _cancel(self) -> None:
        if self._reporting is not None:
            self._reporting.cancel()
            self._reporting = None
