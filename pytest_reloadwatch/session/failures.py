"""The failures of this session, kept to be printed again, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Failures:
    """The last text and place of each failing test or file, by nodeid."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}

    def note(self, nodeid: str, text: str, place: str) -> None:
        self._known[nodeid] = (text, place)

    def forget(self, nodeid: str) -> None:
        """It has passed."""
        self._known.pop(nodeid, None)

    def places(self) -> dict[str, str]:
        return {nodeid: place for nodeid, (_, place) in self._known.items()}

    def of(self, nodeids: Iterable[str]) -> list[tuple[str, str, str]]:
        """Nodeid, text and place of those of *nodeids* that this session has seen fail."""
        return [(nodeid, *self._known[nodeid]) for nodeid in nodeids if nodeid in self._known]
