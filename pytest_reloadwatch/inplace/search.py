"""From objects of an old generation outward, referrer by referrer, to a name by which a person knows the holder."""

from __future__ import annotations

import gc
import os
import sys
from types import FrameType, ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch import _compat
from pytest_reloadwatch.inplace.namespaces import namespace
from pytest_reloadwatch.inplace.words import Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_reloadwatch.inplace.generation import Survivor

_FARTHEST = 16  # references from an old object to a module's name
_WIDEST = 300  # objects whose referrers are looked for at once
_OWN = os.path.dirname(os.path.abspath(__file__))
_OUT_OF_SIGHT = "something out of sight (an extension module, or the interpreter itself)"


class Search:
    """One search, breadth first; its own structures are no holders."""

    def __init__(self, survivors: list[Survivor], reloaded: frozenset[str], ignored: Iterable[object]) -> None:
        self._objects = {id(one.object): one.object for one in survivors}
        self._old = set(self._objects)
        self._reloaded = reloaded
        self._words = Words(survivors)
        self._held: dict[int, list[int]] = {}  # for each holder what it holds of these
        self._excused: set[int] = set()  # what frames, and whatever else does not count, refers to
        self._names = {
            id(namespace(module)): name for name, module in list(sys.modules.items()) if isinstance(module, ModuleType)
        }
        self._ignored = {id(one) for one in (self._objects, survivors, *survivors, *map(vars, survivors), *ignored)}

    def findings(self) -> Iterator[tuple[str, str, str]]:
        """Holder, verb and object, for each holder that has a name; then what nothing in sight holds."""
        self._walk()
        explained = self._below(self._excused)
        told: set[tuple[int, int]] = set()
        for root in self._roots():
            for chain in self._chains(root):
                explained |= self._below([id(chain[-1])])
                holding = (id(chain[-2]), id(chain[-1]))
                if holding not in told:  # one object may have several names
                    yield self._words.describe(chain, self._names.get(root, ""))
                told.add(holding)
        for key in [key for key in self._old if key not in explained]:
            if key not in explained:  # not by the one before either
                explained |= self._below([key])
                yield self._unnamed_holder(key), "holds", self._words.object(self._objects[key])

    def _roots(self) -> list[int]:
        """Those in whose names a holder is best told: modules that were not reloaded, in the order of import."""
        order = {key: index for index, key in enumerate(self._names)}

        def rank(key: int) -> tuple[bool, bool, int]:
            name = self._names.get(key, "")
            return name in self._reloaded, name == "__main__", order.get(key, -1)

        return sorted((key for key, one in self._objects.items() if self._is_root(one)), key=rank)

    def _is_root(self, found: Any) -> bool:
        return id(found) in self._names or bool(_compat.fixture_named(found))

    def _walk(self) -> None:
        frontier = list(self._objects.values())
        for _ in range(_FARTHEST):
            if not frontier:
                return
            frontier = self._step(frontier)

    def _step(self, frontier: list[Any]) -> list[Any]:
        """Look at who refers to *frontier*; the answer is those whose own referrers matter."""
        wanted = {id(one) for one in frontier}
        following: list[Any] = []
        self._ignored |= {id(frontier), id(following)}
        for start in range(0, len(frontier), _WIDEST):
            part = frontier[start : start + _WIDEST]
            self._ignored.add(id(part))
            found = gc.get_referrers(*part)
            self._ignored.add(id(found))
            following += (holder for holder in found if self._note(holder, wanted))
            self._ignored -= {id(part), id(found)}
            del part, found
        self._ignored -= {id(frontier), id(following)}
        return following

    def _note(self, holder: Any, wanted: set[int]) -> bool:
        """Whether *holder* is new, and not yet the end of the way."""
        key = id(holder)
        if key in self._ignored or holder is self.__dict__ or _is_own_frame(holder):
            return False
        held = [id(one) for one in gc.get_referents(holder) if id(one) in wanted and one is not holder]
        if _leads_nowhere(holder):
            self._excused.update(held)
            return False
        is_new = key not in self._objects
        self._objects[key] = holder
        self._held.setdefault(key, []).extend(held)
        return is_new and not self._is_root(holder)

    def _chains(self, root: int) -> Iterator[list[Any]]:
        """The shortest ways from a name to each first object of the old generation on them."""
        seen = {root}
        ways = [[root]]
        while ways:
            way = ways.pop(0)
            for key in self._held.get(way[-1], ()):
                if key in seen:
                    continue
                seen.add(key)
                longer = [*way, key]
                if self._is_old(self._objects[key]):
                    yield [self._objects[one] for one in longer]
                else:
                    ways.append(longer)

    def _is_old(self, found: Any) -> bool:
        return id(found) in self._old or id(type(found)) in self._old

    def _below(self, keys: Iterable[int]) -> set[int]:
        """These objects and all that is held through them."""
        reached: set[int] = set()
        waiting = list(keys)
        while waiting:
            key = waiting.pop()
            if key not in reached:
                reached.add(key)
                waiting += self._held.get(key, ())
        return reached

    def _unnamed_holder(self, key: int) -> str:
        """Something that is in sight, if there is any, though no name leads to it."""
        for holder, held in self._held.items():
            if key in held and not self._is_old(self._objects[holder]) and not isinstance(self._objects[holder], tuple):
                return f"{self._words.kind(self._objects[holder])} without a name"
        return _OUT_OF_SIGHT


def _leads_nowhere(holder: Any) -> bool:
    if isinstance(holder, (FrameType, TracebackType)):
        return True
    return holder is getattr(sys, "last_value", None) or holder is getattr(sys, "last_exc", None)


def _is_own_frame(holder: Any) -> bool:
    return isinstance(holder, FrameType) and holder.f_code.co_filename.startswith(_OWN)
