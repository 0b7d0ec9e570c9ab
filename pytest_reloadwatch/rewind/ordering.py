"""The order of a run's tests, and the line that says when the direct ones are through."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.proof.model import BAD, SEVERITY
from pytest_reloadwatch.proof.rank import Rank

if TYPE_CHECKING:
    import pytest

    from pytest_reloadwatch.rewind.documents import Documents
    from pytest_reloadwatch.rewind.messages import Resume

_NEW = (Rank.DIRECT, -1)  # the place of a test that the controller does not know of yet


class Ordering:
    """Of one run: sorted once after collection, then told of each verdict."""

    def __init__(self, order: Resume, config: pytest.Config) -> None:
        self._places = {nodeid: (rank, place) for nodeid, (rank, place) in order.places.items()}
        self._outcomes = Counter(order.direct_before or {})
        self._is_told = order.direct_before is None
        self._others_wait = order.others_wait
        self._config = config
        self._left: set[str] = set()

    def sort(self, items: list[pytest.Item], documents: Documents) -> list[pytest.Item]:
        """By rank, where there is more than one; within a rank files stay together, in the order of collection.

        Documents stay whole.
        """
        ordered = self._sorted(items, documents) if self._places else items
        self._left = {item.nodeid for item in items if self._rank(item.nodeid) == Rank.DIRECT}
        if not self._left or (not self._others_wait and self._rank(ordered[-1].nodeid) != Rank.REST):
            self._is_told = True  # the closing line says it all
        return ordered

    def _sorted(self, items: list[pytest.Item], documents: Documents) -> list[pytest.Item]:
        turns = documents.places(items, self._places)
        for item in items:
            document = documents.of(item)
            if document in turns:
                self._places[item.nodeid] = turns[document]
        return sorted(items, key=lambda item: self._places.get(item.nodeid, _NEW))

    def note(self, nodeid: str, outcome: str) -> None:
        """A test has a verdict; with the last of the direct ones the line is due."""
        if nodeid not in self._left:
            return
        self._left.discard(nodeid)
        self._outcomes[outcome] += 1
        if not self._left and not self._is_told:
            self._is_told = True
            self._tell()

    def _rank(self, nodeid: str) -> int:
        return self._places.get(nodeid, _NEW)[0]

    def _tell(self) -> None:
        reporter: Any = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is None:
            return
        counts = [f"{self._outcomes[name]} {name}" for name in reversed(SEVERITY) if self._outcomes[name]]
        is_bad = any(self._outcomes[name] for name in BAD)
        reporter.ensure_newline()
        writer = self._config.get_terminal_writer()
        if writer.width_of_current_line:  # with -q the reporter takes no line for its own
            writer.line()
        reporter.write_line(f"direct: {', '.join(counts)}", red=is_bad, green=not is_bad)
