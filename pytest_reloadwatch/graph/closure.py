"""The import graph: what a file rests on, directly and through everything it imports."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pytest_reloadwatch.graph.keys import path_of, with_all
from pytest_reloadwatch.graph.names import Resolver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_reloadwatch.graph.imports import SourceImports


class ImportGraph:
    """Edges from source joined with edges that runs have seen.

    *read_imports* gives what a file's source imports. Nodes are absolute paths; an edge may also lead
    to a data file, a directory listing or a path where no file is yet: whatever the importer's
    execution rested on. Where that is the text of a source, a mark stands before the path, which leads no further.
    """

    def __init__(self, read_imports: Callable[[str], SourceImports]) -> None:
        self._read_imports = read_imports
        self._roots: tuple[str, ...] = ()
        self._modules: dict[str, str] = {}
        self._seen: dict[str, set[str]] = {}
        self._state: dict[str, str] = {}  # in which state of each file that was
        self._states: dict[str, dict[str, set[str]]] = defaultdict(dict)  # the same of others, by file
        self._direct: dict[str, frozenset[str]] = {}
        self._outdated: dict[str, frozenset[str]] = {}  # edges of files that have changed, to compare with
        self._closures: dict[frozenset[str], set[str]] = {}
        self._resolver = Resolver((), {})

    def set_roots(self, roots: Iterable[str]) -> None:
        """Tell the first-party directories on ``sys.path``."""
        if tuple(roots) != self._roots:
            self._roots = tuple(roots)
            self.forget_resolutions()

    def add_module(self, name: str, path: str) -> None:
        """A run loaded the module *name* from *path*: whoever imports it is worked out anew, if that is news."""
        if "." in name or self._modules.get(name) == path:
            return
        expected = self._resolver.named(name)
        self._modules[name] = path
        if self._resolver.named(name) != expected:
            for file in [file for file in self._direct if self._read_imports(file).may_name(name)]:
                self._outdate(file)

    def add_edge(self, importer: str, key: str) -> None:
        """A run saw *importer*'s code import, read or list *key*."""
        edges = self._seen.setdefault(importer, set())
        if key not in edges:
            edges.add(key)
            self._outdate(importer)

    def forget_moved(self, keys: Iterable[str]) -> None:
        """Files may have come or gone at *keys*: where a name leads elsewhere now, work all of them out anew."""
        if self._resolver.have_moved(keys):
            self.forget_resolutions()

    def forget_resolutions(self) -> None:
        """Names may lead elsewhere now."""
        self._direct.clear()
        self._outdated.clear()
        self._closures.clear()
        self._resolver = Resolver(self._roots, self._modules)

    def note_state(self, path: str, state: str) -> None:
        """What *path* was seen to do it did with this content, if it has not changed since."""
        self._state.setdefault(path, state)

    def turn(self, path: str, state: str, *, is_same_code: bool = False) -> None:
        """*path* has another content: what its code was seen to do counts again only where that is back.

        Who has executed it in that *state* may be warm still, and would tell nothing anew.
        """
        seen = self._seen.get(path)
        if seen is not None:
            self._states[path][self._state.get(path, "")] = seen
        self._state[path] = state
        if is_same_code:
            return
        self._outdate(path)
        self._seen.pop(path, None)
        if path in self._states and state in self._states[path]:
            self._seen[path] = self._states[path][state]

    def direct(self, path: str) -> frozenset[str]:
        """What *path* rests on in one step."""
        edges = self._direct.get(path)
        if edges is None:
            edges = self._direct[path] = self._find_direct(path)
        return edges

    def closure(self, starts: Iterable[str]) -> set[str]:
        """*starts* and everything they rest on; the graph's own set, not to be changed."""
        self._refresh()
        name = frozenset(starts)
        found = self._closures.get(name)
        if found is None:
            found = self._closures[name] = self._walk(name)
        return found

    def _walk(self, starts: frozenset[str]) -> set[str]:
        reached: set[str] = set()
        self._extend(reached, starts)
        return reached

    def _extend(self, reached: set[str], starts: Iterable[str]) -> None:
        waiting = [path for path in starts if path not in reached]
        while waiting:
            path = waiting.pop()
            if path not in reached:
                reached.add(path)
                if path.endswith(".py") and not path.startswith("<"):
                    waiting.extend(self.direct(path) - reached)

    def dependents(self, targets: Iterable[str], among: Iterable[str]) -> set[str]:
        """The files *among* which rest on any of *targets*, the targets with them."""
        affected = with_all(targets)
        candidates = {path: self.direct(path) for path in among}
        grown = True
        while grown:
            new = {path for path, edges in candidates.items() if path not in affected and edges & affected}
            affected |= with_all(new)
            grown = bool(new)
        return {path_of(key) for key in affected}

    def ways(self, targets: Iterable[str], among: Iterable[str]) -> dict[str, tuple[int, str]]:
        """For each file *among* from which imports lead to one of *targets*: how many, and the next file on the way.

        For the targets themselves that is 0, and nothing. All files on the way must be *among* these.
        """
        candidates = {path: self.direct(path) for path in among}
        reached = with_all(targets)
        found = {path_of(key): (0, "") for key in reached}
        step = 0
        while reached:
            step += 1
            nearer = {
                path: (step, path_of(min(edges & reached)))
                for path, edges in candidates.items()
                if path not in found and not edges.isdisjoint(reached)
            }
            found.update(nearer)
            reached = with_all(nearer)
        return found

    def _outdate(self, path: str) -> None:
        if path in self._direct:
            self._outdated.setdefault(path, self._direct.pop(path))

    def _refresh(self) -> None:
        """An edit seldom changes what a file imports, and a run mostly adds: closures grow, or are worked out anew."""
        outdated, self._outdated = self._outdated, {}
        for path, before in outdated.items():
            now = self.direct(path)
            if now == before:
                continue
            for name, closure in list(self._closures.items()):
                if path not in closure:
                    continue
                if before <= now:
                    self._extend(closure, now)
                else:
                    del self._closures[name]

    def _find_direct(self, path: str) -> frozenset[str]:
        edges = set(self._seen.get(path, ()))
        edges |= self._resolver.packages(path)
        source = self._read_imports(path)
        for statement in source.imports:
            found = self._resolver.resolve(path, statement)
            edges |= found.files | found.absent | found.parts
        for name in source.strings:
            found = self._resolver.named(name)
            edges |= found.files | found.parts
        edges.discard(path)
        return frozenset(edges)
