"""What was read before the root: when it changes, only a new process is right, once it can be read again."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import iniconfig

from pytest_reloadwatch import _compat
from pytest_reloadwatch.graph.keys import path_of
from pytest_reloadwatch.proof.digest import digest_file, is_listing, listing_key
from pytest_reloadwatch.record import disk
from pytest_reloadwatch.session.configuration import pytest_part
from pytest_reloadwatch.session.environment import installed_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    import pytest

    from pytest_reloadwatch.covering.settings import Settings
    from pytest_reloadwatch.record.firstparty import FirstParty

# Pytest's own, where every change counts, and those that it shares with other tools.
_OWN = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini")
_SHARED = ("pyproject.toml", "tox.ini", "setup.cfg")


class Beginning:
    """The files that shaped this process before its first fork, and the parts of them that did."""

    def __init__(
        self,
        config: pytest.Config,
        first_party: FirstParty,
        covering: Settings | None = None,
        *,
        is_anew: bool = False,
    ) -> None:
        self.rootdir = str(config.rootpath)
        self.invoked_in = str(config.invocation_params.dir)
        self.is_anew = is_anew  # the person has seen the session begin before, and expects it to go on
        self._identity = _identity(self.rootdir)
        self.writes_snapshots = _compat.writes_snapshots(config)
        self.capture_off = config.known_args_namespace.capture == "no"
        names = {os.path.join(self.rootdir, name) for name in (*_OWN, *_SHARED)}
        if config.inipath is not None:
            names.add(str(config.inipath))
        names |= {listing_key(os.path.abspath(place)) for place in sys.path if os.path.isdir(place)}
        self.modules = frozenset(path for path in _module_files() if first_party.is_source(path))
        self._first_party = first_party
        self._loaded = frozenset(name for name in sys.modules if "." not in name)
        self._hiding = {path: self._hiding_in(path) for path in names if is_listing(path)}
        self._parts = {path: self._part(path) for path in names | self.modules}
        self._due: set[str] = set()  # changed, and no new process could begin with it
        self._covering = covering
        self._covered_by = covering.configuration() if covering is not None else ""

    @property
    def keys(self) -> Collection[str]:
        return self._parts.keys() | self._coverage_files

    def file_name(self, key: str) -> str:
        """A file as people know it, relative to the rootdir; empty for keys that are none."""
        key = path_of(key)
        if key.endswith(os.sep) or key.startswith("<"):
            return ""
        root = self.rootdir + os.sep
        return key[len(root) :] if key.startswith(root) else key

    def place_name(self, key: str) -> str:
        """The same, and for a listing its directory, with a separator behind it."""
        path = key.rstrip(os.sep)
        if path == key:
            return self.file_name(key) or "first-party source"
        return os.path.join("." if path == self.rootdir else self.file_name(path), "")

    def is_gone(self) -> bool:
        """Whether the project's directory is no longer there."""
        return _identity(self.rootdir) is None

    def is_another(self) -> bool:
        """Whether another directory has taken its place: nobody's working directory is in it."""
        return _identity(self.rootdir) != self._identity

    def changed(self, keys: Collection[str]) -> str:
        """Which files among *keys* changed in a part that counts, as a reason to start over; empty for none.

        Those that did before, and still have not been heeded, count with whatever changes then.
        """
        keys = self._due.union(keys)
        changed = [path for path in sorted(self._parts.keys() & keys) if self._part(path) != self._parts[path]]
        if not changed and self._covering is not None and self._coverage_files.intersection(keys):
            is_same = self._covering.configuration() == self._covered_by
            changed = [] if is_same else sorted(self._coverage_files.intersection(keys))
        self._due = set(changed)
        names = [os.path.relpath(path, self.rootdir) for path in self._told(changed)]
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return f"{shown} changed" if names else ""

    def broken(self) -> str:
        """Why a new process could not start just now; empty when it can."""
        for path in sorted(self._parts):
            try:
                pytest_part(path)
            except (OSError, ValueError, SyntaxError, iniconfig.ParseError) as error:
                return f"{os.path.relpath(path, self.rootdir)} cannot be read: {error}"
        return self._covering.problem() if self._covering is not None else ""

    def _part(self, path: str) -> str:
        """What of a file or directory counts for the beginning; all of it where that is not known."""
        if is_listing(path):
            return repr((installed_in(path), self._hiding_in(path) == self._hiding.get(path, [])))
        if os.path.basename(path) not in _SHARED or not os.path.exists(path):
            return digest_file(path)
        try:
            return repr(pytest_part(path))
        except (OSError, ValueError, SyntaxError, iniconfig.ParseError):
            return digest_file(path)

    def _told(self, changed: Iterable[str]) -> Iterator[str]:
        """These, but in place of a directory what it has by now, or has no more, that another process would import."""
        for path in changed:
            yield from {*self._hiding.get(path, ())}.symmetric_difference(self._hiding_in(path)) or [path]

    def _hiding_in(self, place: str) -> list[str]:
        """First-party files in a directory of ``sys.path`` that are, or hide, modules which have been loaded."""
        if not is_listing(place) or not self._first_party.is_source(place):
            return []
        names = {name.removesuffix(".py") for name in disk.names_in(place)} if os.path.isdir(place) else set()
        paths = (os.path.join(place, name) for name in names & self._loaded)
        candidates = (path for base in paths for path in (f"{base}.py", os.path.join(base, "__init__.py")))
        return sorted(filter(os.path.isfile, candidates))

    @property
    def _coverage_files(self) -> frozenset[str]:
        return self._covering.files if self._covering is not None else frozenset()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _module_files() -> Iterable[str]:
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str):
            yield os.path.abspath(path)
