"""From module names to the files that answer for them, and to the paths where no file may appear."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_reloadwatch.graph.imports import Import


@dataclass
class Found:
    """Files that an import executes, and paths that were looked at in vain: a file there would change it."""

    files: set[str] = field(default_factory=set)
    absent: set[str] = field(default_factory=set)


class Resolver:
    """Resolves imports to first-party files.

    *roots* are the first-party directories on ``sys.path``, in order; *modules* are names seen to be
    loaded from a file, which tell what import hooks of editable installs would. Look-ups in the
    file system are remembered: make a new resolver when some of them ``have_moved``.
    """

    def __init__(self, roots: Iterable[str], modules: dict[str, str]) -> None:
        self._roots = tuple(roots)
        self._modules = modules
        self._kinds: dict[str, dict[str, str]] = defaultdict(dict)  # of paths, by directory

    def have_moved(self, keys: Iterable[str]) -> bool:
        """Whether a name leads elsewhere after changes at *keys*: paths, or directories with a separator behind."""
        for key in keys:
            known = self._kinds.get(os.path.dirname(key), {})
            looked_at = known if key.endswith(os.sep) else {key: known[key]} if key in known else {}
            if any(_kind(path) != kind for path, kind in looked_at.items()):
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
        """The ``__init__`` files of the packages that *path* lies in: implicit parents."""
        inits = set()
        directory = os.path.dirname(path)
        while self._is_file(init := os.path.join(directory, "__init__.py")):
            inits.add(init)
            directory = os.path.dirname(directory)
        return inits - {path}

    def _absolute(self, name: str, found: Found) -> list[str]:
        head, _, rest = name.partition(".")
        known = self._modules.get(head)
        if known is not None and self._is_file(known):
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
            package, module = _candidates(place, part)
            if self._is_file(package):
                found.files.add(package)
                return [os.path.join(place, part)]
            found.absent.add(package)
            if self._is_file(module):
                found.files.add(module)
                return []
            found.absent.add(module)
            if self._kind(os.path.join(place, part)) == "dir":
                namespaces.append(os.path.join(place, part))
        return namespaces

    def _is_file(self, path: str) -> bool:
        return self._kind(path) == "file"

    def _kind(self, path: str) -> str:
        known = self._kinds[os.path.dirname(path)]
        kind = known.get(path)
        if kind is None:
            kind = known[path] = _kind(path)
        return kind


def _kind(path: str) -> str:
    return "file" if os.path.isfile(path) else "dir" if os.path.isdir(path) else ""


def _candidates(place: str, part: str) -> tuple[str, str]:
    return os.path.join(place, part, "__init__.py"), os.path.join(place, part + ".py")


def _ancestor(importer: str, level: int) -> str:
    directory = os.path.dirname(importer)
    for _ in range(level - 1):
        directory = os.path.dirname(directory)
    return directory
