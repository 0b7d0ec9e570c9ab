"""The chronicler: what became of each round and how long it took, for the pictures and the advice that come later."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.exceptions import StoreUnusableError
from pytest_reloadwatch.graph.keys import path_of
from pytest_reloadwatch.rewind import messages as m
from pytest_reloadwatch.session.timing import CLOSE, LOAD, TESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_reloadwatch.record.costs import Cost
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.rounds import Round
    from pytest_reloadwatch.session.standing import Standing

LISTED = 3000  # files of a round that are kept
IMPURE = "impure"
UNWATCHED = "unwatched"
OPAQUE = "opaque"


class Chronicler:
    """Keeps it until there is time to write it.

    *startup* is what came before the session, in seconds; a session that runs only *once* takes no checkpoints.
    """

    def __init__(self, book: Book, engine: str, startup: float, *, once: bool) -> None:
        self._book = book
        self._engine = engine
        self._startup = startup
        self._once = once
        self._session = time.time()
        self._cold: float | None = None
        self._rounds: list[tuple[float, dict[str, Any]]] = []
        self._costs: dict[str, Cost] = {}
        self._remarks: dict[tuple[str, str], str] = {}
        self._gone: set[tuple[str, str]] = set()
        self._known: set[tuple[str, str]] | None = None  # remarks in the store
        self._impure: set[str] = set()
        self._last: Round | None = None
        self._executed: set[str] = set()  # files, in the current round
        self._handlers: dict[type[m.Message], Callable[..., None]] = {
            m.Started: lambda _message, round_: round_.timing.enter(LOAD),
            m.Knowledge: self._on_knowledge,
            m.Collection: lambda message, round_: round_.timing.note_importing(message.importing),
            m.CollectFailed: lambda _message, round_: round_.timing.note_verdict(),
            m.Planned: lambda _message, round_: round_.timing.enter(TESTS),
            m.TestEnded: self._on_test_ended,
            m.Stopped: lambda _message, round_: round_.timing.enter(CLOSE),
            m.Impure: self._on_impure,
            m.Unwatched: lambda message, _round: self._remark(UNWATCHED, "", message.reason),
        }

    def hear(self, message: m.Message, round_: Round) -> None:
        """A run of *round_* has told this."""
        handler = self._handlers.get(type(message))
        if handler is not None:
            handler(message, round_)

    def note_cold(self, seconds: float) -> None:
        """A run has executed everything and run all tests, with nothing warm; it took so long after pytest's start."""
        self._cold = self._startup + seconds
        if self._once:
            return
        self._gone |= {(kind, name) for kind, name in self._known_remarks() if kind == IMPURE} - {
            (IMPURE, name) for name in self._impure
        }
        self._impure.clear()

    def close(self, round_: Round, standing: Standing, warm: int) -> None:
        """A round is over; *warm* is how many first-party modules there are."""
        round_.timing.enter("")
        if round_ is self._last or not round_.is_news:
            return
        self._last = round_
        self._rounds.append((time.time(), self._describe(round_, standing, warm)))
        self._executed = set()

    def write(self) -> None:
        """All that is new; what cannot be written is not kept, and saving verdicts will complain."""
        rounds, self._rounds = self._rounds, []
        costs, self._costs = self._costs, {}
        remarks, self._remarks = self._remarks, {}
        gone, self._gone = self._gone, set()
        try:
            chronicle, environment = self._book.chronicle, self._book.environment
            if rounds or costs:
                chronicle.save(environment, rounds, self._rows(costs))
            if remarks or gone:
                known = self._known_remarks()
                chronicle.save_remarks(environment, [(*name, text) for name, text in remarks.items()], gone & known)
                self._known = (known - gone) | remarks.keys()
        except StoreUnusableError:
            return

    def _describe(self, round_: Round, standing: Standing, warm: int) -> dict[str, Any]:
        timing, wish = round_.timing, round_.wish
        cold, self._cold = self._cold, None
        return {
            "session": self._session,
            "engine": self._engine,
            "once": self._once,
            "cause": round_.cause,
            "wish": "all" if wish.everything else "failing" if wish.only_failing else "run" if wish.nodeids else "",
            "split": timing.split(),
            "seconds": round(timing.seconds(), 4),
            "first": timing.first and round(timing.first, 4),
            "runs": round_.runs,
            "tests": round_.tests_run,
            "known": standing.known,
            "failing": len(standing.failing),
            "exit_code": standing.exit_code,
            "settled": standing.is_settled,
            "reexecuted": sorted(self._executed)[:LISTED],
            "warm": max(0, warm - len(self._executed)),
            "modules": len(self._executed),
            "flaky": self._book.take_flaky(),
            "cold": cold and round(cold, 4),
        }

    def _on_knowledge(self, message: m.Knowledge, _round: Round) -> None:
        for name, path in message.modules:
            self._executed.add(path)
            self._costs.setdefault(path, (name, path, "", 0.0, 0.0))
        for cost in message.costs:
            self._costs[cost[1] or cost[0]] = cost

    def _on_test_ended(self, message: m.TestEnded, round_: Round) -> None:
        round_.timing.note_verdict()
        if message.opaque:
            self._remark(OPAQUE, message.nodeid, ", ".join(message.silent))
        else:
            self._gone.add((OPAQUE, message.nodeid))

    def _on_impure(self, message: m.Impure, _round: Round) -> None:
        self._impure.add(message.allow)
        self._remark(IMPURE, message.allow, message.reason)

    def _remark(self, kind: str, subject: str, text: str) -> None:
        self._remarks[kind, subject] = text
        self._gone.discard((kind, subject))

    def _known_remarks(self) -> set[tuple[str, str]]:
        if self._known is None:
            try:
                found = self._book.chronicle.remarks(self._book.environment)
            except StoreUnusableError:
                found = []
            self._known = {(kind, subject) for kind, subject, _ in found}
        return self._known

    def _rows(self, costs: dict[str, Cost]) -> Iterable[tuple[str, str, str, float, float, list[str]]]:
        sources = set(self._book.module_paths().values())
        for key, (name, path, importer, seconds, own) in costs.items():
            edges = {path_of(edge) for edge in self._book.graph.direct(path)} & sources if path else ()
            yield key, name, importer, seconds, own, sorted(edges)
