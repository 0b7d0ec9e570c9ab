"""What tests executed and read, function by function, and which of it has changed since."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from pytest_reloadwatch.exceptions import StoreUnusableError
from pytest_reloadwatch.graph.fingerprint import MODULE, changed, rebound
from pytest_reloadwatch.graph.keys import is_code, is_line, path_of, proof_key
from pytest_reloadwatch.proof.digest import ABSENT, ALL_SOURCES, is_listing
from pytest_reloadwatch.proof.model import READ, Function
from pytest_reloadwatch.proof.rank import Change
from pytest_reloadwatch.proof.store import AT_IMPORT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pytest_reloadwatch.covering.executed import Executed
    from pytest_reloadwatch.graph.fingerprint import Fingerprints
    from pytest_reloadwatch.graph.source import Source
    from pytest_reloadwatch.proof.model import Group, Proof
    from pytest_reloadwatch.proof.store import Store
    from pytest_reloadwatch.rewind.messages import TestEnded
    from pytest_reloadwatch.session.run_record import RunRecord
    from pytest_reloadwatch.watch.tree import Tree

_MODULE_CODE = "<module>"


class Executions:
    """*read* gives what the source at a path parses to, *recall* the same for a digest of code where it is known.

    ``covered`` knows what a test of the latest run has executed as far as it covered it; None where nothing does that.
    """

    def __init__(
        self,
        store: Store,
        environment: str,
        tree: Tree,
        read: Callable[[str], Source],
        recall: Callable[[str], Source | None],
    ) -> None:
        self.covered: Executed | None = None
        self._store = store
        self._environment = environment
        self._tree = tree
        self._read = read
        self._recall = recall
        self._numbers: dict[str, Collection[int] | None] = {}
        self._changes: dict[tuple[str, str, str], Change] = {}
        self._mismatched: dict[int, tuple[Group, Group]] = {}
        self._found: dict[tuple[int, ...], list[Change]] = {}
        self._at_import: set[Function] | None = None
        self._has_at_import = False  # read
        self._has_new_at_import = False  # and to be written

    def functions(self, ended: TestEnded, run: RunRecord) -> set[Function] | None:
        """What a test and its fixtures executed and read themselves; None where that is not known."""
        covered = self._functions_covered(ended)
        if ended.executed is None or covered is None:
            return None
        found = {function for number in ended.executed if (function := run.functions[number]) is not None}
        return found.union(covered, (_taken_in(proof_key(key)) for key in ended.read))

    def sources(self, ended: TestEnded, run: RunRecord) -> set[str] | None:
        """The files of what they executed."""
        covered = self._sources_covered(ended)
        if ended.executed is None or covered is None:
            return None
        return {run.codes[number][0] for number in ended.executed}.union(covered) - {""}

    def resolve(self, codes: Iterable[tuple[str, int, str]]) -> list[Function | None]:
        """The functions that code objects belong to; None for those of files that the run has made itself."""
        return [self._resolve(*code) if code[0] else None for code in codes]

    def at_import(self) -> set[Function] | None:
        """What executed while modules were imported, in this session or before; None where that is not known."""
        if not self._has_at_import:
            self._has_at_import = True
            with contextlib.suppress(StoreUnusableError):  # as above
                self._at_import = self._store.executed_at_import(self._environment)
        return self._at_import

    def note_at_import(self, codes: Collection[tuple[str, int, str]] | None) -> None:
        """A run has told what executed while it imported modules."""
        known = self.at_import() if codes is None or codes else None
        if known is None:
            return
        found = None if codes is None else {function for function in self.resolve(codes) if function is not None}
        if found is None or not found <= known:
            self._at_import = None if found is None else known | found
            self._has_new_at_import = True

    def take_new_at_import(self) -> dict[str, set[Function] | None]:
        """The same, as a part of what is executed, where more is known than at the last call."""
        is_new, self._has_new_at_import = self._has_new_at_import, False
        return {AT_IMPORT: self._at_import} if is_new else {}

    def executed(self, nodeid: str) -> Collection[int] | None:
        """The numbers of what a test executed and read when it last ran; None where that is not known."""
        if nodeid not in self._numbers:
            try:
                self._numbers[nodeid] = self._store.executed(self._environment, nodeid)
            except StoreUnusableError:  # it only helps to order, and saving will complain
                return None
        return self._numbers[nodeid]

    def changes(self, proof: Proof) -> Sequence[Change]:
        """What a verdict rests on and is not as it was."""
        name = tuple(map(id, proof.groups))  # kept alive by what is told of each
        found = self._found.get(name)
        if found is None:
            pairs = set().union(*map(self._mismatches, proof.groups))
            found = self._found[name] = [self._change(key, digest) for key, digest in sorted(pairs)]
        return found

    def numbers_of(self, functions: Iterable[Function]) -> set[int]:
        """The numbers of those among *functions* that somebody has executed."""
        found = (self._functions(path).get(name) for path, name in functions)
        return {number for number in found if number is not None}

    def numbers_in(self, paths: Iterable[str]) -> set[int]:
        """The numbers of everything that somebody has executed or read of the sources *paths*."""
        return set().union(*(self._functions(path).values() for path in paths))

    def unimported(self, proof: Proof) -> set[str]:
        """The files in which a test executed code though neither its file nor itself imported them: others had."""
        numbers = frozenset(self.executed(proof.nodeid) or ())
        sources = {path_of(key) for group in proof.groups[1:] for key, _ in group if is_code(key)}
        found = set()
        for path in sources:
            known = self._functions(path)
            if known.get(MODULE) not in numbers and not numbers.isdisjoint(known.values()):
                found.add(path)
        return found

    def look_again(self) -> None:
        """The tree may be another than before."""
        self._mismatched.clear()
        self._found.clear()

    def remember(self, executed: Mapping[str, Collection[int] | None]) -> None:
        """These tests have run anew, and this is on record of them now."""
        self._numbers.update(executed)
        self._changes.clear()
        self._found.clear()

    def move(self, store: Store) -> None:
        """Another store, with other numbers."""
        self._store = store
        self._has_new_at_import = True
        self._numbers.clear()
        self._changes.clear()
        self._found.clear()

    def _functions_covered(self, ended: TestEnded) -> set[Function] | None:
        if not ended.covered:
            return set()
        return self.covered.functions(ended.nodeid) if self.covered is not None else None

    def _sources_covered(self, ended: TestEnded) -> set[str] | None:
        if not ended.covered:
            return set()
        return self.covered.sources(ended.nodeid) if self.covered is not None else None

    def _resolve(self, path: str, line: int, name: str) -> Function:
        return (path, MODULE if name == _MODULE_CODE else self._read(path).prints.function_at(line))

    def _mismatches(self, group: Group) -> Group:
        known = self._mismatched.get(id(group))
        if known is None:
            known = self._mismatched[id(group)] = (
                group,
                group - self._tree.entries,
            )  # with the group, for its id's sake
        return known[1]

    def _change(self, key: str, digest: str) -> Change:
        now = self._tree.digest(key) if key in self._tree else ABSENT
        name = (key, digest, now)
        known = self._changes.get(name)
        if known is None:
            known = self._changes[name] = self._compare(key, digest, now)
        return known

    def _compare(self, key: str, before: str, now: str) -> Change:
        path = path_of(key)
        known = self._functions(path)
        if key in ALL_SOURCES:
            return Change(key, frozenset(), frozenset())
        if (path.endswith(".py") and not is_code(key) and not is_line(key)) or is_listing(key):
            return Change(key, frozenset(), frozenset())  # who looks at sources as text can wait
        if not is_code(key):
            name = _taken_in(key)[1]
            return Change(key, frozenset(), frozenset([known[name]] if name in known else ()))
        functions = self._changed(path, before, now)
        if MODULE in functions:
            numbers = frozenset(known[name] for name in known if name != READ and not is_line(name))
            return Change(key, functions, numbers, self._rebound(path, before, now))
        return Change(key, functions, frozenset(known[name] for name in functions if name in known))

    def _functions(self, path: str) -> Mapping[str, int]:
        try:
            return self._store.functions(path)
        except StoreUnusableError:  # as above
            return {}

    def _changed(self, path: str, before: str, now: str) -> frozenset[str]:
        """The functions that differ between two digests of code; the module level for all where one is not known."""
        old = self._prints(before)
        if old is None or now == ABSENT:
            return frozenset({MODULE})
        return changed(old, self._read(path).prints) or frozenset({MODULE})

    def _rebound(self, path: str, before: str, now: str) -> frozenset[str] | None:
        old = self._prints(before)
        return None if old is None or now == ABSENT else rebound(old, self._read(path).prints)

    def _prints(self, digest: str) -> Fingerprints | None:
        source = self._recall(digest) if digest != ABSENT else None
        return None if source is None else source.prints


def _taken_in(key: str) -> Function:
    """What a key of a proof is called among functions: the module level, all of the file, or one line."""
    return (path_of(key), MODULE if is_code(key) else key if is_line(key) else READ)
