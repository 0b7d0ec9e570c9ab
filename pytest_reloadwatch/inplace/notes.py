"""What modules of this process were loaded from: noted at each import from now on, and found out for those before."""

from __future__ import annotations

import os
import sys
import weakref
from types import ModuleType
from typing import TYPE_CHECKING

from pytest_reloadwatch.inplace.evidence import is_as_loaded
from pytest_reloadwatch.inplace.loaded import LoadedModule
from pytest_reloadwatch.inplace.namespaces import namespace
from pytest_reloadwatch.inplace.own import read_source_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from importlib.machinery import ModuleSpec

_NEVER = frozenset({"__main__", "__mp_main__"})


class Notes:
    """The text that each of the person's own modules was executed from, as far as that is known.

    A finder: in front of all others it reads the text just before the loader does, and finds nothing.
    """

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        self.is_own = is_own
        self.unknown: set[str] = set()  # modules that have perhaps changed since they were loaded
        self._texts: weakref.WeakKeyDictionary[ModuleType, bytes | None] = weakref.WeakKeyDictionary()
        self._asked: dict[str, tuple[str, bytes | None]] = {}
        self._is_looking = False

    def watch(self) -> None:
        """Note imports from now on."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> None:
        """As importlib calls it for a module that is not loaded."""
        if self._is_looking:
            return  # another finder asks all others too, or what answers here imports something itself
        self._is_looking = True
        try:
            spec = self._find_elsewhere(fullname, path, target)
            if spec is not None:
                self._note(fullname, spec)
        finally:
            self._is_looking = False

    def _find_elsewhere(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(name, path, target) if finder is not self and find is not None else None
            if spec is not None:
                return spec
        return None

    def _note(self, name: str, spec: ModuleSpec) -> None:
        if spec.has_location and spec.origin and spec.origin.endswith(".py"):
            origin = os.path.abspath(spec.origin)
            if self.is_own(origin):
                self._asked[name] = (origin, read_source_file(origin))

    def loaded(self) -> list[LoadedModule]:
        """All of the person's own modules; one that has perhaps changed counts as on disk, and is in *unknown*."""
        found = [(name, own) for name, module in list(sys.modules.items()) if (own := self._own(name, module))]
        return [LoadedModule(name, path, self._text(name, module, path)) for name, (module, path) in found]

    def forget_failed(self, names: Iterable[str]) -> None:
        """These modules are what they were: their import was begun in vain."""
        for name in names:
            self._asked.pop(name, None)

    def executed(self, names: Iterable[str], read: Callable[[str], bytes | None]) -> None:
        """Modules have been executed from what *read* gives for their paths."""
        for name in names:
            self._asked.pop(name, None)
            own = self._own(name, sys.modules.get(name))
            if own is not None:
                self._texts[own[0]] = read(own[1])
                self.unknown.discard(name)

    def _own(self, name: str, module: object) -> tuple[ModuleType, str] | None:
        if name in _NEVER or not issubclass(type(module), ModuleType) or type(module).__name__ == "_LazyModule":
            return None
        path = namespace(module).get("__file__")  # type: ignore[arg-type] # see above
        if not isinstance(path, str) or not path.endswith(".py") or not self.is_own(os.path.abspath(path)):
            return None
        return module, os.path.abspath(path)  # type: ignore[return-value]

    def _text(self, name: str, module: ModuleType, path: str) -> bytes | None:
        if module not in self._texts or name in self._asked:
            self._texts[module] = self._find_out(name, module, path)
        return self._texts[module]

    def _find_out(self, name: str, module: ModuleType, path: str) -> bytes | None:
        asked_path, asked = self._asked.pop(name, ("", None))
        if asked_path == path and asked is not None:
            return asked
        text = read_source_file(path)
        answer = None if text is None else is_as_loaded(module, path, text)
        if answer is None:
            self.unknown.add(name)
        return None if answer is False else text
