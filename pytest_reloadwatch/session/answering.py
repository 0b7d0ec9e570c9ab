"""Answers clients: at once where they ask about what is known, else when the tests that it takes have run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.session.desk import Desk
from pytest_reloadwatch.session.errands import Errands, as_nodeid
from pytest_reloadwatch.session.rounds import Round, Wish
from pytest_reloadwatch.session.states import State

if TYPE_CHECKING:
    import selectors

    from pytest_reloadwatch.endpoint import Listener
    from pytest_reloadwatch.session.assessing import Assessor
    from pytest_reloadwatch.session.beginning import Beginning
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.chronicler import Chronicler
    from pytest_reloadwatch.session.clients import Client, Request
    from pytest_reloadwatch.session.conversation import Conversation
    from pytest_reloadwatch.session.events import Events
    from pytest_reloadwatch.session.planner import Planner
    from pytest_reloadwatch.session.pool import Pool
    from pytest_reloadwatch.session.settling import Settling
    from pytest_reloadwatch.session.situation import Decisions, Situation
    from pytest_reloadwatch.session.standing import Standing
    from pytest_reloadwatch.session.why import Why


class Answering:
    """*listener* is where clients connect, None where there are none."""

    def __init__(
        self,
        situation: Situation,
        decisions: Decisions,
        listener: Listener | None,
        selector: selectors.BaseSelector,
        beginning: Beginning,
        book: Book,
        pool: Pool,
        planner: Planner,
        assessor: Assessor,
        settling: Settling,
        conversation: Conversation,
        chronicler: Chronicler,
        why: Why,
        events: Events,
    ) -> None:
        self._situation = situation
        self._decisions = decisions
        self._beginning = beginning
        self._book = book
        self._pool = pool
        self._planner = planner
        self._assessor = assessor
        self._settling = settling
        self._conversation = conversation
        self._chronicler = chronicler
        self._why = why
        self._events = events
        self._desk = Desk(listener, selector, self._on_request)
        self._errands = Errands(self._desk.is_connected, self._with_failures)
        events.on_line = self._desk.tell
        self._requests = {
            "stop": self._on_stop,
            "why": self._on_why,
            "events": self._on_events,
            "follow": self._on_follow,
            "facts": self._on_facts,
            "status": self._on_status,
            "run": self._on_run,
        }

    @property
    def is_waited_for(self) -> bool:
        """Whether any client waits for the project to settle."""
        return self._desk.is_waited_at

    def answer_waiting(self, standing: Standing) -> None:
        self._desk.answer_waiting(self._with_failures(standing.as_answer()))

    def run_errands(self) -> bool:
        """What the files ask for has run: now what clients want to run; whether there is any."""
        if self._decisions.needs_run():
            return False
        situation, round_, known = self._situation, self._situation.round, self._book.known_tests()
        standing = self._assessor.standing()
        if standing.failure is not None:
            self._errands.answer_all(standing.exit_code, standing.outcomes, standing.failure.problem)
        proven = {n: o for n, o in standing.outcomes.items() if n in round_.attempted}
        ran = round_.wish.nodeids if round_.runs else ()
        self._errands.answer(ran, situation.runs - round_.runs + 1, self._book.loose | proven, known)
        due = self._errands.due(known)
        if due:
            situation.rested = situation.rested if round_.wish.nodeids else round_
            situation.round = Round(wish=Wish(nodeids=due))
            self._decisions.plan()
        elif round_.wish.nodeids:
            situation.round = situation.rested  # that is what people ask about
        return bool(due)

    def close(self, *, for_restart: bool) -> None:
        self._desk.close(for_restart=for_restart)

    # Requests

    def _on_request(self, request: Request, client: Client) -> None:
        self._requests.get(request.name, self._on_wait)(request, client)

    def _on_stop(self, _request: Request, client: Client) -> None:
        client.answer({"event": "stopping"})
        self._situation.end(self._situation.exit_code)

    def _on_why(self, request: Request, client: Client) -> None:
        client.answer(self._why.answer(request.nodeid, self._situation.round))

    def _on_events(self, _request: Request, client: Client) -> None:
        client.answer({"event": "events", "events": self._events.recent()})

    def _on_follow(self, _request: Request, client: Client) -> None:
        client.answer({"event": "following", "settled": self._is_settled(self._assessor.standing())})
        self._desk.let_follow(client)

    def _on_facts(self, _request: Request, client: Client) -> None:
        self._chronicler.write()
        client.answer(self._facts())

    def _on_status(self, _request: Request, client: Client) -> None:
        standing = self._assessor.standing()
        answer = self._with_failures(standing.as_answer(for_status=True))
        client.answer(answer | {"settled": self._is_settled(standing)})

    def _on_run(self, request: Request, client: Client) -> None:
        questions = [as_nodeid(question, self._beginning.rootdir) for question in request.nodeids]
        self._errands.add(client, questions, self._situation.runs)
        self._decisions.look()
        if self._rests() and not self.run_errands():
            self._decisions.plan_again()

    def _on_wait(self, _request: Request, client: Client) -> None:
        """A question is about the tree now: look, then run what that takes."""
        self._desk.keep_waiting(client)
        self._decisions.look()
        if not self._rests():
            return
        standing = self._assessor.standing()
        if self._is_settled(standing):
            self._settling.write_coverage(standing)
            self.answer_waiting(standing)
            return
        situation = self._situation
        if situation.round.runs or not situation.round.cause:  # otherwise its first run only waits its turn
            situation.round = Round(wish=Wish(is_asked=True, unfiltered=True))
        self._decisions.plan()

    def _rests(self) -> bool:
        return self._situation.state is State.IDLE and self._situation.has_root

    def _is_settled(self, standing: Standing) -> bool:
        """A run may be due that has to wait for the end of the one before: what failed is to fail again."""
        is_idle = self._situation.state is State.IDLE
        return standing.is_settled and is_idle and not self._decisions.needs_run()

    def _facts(self) -> dict[str, Any]:
        """What the store does not tell, or not yet."""
        name = self._beginning.file_name
        checkpoints = [(c.moment, c.place, name(c.before)) for c in self._pool.checkpoints.values()]
        return {
            "event": "facts",
            "rootdir": self._beginning.rootdir,
            "store": self._book.store_path,
            "environment": self._book.environment,
            "scope": self._book.scope,
            "hot": self._planner.hot,
            "checkpoints": sorted(checkpoints),
        }

    def _with_failures(self, answer: dict[str, Any]) -> dict[str, Any]:
        """The same, with where and how each of its tests failed that did."""
        failures = self._conversation.crashes_of(answer["outcomes"])
        return {**answer, "failures": failures} if failures else answer
