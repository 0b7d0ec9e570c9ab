"""Which files are first-party: the person's own source and data, not the interpreter's nor a package's."""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import tempfile

from pytest_reloadwatch.record.disk import abspath

_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
# What tools keep for themselves below a project.
_NOT_SOURCE = frozenset(
    "__pycache__ node_modules .git .hg .tox .nox .venv .eggs .hypothesis .mypy_cache .pytest_cache .ruff_cache".split()
)
_STANDARD_LIBRARY = tuple({sysconfig.get_path(kind) + os.sep for kind in ("stdlib", "platstdlib")})
_SYSTEM = (
    "/proc",
    "/sys",
    "/dev",
    "/etc",
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/sbin",
    "/var",
    "/run",
    "/System",
    "/Library",
)


class FirstParty:
    """Answers for absolute paths; answers are remembered, for they are asked at every file opened."""

    def __init__(self, rootdir: str, cache_dir: str) -> None:
        self.rootdir = rootdir
        others = (root for root in editable_roots() if not _inside(root, rootdir) and not _OWN_PACKAGE.startswith(root))
        self.roots = (rootdir, *others)
        self._is_own_project = _inside(_OWN_PACKAGE, rootdir)
        self._cache_dir = cache_dir
        self._interpreter = _interpreter_directories(rootdir)
        self._elsewhere = (*_SYSTEM, os.path.realpath(tempfile.gettempdir()), tempfile.gettempdir())
        self._data: dict[str, bool] = {}
        self._frames: dict[str, str] = {}

    def is_source(self, path: str) -> bool:
        """Whether a module executed from *path* is first-party."""
        return any(_inside(path, root) for root in self.roots) and self.is_data(path)

    def is_data(self, path: str) -> bool:
        """Whether a verdict that read *path* rests on it."""
        answer = self._data.get(path)
        if answer is None:
            answer = self._data[path] = self._judge(path)
        return answer

    def frame_source(self, filename: str) -> str:
        """The absolute path of a frame's file where it is first-party, else empty."""
        source = self._frames.get(filename)
        if source is None:
            path = _absolute(filename)
            ours = (
                bool(path)
                and not filename.startswith("<")
                and self.is_source(path)
                and not path.startswith(_OWN_PACKAGE)
            )
            source = self._frames[filename] = path if ours else ""
        return source

    def _judge(self, path: str) -> bool:
        if any(part in path for part in _PACKAGES) or any(_inside(path, place) for place in self._interpreter):
            return False
        if _inside(path, self._cache_dir) or (path.startswith(_OWN_PACKAGE) and not self._is_own_project):
            return False
        for root in self.roots:
            if _inside(path, root):
                return not _NOT_SOURCE.intersection(path[len(root) :].split(os.sep))
        return not any(_inside(path, place) for place in self._elsewhere)


def is_installed(path: str) -> bool:
    """Whether *path* belongs to the interpreter or to an installed package, wherever one's own project is."""
    return is_in_package(path) or path.startswith(_STANDARD_LIBRARY)


def is_in_package(path: str) -> bool:
    """Whether *path* belongs to an installed package."""
    return any(part in path for part in _PACKAGES)


_OWN_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def _absolute(filename: str) -> str:
    """Empty where the working directory of a relative name is gone."""
    try:
        return abspath(filename)
    except OSError:
        return ""


def _inside(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip(os.sep) + os.sep)


def _interpreter_directories(rootdir: str) -> tuple[str, ...]:
    """Where the interpreter and what is installed live, as far as the project does not lie within."""
    found = {sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()}
    found |= {os.path.realpath(place) for place in found}
    return tuple(sorted(place for place in found if place and not _inside(rootdir, place)))


def editable_roots() -> tuple[str, ...]:
    """Directories that are installed in place (PEP 610), and those that .pth files put on ``sys.path``."""
    roots = {os.path.abspath(entry) for entry in sys.path if entry and _is_pth_like(entry)}
    for place in sys.path:
        roots.update(_editable_in(place))
    return tuple(sorted(root for root in roots if os.path.isdir(root)))


def _is_pth_like(entry: str) -> bool:
    path = os.path.abspath(entry) + os.sep
    if path.rstrip(os.sep) in ("", tempfile.gettempdir(), os.path.expanduser("~")):
        return False  # too much lies there that is no source of anybody's project
    if any(part in path for part in _PACKAGES) or path.rstrip(os.sep).endswith((".zip", "-packages")):
        return False
    return not any(_inside(path, place) for place in _interpreter_directories(os.sep))


def _editable_in(place: str) -> set[str]:
    try:
        names = [name for name in os.listdir(place or ".") if name.endswith(".dist-info")]
    except OSError:
        return set()
    found = set()
    for name in names:
        try:
            with open(os.path.join(place, name, "direct_url.json"), encoding="utf-8") as file:
                described = json.load(file)
        except (OSError, ValueError):
            continue
        if described.get("dir_info", {}).get("editable"):
            found |= _local_path(described.get("url", ""))
    return found


def _local_path(url: str) -> set[str]:
    """The path that a file URL names; nothing for any other."""
    from urllib.parse import unquote, urlparse  # few projects come here

    parts = urlparse(url)
    if parts.scheme != "file":
        return set()
    if os.name != "nt":
        return {unquote(parts.path)}
    from urllib.request import url2pathname  # takes a while to import, and does the same elsewhere

    return {url2pathname(parts.path)}
