"""Which loaded modules are the person's own, and what they import, as the sources are now."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pytest_reloadwatch.inplace.plan import graph_of
from pytest_reloadwatch.record.firstparty import FirstParty

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_reloadwatch.graph.closure import ImportGraph
    from pytest_reloadwatch.inplace.loaded import LoadedModule

_THIS_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Reader:
    """Sources as they are now, read once each, so that all who ask see the same."""

    def __init__(self) -> None:
        self._texts: dict[str, bytes | None] = {}

    def __call__(self, path: str) -> bytes | None:
        """The text at *path*; None where there is none to be read."""
        if path not in self._texts:
            self._texts[path] = read_source_file(path)
        return self._texts[path]


def read_source_file(path: str) -> bytes | None:
    """The text at *path*; None where there is none to be read."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


class OwnSources:
    """Source below *root*, the working directory if none is given, in editable installs and elsewhere on ``sys.path``.

    Never the interpreter's, nor what is installed in ``site-packages``.
    """

    def __init__(self, root: str | None = None) -> None:
        self._root = root
        self._place: tuple[str, tuple[str, ...]] = ("", ())
        self._first_party: FirstParty | None = None

    def is_own(self, path: str) -> bool:
        """Whether the absolute *path* is the person's own, by where it lies."""
        place = (self._root or os.getcwd(), tuple(entry for entry in sys.path if isinstance(entry, str)))
        if place != self._place:
            self._place = place  # first: to find out may import, and then be asked about that
            self._first_party = None
            self._first_party = FirstParty(place[0], os.path.join(place[0], ".pytest_cache"))
        if self._first_party is None or path.startswith(_THIS_PACKAGE):
            return False
        return self._first_party.is_source(path)

    def graph(self, loaded: Iterable[LoadedModule], now: Reader) -> ImportGraph:
        """What the sources of *loaded* modules import."""
        return graph_of(loaded, now, dict.fromkeys(os.path.abspath(entry or os.getcwd()) for entry in self._place[1]))
