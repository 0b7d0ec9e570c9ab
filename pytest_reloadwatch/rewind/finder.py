"""The finder at the front of sys.meta_path: sees each module before it executes, and freezes there."""

from __future__ import annotations

import importlib
import opcode
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.exceptions import HoistMismatchError
from pytest_reloadwatch.record import disk
from pytest_reloadwatch.record.children import passed_over
from pytest_reloadwatch.record.costs import ImportCosts
from pytest_reloadwatch.record.surroundings import surroundings
from pytest_reloadwatch.rewind.shelf import shelved_spec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import FrameType, ModuleType

    from pytest_reloadwatch.record.recorder import Recorder
    from pytest_reloadwatch.rewind.life import Life

_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep
_IMPORT_NAME = opcode.opmap["IMPORT_NAME"]


class RewindFinder:
    """Leaves finding and loading to the finders behind it; pytest's assertion rewriting is one of them."""

    def __init__(self, recorder: Recorder, timeline: Life) -> None:
        self._recorder = recorder
        self._first_party = recorder.first_party
        self._timeline = timeline
        self._main = threading.get_ident()
        self._places: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        self.imports: list[tuple[str, str, str, int, str]] = []
        self.costs = ImportCosts(timeline.moment, recorder.cost, lambda: timeline.collecting)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """As importlib calls it for a module that is not loaded yet."""
        frame = sys._getframe(1)
        spec = self._find_behind(fullname, path, target)
        origin = self._origin(spec)
        if origin and threading.get_ident() == self._main and self._timeline.before_module(origin):
            self._note_unfinished(frame)
            importlib.invalidate_caches()
            spec = self._find_behind(fullname, path, target)
            origin = self._origin(spec)
        if self._timeline.collecting and spec is not None:
            self._note_import(fullname, origin, frame)
        if self._timeline.shelf and (shelved := self._from_shelf(fullname, origin)) is not None:
            return shelved
        self._note(fullname, path, spec, origin, frame)
        if spec is not None:
            self.costs.expect(fullname, origin, spec)
        return spec

    def first_party_places(self) -> tuple[str, ...]:
        """The first-party directories on ``sys.path``, in order."""
        entries = tuple(entry for entry in sys.path if isinstance(entry, str))
        if self._places[0] != entries:
            paths = (disk.abspath(entry or os.curdir) for entry in entries)
            self._places = (entries, tuple(p for p in dict.fromkeys(paths) if self._first_party.is_source(p)))
        return self._places[1]

    def imported_by_name(self, name: str) -> None:
        """importlib.import_module has given a module that may have been loaded long ago."""
        module = sys.modules.get(name)
        origin = getattr(module, "__file__", None)
        parent = sys.modules.get(name.rpartition(".")[0])
        if parent is None or hasattr(parent, "__path__"):
            path = None if parent is None else list(parent.__path__)
            self._recorder.joined(self._passed(name, path, disk.abspath(origin) if origin else ""), sys._getframe(2))
        if origin and self._first_party.is_source(origin):
            self._recorder.imported(origin, sys._getframe(2))
        elif origin is None and (places := getattr(module, "__path__", None)):
            self._recorder.joined([place for place in places if self._first_party.is_source(place)], sys._getframe(2))

    def extended(self, name: str) -> None:
        """pkgutil.extend_path has asked each place for a part of the package *name*."""
        tail = name.rpartition(".")[2]
        parent = sys.modules.get(name.rpartition(".")[0])
        places = self.first_party_places() if parent is None else list(parent.__path__)
        found = [os.path.join(place, tail) for place in places if self._first_party.is_source(place)]
        self._recorder.joined(found, sys._getframe(2))

    def _find_behind(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        behind = False
        for finder in list(sys.meta_path):
            if behind:
                find: Any = getattr(finder, "find_spec", None)
                spec: ModuleSpec | None = find(fullname, path, target) if find is not None else None
                if spec is not None:
                    return spec
            behind = behind or finder is self
        return None

    def _origin(self, spec: ModuleSpec | None) -> str:
        """The absolute path of a first-party source; empty for all others."""
        if spec is None or not spec.has_location or not spec.origin:
            return ""
        origin = disk.abspath(spec.origin)
        return origin if self._first_party.is_source(origin) else ""

    def _from_shelf(self, fullname: str, origin: str) -> ModuleSpec | None:
        try:
            module = self._timeline.shelf.take(fullname, origin)
        except HoistMismatchError as mismatch:
            self._timeline.abandon(str(mismatch))
        return None if module is None else shelved_spec(fullname, module)

    def _note(
        self, fullname: str, path: Sequence[str] | None, spec: ModuleSpec | None, origin: str, frame: FrameType
    ) -> None:
        if spec is None:
            self._recorder.missing(self._passed(fullname, path, "", is_open=True), frame)
        elif spec.origin is None and spec.submodule_search_locations is not None:
            self._recorder.joined(self._passed(fullname, path, "", is_open=True), frame)
        elif _is_of_statement(frame):
            self._recorder.passed_over(self._passed(fullname, path, origin))
        else:
            self._recorder.joined(self._passed(fullname, path, origin), frame)
        if origin:
            self._recorder.executing(fullname, origin)

    def _note_unfinished(self, frame: FrameType | None) -> None:
        """Modules that wait for this import: what is left of them executes in this run."""
        while frame is not None:
            source = self._first_party.frame_source(frame.f_code.co_filename)
            if source and frame.f_code.co_name == "<module>":
                self._recorder.executing(frame.f_globals.get("__name__", ""), source)
            frame = frame.f_back

    def _note_import(self, fullname: str, origin: str, frame: FrameType) -> None:
        importer, line = self._direct_importer(frame)
        if importer or origin:
            self.imports.append((fullname, origin, importer, line, surroundings()))

    def _passed(self, fullname: str, path: Sequence[str] | None, origin: str, *, is_open: bool = False) -> list[str]:
        """First-party paths where the module could have been but was not; a later one would come first."""
        tail = fullname.rpartition(".")[2]
        places = self.first_party_places() if path is None else [p for p in path if self._first_party.is_source(p)]
        return passed_over(tail, origin, places, is_open=is_open)

    def _direct_importer(self, frame: FrameType | None) -> tuple[str, int]:
        """The first-party file, and line, whose top-level code has this import; empty for any other importer."""
        while frame is not None:
            filename = frame.f_code.co_filename
            if not filename.startswith(("<frozen importlib", _OWN)):
                importer = self._first_party.frame_source(filename) if frame.f_code.co_name == "<module>" else ""
                return importer, frame.f_lineno if importer else 0
            frame = frame.f_back
        return "", 0


def _is_of_statement(frame: FrameType | None) -> bool:
    """Whether it is a statement that imports, which its source says to those who read that; else a call does."""
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is None or frame.f_code.co_code[frame.f_lasti] == _IMPORT_NAME
