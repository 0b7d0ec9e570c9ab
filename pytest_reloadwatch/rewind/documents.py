"""Documents: files whose tests go on from each other, as examples in a text and cells of a notebook do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch import _compat

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pytest

Place = tuple[int, int]


def with_whole_documents(wanted: list[pytest.Item], items: Iterable[pytest.Item]) -> list[pytest.Item]:
    """*wanted*, and of each document of which any part is wanted the others among *items*, in their order."""
    opened = {path for item in wanted if (path := document_of(item))}
    if not opened:
        return wanted
    chosen = set(wanted)
    return [item for item in items if item in chosen or document_of(item) in opened]


def document_of(item: pytest.Item) -> Path | None:
    """The document that a test is a part of: nobody but its collector knows what its parts share."""
    return None if _compat.stands_alone(item) else item.path


def places_of_documents(items: Iterable[pytest.Item], places: Mapping[str, Place]) -> dict[Path, Place]:
    """Where each document has its turn: with the first of its parts."""
    found: dict[Path, Place] = {}
    for item in items:
        path, place = document_of(item), places.get(item.nodeid)
        if path is not None and place is not None:
            found[path] = min(place, found.get(path, place))
    return found
