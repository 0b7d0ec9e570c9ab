"""What a filter that is being typed would let through, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_reloadwatch.proof.filter import Filter

if TYPE_CHECKING:
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.preferences import Preferences

NAMED = 3


def preview(book: Book, preferences: Preferences, part: str, text: str) -> str:
    """As in ``2 of 36 tests: test_total, test_tax``, with the files instead of the tests where those are asked for."""
    known = [nodeid for records in book.files.values() for nodeid in records[-1].nodeids]
    wanted = Filter(**{part: text.strip()})
    try:
        found = [nodeid for nodeid in known if wanted.lets_through(nodeid, preferences.markers.get(nodeid))]
    except ValueError:
        return "not complete yet"
    if not text.strip():
        return _markers(preferences) if part == "marker" else f"{len(known)} tests; Enter: no filter, Esc: as it was"
    names = dict.fromkeys(nodeid.split("::")[0 if part == "file" else -1] for nodeid in found)
    shown = ", ".join(list(names)[:NAMED]) + (", ..." if len(names) > NAMED else "")
    return f"{len(found)} of {len(known)} tests: {shown}" if found else f"none of {len(known)} tests"


def _markers(preferences: Preferences) -> str:
    names = sorted({name for names in preferences.markers.values() for name in names} - {"parametrize", "usefixtures"})
    return f"markers: {', '.join(names)}" if names else "no markers are known"
