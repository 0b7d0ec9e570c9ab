"""From module names to the files that answer for them, and to the paths where no file may appear."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_reloadwatch.graph.imports import Import

_INIT = "__init__.py"


@dataclass
class Found:
    """Files that an import executes, and paths that were looked at in vain: a file there would change it.

    *parts* are directories of namespace packages, those that are there and those where another one would join them.
    """

    files: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)
    parts: set[str] = field(default_factory=set)


class Resolver:
    """Resolves imports to first-party files.

    *roots* are the first-party directories on ``sys.path``, in order; *modules* are names seen to be
    loaded from a file, which tell what import hooks of editable installs would. Look-ups in the
    file system are remembered: make a new resolver when some of them ``have_moved``.
    """

    def __init__(self, roots: Iterable[str], modules: dict[str, str]) -> None:
        self._roots = tuple(roots)
        self._modules = modules
        self._kinds: dict[str, dict[str, str]] = defaultdict(dict)  # by directory, then by name

    def have_moved(self, keys: Iterable[str]) -> bool:
        """Whether a name leads elsewhere after changes at *keys*: paths, or directories with a separator behind."""
        for key in keys:
            directory, name = os.path.split(key)
            known = self._kinds.get(directory, {})
            names = [name] if name else known
            if any(_kind(os.path.join(directory, name)) != known[name] for name in names if name in known):
                return True
        return False

    def resolve(self, importer: str, statement: Import) -> Found:
        """What executing *statement* in the file *importer* may execute."""
        found = Found()
        if statement.level:
            places = [_ancestor(importer, statement.level)]
            places = self._descend(places, statement.module, found)
        else:
            places = self._absolute(statement.module, found)
        for name in statement.names:
            if name != "*":
                self._descend(places, name, found)
        return found

    def named(self, name: str) -> Found:
        """What importing the dotted *name* may execute; stops where the name goes on into attributes."""
        found = Found()
        self._absolute(name, found)
        return found

    def packages(self, path: str) -> set[str]:
        """The ``__init__`` files of the packages that *path* lies in, and the next one above, which is not there.

        The packages are implicit parents; with the next one *path* would get another name from pytest.
        """
        directory = os.path.dirname(path)
        inits = {os.path.join(directory, _INIT)}
        while self._kind(directory, _INIT) == "file":
            directory = os.path.dirname(directory)
            inits.add(os.path.join(directory, _INIT))
        return inits - {path}

    def _absolute(self, name: str, found: Found) -> list[str]:
        head, _, rest = name.partition(".")
        known = self._modules.get(head)
        if known is not None and self._kind(*os.path.split(known)) == "file":
            found.files.add(known)
            self._absent_before(head, os.path.dirname(known), found)
            is_package = os.path.basename(known).startswith("__init__.")
            places = [os.path.dirname(known)] if is_package else []
        else:
            places = self._step(list(self._roots), head, found)
        return self._descend(places, rest, found) if rest else places

    def _absent_before(self, head: str, place: str, found: Found) -> None:
        """A file of this name in an earlier root would be found first."""
        for root in self._roots:
            if place == os.path.join(root, head):
                return
            if place == root:  # a plain module: a package of its name would win
                found.absent.add(_candidates(root, head)[0])
                return
            found.absent.update(_candidates(root, head))

    def _descend(self, places: list[str], dotted: str, found: Found) -> list[str]:
        for part in dotted.split(".") if dotted else ():
            places = self._step(places, part, found)
        return places

    def _step(self, places: list[str], part: str, found: Found) -> list[str]:
        """Find *part* in the directories *places*; the directories of its submodules are the answer."""
        namespaces = []
        for place in places:
            inner = f"{place}{os.sep}{part}"
            package, module = f"{inner}{os.sep}{_INIT}", f"{inner}.py"
            if self._kind(inner, _INIT) == "file":
                found.files.add(package)
                return [inner]
            found.absent.add(package)
            if self._kind(place, f"{part}.py") == "file":
                found.files.add(module)
                return []
            found.absent.add(module)
            if self._kind(place, part) == "dir":
                namespaces.append(inner)
        if namespaces:
            found.parts.update(f"{place}{os.sep}{part}" for place in places)
        return namespaces

    def _kind(self, directory: str, name: str) -> str:
        known = self._kinds[directory]
        kind = known.get(name)
        if kind is None:
            kind = known[name] = _kind(f"{directory}{os.sep}{name}")
        return kind


def _kind(path: str) -> str:
    return "file" if os.path.isfile(path) else "dir" if os.path.isdir(path) else ""


def _candidates(place: str, part: str) -> tuple[str, str]:
    return os.path.join(place, part, _INIT), os.path.join(place, part + ".py")


def _ancestor(importer: str, level: int) -> str:
    directory = os.path.dirname(importer)
    for _ in range(level - 1):
        directory = os.path.dirname(directory)
    return directory
