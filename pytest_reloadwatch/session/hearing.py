"""Hears the processes of the session, frozen or running, and notices when one of them is gone."""

from __future__ import annotations

import os
import select
import selectors
import time
from typing import TYPE_CHECKING

from pytest_reloadwatch.exceptions import BadMessageError
from pytest_reloadwatch.rewind import messages as m
from pytest_reloadwatch.rewind.bytecode import discard_bytecode
from pytest_reloadwatch.rewind.choice import WARM
from pytest_reloadwatch.session.ending import USAGE_ERROR, code_before_session
from pytest_reloadwatch.session.states import State

if TYPE_CHECKING:
    from pytest_reloadwatch.endpoint import Listener
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.cancelling import Canceller
    from pytest_reloadwatch.session.chronicler import Chronicler
    from pytest_reloadwatch.session.conversation import Conversation
    from pytest_reloadwatch.session.engine import Engine
    from pytest_reloadwatch.session.pool import Pool
    from pytest_reloadwatch.session.reports import Reports
    from pytest_reloadwatch.session.rounds import Current
    from pytest_reloadwatch.session.situation import Decisions, Situation
    from pytest_reloadwatch.session.watching import Watching


class Hearing:
    """Registers *listener*, where processes connect, and them with the controller's *selector*."""

    def __init__(
        self,
        situation: Situation,
        decisions: Decisions,
        listener: Listener,
        selector: selectors.BaseSelector,
        book: Book,
        pool: Pool,
        engine: Engine,
        canceller: Canceller,
        conversation: Conversation,
        chronicler: Chronicler,
        reports: Reports,
        watching: Watching,
    ) -> None:
        self._situation = situation
        self._decisions = decisions
        self._listener = listener
        self._selector = selector
        self._book = book
        self._pool = pool
        self._engine = engine
        self._canceller = canceller
        self._conversation = conversation
        self._chronicler = chronicler
        self._reports = reports
        self._watching = watching
        selector.register(listener.fileno(), selectors.EVENT_READ, self._greet)

    def hear_run(self) -> None:
        """What a run writes it tells before it does, and its children too: hear that before looking at the tree."""
        current = self._situation.current
        if current is not None:
            # First, for what a run has heard of them it has told, and then removes.
            self._conversation.hear_children(self._reports.writes(), current)
            self._hear_workers(current)
        self._hear_afterwards()
        while (
            current is not None
            and current is self._situation.current
            and current.channel is not None
            and not current.closed
        ):
            if current is self._situation.over or not select.select([current.channel.fileno()], [], [], 0)[0]:
                return
            self._on_messages(current.channel)

    def _hear_afterwards(self) -> None:
        """The same of what a run does that has told its end, and of what it has left behind."""
        if self._situation.current is None:
            self._situation.late.hear_others(self._reports.writes())
        while (leaving := self._situation.leaving) is not None and leaving.channel is not None:
            if not select.select([leaving.channel.fileno()], [], [], 0)[0]:
                return
            self._on_messages(leaving.channel)

    def hear_last_words(self, current: Current) -> None:
        """Its process is gone, though what it has forked may keep the connection open."""
        self.hear_run()
        if current is self._situation.current and current.channel is not None and not current.closed:
            self._selector.unregister(current.channel.fileno())
            current.closed = True
            current.channel.close()
            self._finish_if_over()

    def _hear_workers(self, current: Current) -> None:
        """What they have said by now: they do so before the run does."""
        for channel in list(current.workers):
            while channel in current.workers and select.select([channel.fileno()], [], [], 0)[0]:
                self._on_messages(channel)

    def _greet(self) -> None:
        connection = self._listener.accept()
        if connection is None:
            return
        channel = m.Channel(connection)
        self._selector.register(channel.fileno(), selectors.EVENT_READ, lambda: self._on_messages(channel))

    def _on_messages(self, channel: m.Channel) -> None:
        try:
            received = channel.receive()
        except BadMessageError:
            received = None
        if received is None:
            self._selector.unregister(channel.fileno())
            current = self._situation.current
            if current is not None and channel in current.workers:
                current.workers.remove(channel)
            self._on_hang_up(channel)
            channel.close()
        if received and self._situation.current is not None:
            self._book.silent_reads.hear(self._situation.current.record)
        for message in received or ():
            self._on_message(message, channel)

    def _on_message(self, message: m.Message, channel: m.Channel) -> None:
        if isinstance(message, m.Frozen):
            self._on_frozen(message, channel)
            return
        if isinstance(message, m.TookIn):
            reads = () if self._situation.current is None else self._situation.current.record.reads
            self._pool.take_in(message.pid, [*message.past, *reads], message.begun)
            return
        if isinstance(message, m.Forked):
            self._on_forked(message)
            return
        if isinstance(message, m.ChildEnded):
            self._on_child_ended(message)
            return
        if isinstance(message, m.Unfit):
            self._on_unfit(message, channel)
            return
        situation, current = self._situation, self._situation.current
        if situation.leaving is not None and situation.leaving.channel is channel:
            situation.late.hear(message)
        if current is not None and getattr(message, "run", 0) == current.record.number:
            self._chronicler.hear(message, self._situation.round)
            self._on_run_message(message, current, channel)

    def _on_run_message(self, message: m.Message, current: Current, channel: m.Channel) -> None:
        if isinstance(message, m.Started):
            self._on_started(message, current, channel)
        elif isinstance(message, m.Joined):
            current.is_shared = True
            current.workers.append(channel)
        elif isinstance(message, m.Stopped):
            self._hear_workers(current)
            self._on_stopped(message, current)
        elif isinstance(message, m.HoistUnfit):
            current.unfit = True
            self._pool.retire(current.checkpoint)
        else:
            self._conversation.hear(message, current, self._situation.round)
            if isinstance(message, m.Collection):
                self._watching.follow()
                # At once, but not among this run's messages.
                self._situation.deadlines.look = time.monotonic()

    def _on_frozen(self, message: m.Frozen, channel: m.Channel) -> None:
        situation = self._situation
        is_of_run = situation.current is not None and message.run == situation.current.record.number
        # One with hoisted modules was frozen after its run: what that read is none of its past.
        reads = self._book.silent_reads.before(message.mark, message.run) if message.mark or is_of_run else ()
        self._pool.add(message._replace(past=[*message.past, *reads]), channel)
        if situation.current is not None and is_of_run:
            situation.current.record.past.update(message.past)
        if situation.leaving is not None and situation.leaving.channel is channel:
            self._let_go()  # it stays, for the next run
        if message.place == "root":
            self._engine.note_ready(message.pid)
        if not situation.has_root:
            self._begin()
        elif message.place in ("root", WARM) and situation.state is State.IDLE:
            self._decisions.plan_again()
        elif message.hoisted and situation.state is State.IDLE:
            self._engine.work_ahead()  # it is what the next run is to continue from

    def _begin(self) -> None:
        """There is a process to continue from."""
        self._situation.has_root = True
        discard_bytecode(self._book.moved_since_proven())
        # Directories among it: once the run has begun, what it makes there cannot be told from what others do.
        self._book.prepare()
        self._decisions.plan()
        self._watching.follow()  # takes longer than anything else here, the first time
        self._situation.deadlines.look = time.monotonic()  # for what has changed before it was watched

    def _on_unfit(self, message: m.Unfit, channel: m.Channel) -> None:
        """A warm process is to be replaced: before its next run, or in the middle of one, which does not count then."""
        situation, current = self._situation, self._situation.current
        situation.unfit = message.reason
        if current is not None and current.channel is channel:
            current.unfit = True
            situation.leaving = current
            self._decisions.finish(current)

    def _on_started(self, message: m.Started, current: Current, channel: m.Channel) -> None:
        current.pid, current.channel = message.pid, channel
        if message.pid == current.checkpoint:
            self._pool.remove(message.pid)  # it has not forked: it is the run
        if self._situation.state is State.CANCELLING:  # the interrupt went to the process that has frozen meanwhile
            self._canceller.interrupt()

    def _on_stopped(self, message: m.Stopped, current: Current) -> None:
        """Everything is said; what is left is the interpreter's own end, for which nobody has to wait."""
        current.exit_code = message.exit_code
        if message.exit_code != USAGE_ERROR:  # what is wrong is printed at the very end
            self._situation.leaving = current
            self._situation.late.follow(current.record)
            self._decisions.finish(current)

    def _on_forked(self, message: m.Forked) -> None:
        current = self._situation.current
        if current is not None and message.run == current.record.number:
            current.forked = message.pid

    def _on_child_ended(self, message: m.ChildEnded) -> None:
        current = self._situation.current
        if current is not None and message.pid == current.pid:
            current.status = os.waitstatus_to_exitcode(message.status)
            self._finish_if_over()
        elif current is not None and not current.pid and message.pid == current.forked:
            current.unfit = current.closed = True  # it died before it could say anything
            self._pool.retire(current.checkpoint)
            self._decisions.finish(current)

    def _on_hang_up(self, channel: m.Channel) -> None:
        """A frozen process or a run is gone."""
        situation, current = self._situation, self._situation.current
        for pid in self._pool.of(channel):
            self._pool.remove(pid)
            if current is not None and not current.pid and current.checkpoint == pid:
                current.unfit = current.closed = True  # it died before it could fork
                self._decisions.finish(current)
                return
        if situation.leaving is not None and situation.leaving.channel is channel:
            self._let_go()
            if situation.state is State.IDLE:
                self._decisions.plan_again()
        elif current is not None and current.channel is channel:
            current.closed = True
            if current.status is None:
                current.status = self._engine.exit_code(current.pid)
        self._finish_if_over()

    def _let_go(self) -> None:
        """A run that has finished does no more. What it did last is seen now, for later that would be an edit."""
        situation = self._situation
        situation.leaving = None
        situation.deadlines.kill = None
        if self._book.following.includes(situation.late.expected()):
            self._decisions.look()
        situation.late.end()

    def _finish_if_over(self) -> None:
        """A run that died: wait for its parent to tell how, if that lives."""
        current = self._situation.current
        if current is not None and current.closed:
            parent = self._pool.last_of(current.record.number) or current.checkpoint
            if current.status is not None or parent not in self._pool.checkpoints:
                if current.exit_code is None:
                    current.exit_code = code_before_session(current)
                self._decisions.finish(current)
