"""Where first-party modules are to be found: their entries in ``sys.modules``, and the attributes of their parents."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from operator import is_, is_not
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.record.loads import namespace

if TYPE_CHECKING:
    from collections.abc import Callable

# The one that runs, and those of which a session has one in each directory, all by the same name.
_EXEMPT = frozenset({"__main__", "__mp_main__"})
_CONFTEST = "conftest.py"


@dataclass(frozen=True)
class Place:
    """One key of one dictionary; *module* is the name of the module that belongs there."""

    holder: dict[str, Any]
    key: str
    module: str
    is_entry: bool

    def is_blocked(self) -> bool:
        return self.is_entry and self.key in self.holder and self.holder[self.key] is None

    def put(self, value: object) -> None:
        if value is None:
            self.holder.pop(self.key, None)
        else:
            self.holder[self.key] = value

    def __str__(self) -> str:
        parent, _, child = self.module.rpartition(".")
        return self.module if self.is_entry else f"the attribute {child} of {parent}"


class Places:
    """Looks at all places at once, with few operations each, and in detail only where something has moved.

    *is_first_party* answers for the path of a source. *expected* is what belongs to each place, *seen* what was there.
    """

    def __init__(self, is_first_party: Callable[[str], bool]) -> None:
        self.places: list[Place] = []
        self.expected: list[Any] = []
        self.seen: list[Any] = []
        self._holders: list[dict[str, Any]] = []
        self._keys: list[str] = []
        self._is_first_party = is_first_party
        self._known: set[str] = set()
        self._names: dict[str, str] = {}  # by path
        self._paths: dict[str, str] = {}  # without links, by what modules say; empty where not watched
        self._growth: tuple[int, str] = (0, "")
        for name in self.new_names():
            self.add(name)

    def add(self, name: str) -> None:
        """Watch the module *name* from here on, if it is first-party."""
        module, path = sys.modules.get(name), self.path_of(name)
        if module is None or not path:
            return
        self._names.setdefault(path, name)
        self._add(Place(sys.modules, name, name, is_entry=True), module)
        parent, _, child = name.rpartition(".")
        holder = namespace(sys.modules.get(parent))
        if holder.get(child) is module:  # else the package has something of its own by that name
            self._add(Place(holder, child, name, is_entry=False), module)

    def is_quiet(self) -> bool:
        """Whether all places hold what they held at the last look, and nothing has come."""
        if (len(sys.modules), next(reversed(sys.modules))) != self._growth:
            return False
        return all(map(is_, map(dict.get, self._holders, self._keys), self.seen))

    def moved(self) -> list[int]:
        """The places that do not hold what they held at the last look."""
        now = list(map(dict.get, self._holders, self._keys))
        found = [index for index, is_other in enumerate(map(is_not, now, self.seen)) if is_other]
        self.seen = now
        return found

    def new_names(self) -> list[str]:
        """Entries of ``sys.modules`` that were not there at the last look; new ones are at its end."""
        self._growth = (len(sys.modules), next(reversed(sys.modules)))
        new = [name for name in sys.modules if name not in self._known]
        self._known.update(new)
        return new

    def forget_name(self, name: str) -> None:
        """It is new when it comes the next time."""
        self._known.discard(name)

    def put_back(self, index: int) -> None:
        self.places[index].put(self.expected[index])
        self.seen[index] = self.expected[index]

    def path_of(self, name: str) -> str:
        """The source of a loaded first-party module that is watched; empty for all others."""
        path = namespace(sys.modules.get(name)).get("__file__")
        if name in _EXEMPT or not isinstance(path, str) or os.path.basename(path) == _CONFTEST:
            return ""
        return self._real_path(path)

    def _real_path(self, path: str) -> str:
        found = self._paths.get(path)
        if found is None:
            is_ours = self._is_first_party(os.path.abspath(path))
            found = self._paths[path] = os.path.realpath(path) if is_ours else ""
        return found

    def other_name(self, name: str) -> str:
        """Another name under which the source of *name* is loaded as another object; empty where there is none."""
        other = self._names.get(self.path_of(name), name)
        same = other == name or sys.modules.get(other) is None or sys.modules[other] is sys.modules[name]
        return "" if same else other

    def is_own_name(self, name: str) -> bool:
        """Whether *name* is that of a first-party module or lies in a first-party package."""
        return name in self._names.values() or name.partition(".")[0] in self._names.values()

    def _add(self, place: Place, value: object) -> None:
        self.places.append(place)
        self._holders.append(place.holder)
        self._keys.append(place.key)
        self.expected.append(value)
        self.seen.append(value)
