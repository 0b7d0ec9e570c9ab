"""Errands: tests that clients want to run, affected or not, and whose verdicts they wait for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.proof.model import BAD
from pytest_reloadwatch.session.why import fits

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from pytest_reloadwatch.session.clients import Client

FAILED = 1
UNKNOWN = 4


@dataclass(frozen=True)
class Errand:
    """Who asked, for which tests, files, directories or classes of tests, and *after* which run of the session."""

    client: Client
    questions: tuple[str, ...]
    after: int

    def tests(self, known: Collection[str]) -> set[str]:
        """Those among the *known* tests that were asked for."""
        exact = set(self.questions).intersection(known)
        wider = set(self.questions) - exact
        return exact | {nodeid for nodeid in known if any(_means(question, nodeid) for question in wider)}

    def unknown(self, known: Collection[str]) -> list[str]:
        """The questions that mean none of the *known* tests."""
        return [q for q in self.questions if q not in known and not any(_means(q, nodeid) for nodeid in known)]


class Errands:
    """Kept until they have run; *is_connected* is whether a client is still there, *finish* completes an answer."""

    def __init__(
        self, is_connected: Callable[[Client], bool], finish: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        self._is_connected = is_connected
        self._finish = finish
        self._errands: list[Errand] = []

    def add(self, client: Client, questions: Sequence[str], after: int) -> None:
        self._errands.append(Errand(client, tuple(questions), after))

    def due(self, known: Collection[str]) -> frozenset[str]:
        """The tests that have to run for them; nothing runs for who has left."""
        self._errands = [errand for errand in self._errands if self._is_connected(errand.client)]
        return frozenset().union(*(errand.tests(known) for errand in self._errands))

    def answer(self, ran: Collection[str], since: int, outcomes: Mapping[str, str], known: Collection[str]) -> None:
        """Answer those of which all tests are among *ran*: they had their turn from the run *since* on."""
        waiting = []
        for errand in self._errands:
            tests = errand.tests(known)
            if not tests or (tests <= set(ran) and since > errand.after):
                errand.client.answer(self._finish(_answer(tests, outcomes, errand.unknown(known))))
            else:
                waiting.append(errand)
        self._errands = waiting

    def answer_all(self, exit_code: int, outcomes: Mapping[str, str], problem: str) -> None:
        """Nothing can run, and this is why."""
        for errand in self._errands:
            answer = {"event": "ran", "exit_code": exit_code, "outcomes": dict(outcomes)}
            errand.client.answer({**answer, "not_reached": [], "unknown": [], "problem": problem})
        self._errands = []


def as_nodeid(question: str, rootdir: str) -> str:
    """*question* as pytest names tests, where it begins with an absolute path."""
    path, separator, rest = question.partition("::")
    if os.path.isabs(path):
        path = os.path.relpath(os.path.realpath(path), os.path.realpath(rootdir))
    return path.replace(os.sep, "/").rstrip("/") + separator + rest


def _means(question: str, nodeid: str) -> bool:
    """Whether *nodeid* is, or belongs to, what was asked for, or is a file with it that cannot be collected."""
    return question == "." or fits(nodeid, question) or ("::" not in nodeid and question.startswith(f"{nodeid}::"))


def _answer(tests: Collection[str], outcomes: Mapping[str, str], unknown: list[str]) -> dict[str, Any]:
    """A test without a verdict was not reached: its run ended early."""
    found = {nodeid: outcomes[nodeid] for nodeid in sorted(tests) if nodeid in outcomes}
    missing = sorted(set(tests) - set(found))
    is_bad = bool(missing) or any(outcome in BAD for outcome in found.values())
    code = UNKNOWN if unknown else FAILED if is_bad else 0
    return {"event": "ran", "exit_code": code, "outcomes": found, "not_reached": missing, "unknown": unknown}
