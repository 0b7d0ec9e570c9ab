"""Why: a chain of cause for each selected test, for each re-executed module, and for what did not run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.graph.fingerprint import MODULE
from pytest_reloadwatch.graph.keys import is_code, path_of
from pytest_reloadwatch.proof.digest import ABSENT, CONFTESTS, FIRST_PARTY, WHOLE_RUN, is_listing, is_path
from pytest_reloadwatch.proof.model import BAD
from pytest_reloadwatch.proof.rank import Rank
from pytest_reloadwatch.proof.selection import UNCOLLECTED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from pytest_reloadwatch.proof.rank import Change, Ranked
    from pytest_reloadwatch.proof.selection import Selected
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.rounds import Round

_ARROW = " ← "
_NAMED = 3  # functions
_WORDS = {
    FIRST_PARTY: "first-party source, since it starts a process that does not report",
    WHOLE_RUN: "first-party source, since it needs what only a whole run has",
    CONFTESTS: "which conftests count everywhere",
}
_REMARKS = {Rank.FAILED: " (and it failed last time)", Rank.DIRECT: "", Rank.REST: " (by import only)"}


class Why:
    """Answers in words, from what *book* knows; *file_name* gives a key as people know it."""

    def __init__(self, book: Book, file_name: Callable[[str], str]) -> None:
        self._book = book
        self._file_name = file_name
        self._ways: dict[frozenset[str], dict[str, tuple[int, str]]] = {}

    def modules(self, paths: Collection[str], changed: Collection[str]) -> dict[str, str]:
        """Why the modules of these files will be executed again, by name, where they have been executed before."""
        return self._of_modules((n for n, path in self._book.module_paths().items() if path in paths), changed)

    def selected(self, ranked: Sequence[Ranked]) -> dict[str, str]:
        """The reason of each test, by nodeid."""
        self._ways.clear()  # imports may have changed
        return {one.test.nodeid: self.of_test(one) for one in ranked}

    def of_test(self, one: Ranked) -> str:
        """As in ``tests/test_cart.py::test_total ← shop.cart ← shop.pricing: function discount changed``."""
        if one.rank is Rank.FAILED and one.change is None:
            return f"{one.test.nodeid}: {one.test.reason}"
        if one.change is None:
            return f"{one.test.nodeid}: {_without_proof(one.test)}"
        changed = path_of(one.change.key)
        way = self._way(one.test.path, frozenset({changed})) or [changed] * (changed != one.test.path)
        chain = [one.test.nodeid, *map(self._name, way)]
        return f"{_ARROW.join(chain)}: {self._what(one.change)}{_REMARKS[one.rank]}"

    def of_module(self, name: str, path: str, changed: Collection[str]) -> str:
        """Why a module was executed again."""
        paths = frozenset(map(path_of, changed))
        way = self._way(path, paths)
        if way or path in paths:
            return f"{_ARROW.join([name, *map(self._name, way)])}: changed"
        where = "after the checkpoint from which the run went on" if changed else "when the session started"
        return f"{name}: loaded {where}"

    def answer(self, question: str, round_: Round) -> dict[str, Any]:
        """Everything about tests and modules that *question* names: a nodeid, the beginning of some, or a module."""
        self._ways.clear()
        tests = {
            nodeid: self._of_nodeid(nodeid, round_) for nodeid in sorted(self._known(round_)) if fits(nodeid, question)
        }
        modules = self._of_modules(round_.reexecuted & {question}, round_.changed)
        return {"event": "why", "question": question, "tests": tests, "modules": modules}

    def report(self, round_: Round) -> list[str]:
        """A line for the tests of each file with the same reason, the direct ones first, then one for each module."""
        ranked = sorted(round_.explained().values(), key=lambda one: one.rank)
        tests = self.selected(ranked)
        modules = self._of_modules(round_.reexecuted if round_.changed else (), round_.changed)
        return [*_by_file(tests), *(f"executed again: {text}" for text in modules.values())]

    def _of_modules(self, names: Iterable[str], changed: Collection[str]) -> dict[str, str]:
        paths = self._book.module_paths()
        return {name: self.of_module(name, paths[name], changed) for name in sorted(names) if name in paths}

    def _known(self, round_: Round) -> set[str]:
        known = {nodeid for records in self._book.files.values() for nodeid in records[-1].nodeids}
        return known | round_.reasons.keys() | self._book.select().verdicts.keys()

    def _of_nodeid(self, nodeid: str, round_: Round) -> str:
        if nodeid in round_.reasons:
            text = self.of_test(round_.explained()[nodeid])
            return text if nodeid in round_.attempted else f"{text}; not run yet"
        proof = self._book.select().verdicts.get(nodeid)
        if proof is None:
            return f"{nodeid}: never ran"
        if proof.outcome in BAD:
            return f"{nodeid}: {proof.outcome} when it last ran; what fails is never skipped"
        files = {path_of(key) for group in proof.groups for key, _ in group if self._is_file(key)}
        rests = f"none of the {len(files)} files that it rests on has changed"
        return f"{nodeid}: not run: {proof.outcome} before, and {rests}"

    def _is_file(self, key: str) -> bool:
        path = path_of(key)
        return is_path(path) and not is_listing(path) and self._book.tree.exists(path)

    def _way(self, start: str, targets: frozenset[str]) -> list[str]:
        """The files on a shortest way of imports, without the first; none where no way leads there."""
        ways = self._ways.get(targets)
        if ways is None:
            ways = self._ways[targets] = self._book.ways_to(targets)
        found: list[str] = []
        while (following := ways.get(start, (0, ""))[1]) != "":
            found.append(following)
            start = following
        return found

    def _name(self, path: str) -> str:
        if not is_path(path):
            return _WORDS.get(path, path)
        if is_listing(path):
            return os.path.join(self._file_name(path.rstrip(os.sep)), "")
        return self._book.module_name(path) or self._file_name(path)

    def _what(self, change: Change) -> str:
        path = path_of(change.key)
        if not is_path(path) or is_listing(path):
            return "changed"
        if path in self._book.tree and self._book.tree.digest(path) == ABSENT:
            return "is gone"
        if not is_code(change.key):
            return "changed"
        functions = sorted(change.functions - {MODULE})
        if MODULE in change.functions or not functions:
            return "code outside of functions changed"
        shown = ", ".join(functions[:_NAMED]) + (
            f" and {len(functions) - _NAMED} more" if len(functions) > _NAMED else ""
        )
        return f"function{'s' if len(functions) > 1 else ''} {shown} changed"


def _by_file(reasons: Mapping[str, str]) -> list[str]:
    """*reasons* are lines that begin with a nodeid, which is their key; several tests of a file become one line."""
    groups: dict[tuple[str, str], list[str]] = {}
    for nodeid, text in reasons.items():
        groups.setdefault((nodeid.partition("::")[0], text[len(nodeid) :]), []).append(nodeid)
    return [
        (nodeids[0] if len(nodeids) == 1 else f"{file} ({len(nodeids)} tests)") + reason
        for (file, reason), nodeids in groups.items()
    ]


def fits(nodeid: str, question: str) -> bool:
    """Whether *question* is this test, or a file, class or function that it belongs to."""
    return nodeid == question or (nodeid.startswith(question) and nodeid[len(question)] in ":[/")


def _without_proof(test: Selected) -> str:
    if "::" in test.nodeid:
        return "never ran"
    return test.reason if test.reason == UNCOLLECTED else "had no tests"
