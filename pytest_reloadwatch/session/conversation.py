"""What the run that is alive tells: kept with it, passed to the book, and appended to the events."""

from __future__ import annotations

import contextlib
import signal
import time
from typing import TYPE_CHECKING, Any

from pytest_reloadwatch.proof.digest import keys_written, listing_key, lookup_key
from pytest_reloadwatch.proof.model import BAD
from pytest_reloadwatch.rewind import messages as m

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_reloadwatch.covering.covering import Covering
    from pytest_reloadwatch.session.book import Book
    from pytest_reloadwatch.session.events import Events
    from pytest_reloadwatch.session.failures import Failures
    from pytest_reloadwatch.session.hoisting import Hoister
    from pytest_reloadwatch.session.preferences import Preferences
    from pytest_reloadwatch.session.rounds import Current, Round
    from pytest_reloadwatch.session.screen import Screen
    from pytest_reloadwatch.session.warmth import Warmth

FEW = 3  # files that are named
LISTED = 6  # modules that are named


class Conversation:
    """With one run at a time; messages of runs that are no longer current are not for anybody."""

    def __init__(
        self,
        book: Book,
        hoister: Hoister,
        events: Events,
        screen: Screen,
        file_name: Callable[[str], str],
        preferences: Preferences,
        failures: Failures,
        warmth: Warmth,
        covering: Covering | None = None,
    ) -> None:
        self._warmth = warmth
        self._preferences = preferences
        self._failures = failures
        self._book = book
        self._file_name = file_name
        self._hoister = hoister
        self._events = events
        self._screen = screen
        self._complaints: set[str] = set()
        self._late: list[str] = []
        self._crashes: dict[str, tuple[str, int, str] | None] = {}
        self._handlers: dict[type[m.Message], Callable[..., None]] = {
            m.Knowledge: self._on_knowledge,
            m.Wrote: self._on_wrote,
            m.Connected: self._on_connected,
            m.Retimed: self._on_retimed,
            m.Kept: self._on_kept,
            m.Unheard: self._on_unheard,
            m.Collecting: self._on_collecting,
            m.CollectFailed: self._on_collect_failed,
            m.Collection: self._on_collection,
            m.Planned: self._on_planned,
            m.TestStarted: self._on_test_started,
            m.TestEnded: self._on_test_ended,
            m.Failed: self._on_failed,
            m.Unwatched: self._on_unwatched,
            m.Remark: self._on_remark,
            m.Debugging: self._on_debugging,
            m.Impure: self._on_impure,
            m.Reloaded: self._on_reloaded,
            m.ConftestFailed: self._on_conftest_failed,
        }
        if covering is not None:
            heard: Callable[..., None] = lambda message, _current: covering.hear(message)  # noqa: E731
            self._handlers |= {m.Covered: heard, m.Measures: heard}

    def hear(self, message: m.Message, current: Current, round_: Round) -> None:
        """Take in one message of the run *current*, in *round_*."""
        handler = self._handlers.get(type(message))
        if handler is not None:
            handler(message, current)
        if isinstance(message, m.Knowledge):
            round_.reexecuted |= {name for name, _ in message.modules}
        if isinstance(message, m.Reloaded) and not message.modules and round_.runs == 1:
            self._screen.note("in the same process: nothing that is loaded there has changed")

    def hear_children(self, writes: Iterable[tuple[str, str]], current: Current) -> None:
        """Take in what processes that the run *current* has started are about to write."""
        for kind, path in writes:
            if kind == "T":
                self._note_retimed(path, current)
            elif kind == "D":
                current.record.note_connected(path)
            else:
                self._note_written(path, current)

    def announce(self, current: Current) -> None:
        """Tell once that the run has begun, as soon as it is known how many tests it has."""
        if not current.announced:
            current.announced = True
            tests = max(current.planned, 0)
            self._events.emit("run_started", run=current.record.number, cause=current.cause, tests=tests)

    def tell_test(self, current: Current, nodeid: str, outcome: str, seconds: float = 0.0) -> None:
        self.announce(current)
        run = current.record.number
        self._events.emit("test", run=run, nodeid=nodeid, outcome=outcome, seconds=round(seconds, 6))
        for crash in self.crashes_of({nodeid: outcome}).values():
            self._events.tell("failure", run=run, nodeid=nodeid, **crash)

    def blame(self, current: Current) -> None:
        """The run died: what it was at is in error. The rest of the tests will have another run."""
        nodeid, path = current.reached
        how = describe_status(current.status)
        elsewhere = "while its workers ran tests" if current.is_shared else "outside of any test"
        self._screen.died(f"the run {how} in {nodeid}" if nodeid else f"the run {how} {elsewhere}")
        if not nodeid:
            return
        self._crashes[nodeid] = (path, 1, f"the run {how} here")
        self.tell_test(current, nodeid, "error")
        if current.in_test:
            number = current.record.number
            current.record.ended[nodeid] = m.TestEnded(number, nodeid, path, "error", 0.0, [], opaque=False)
        else:
            current.record.failed_files[nodeid] = path
            self._book.note_uncollectable(path, nodeid)

    def tell_late(self) -> None:
        """What can wait until the run has printed its report."""
        for text in self._late:
            self._screen.note(text)
        self._late.clear()

    def crashes_of(self, outcomes: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """Where those among these tests failed that did, when they last ran in this session."""
        found = {}
        for nodeid, outcome in outcomes.items():
            crash = self._crashes.get(nodeid) if outcome in BAD else None
            if crash is not None:
                path, line, message = crash
                found[nodeid] = {"path": self._file_name(path), "line": line, "message": message}
        return found

    def tell_left_out(self, names: Iterable[str]) -> None:
        """These files and directories count for nobody until they are edited."""
        left_out = sorted(set(names))
        if left_out:
            what = ", ".join(left_out)
            self._screen.note(f"{what} changes in run after run: it is left out of account until you edit it")

    def tell_differing(self, fared: Mapping[str, tuple[str, str]]) -> None:
        """These tests fare otherwise in a whole run, which is told second, than where anything is passed over."""
        for nodeid, (alone, in_whole_run) in sorted(fared.items())[:FEW]:
            self._screen.note(
                f"{nodeid} {in_whole_run} in a whole run only; it {alone} without what other test files import,"
                " or where tests run in another order"
            )

    def complain_of_writing(self, names: Iterable[str]) -> None:
        """Say once for each file that no verdict can be proven while it keeps being written."""
        for name in sorted(set(names) - self._complaints)[:FEW]:
            self._complaints.add(name)
            self._screen.note(f"{name} is written while tests run that rest on it: they are not proven by that")

    def _on_knowledge(self, message: m.Knowledge, current: Current) -> None:
        self._book.learn(current.record, message)
        self._hoister.executed.update(path for _, path in message.modules)
        self._hoister.outlook.note(message.costs)

    def _on_wrote(self, message: m.Wrote, current: Current) -> None:
        self._note_written(message.path, current)

    def _note_retimed(self, path: str, current: Current) -> None:
        current.record.retimed |= {path, listing_key(path), lookup_key(path)}  # it may be a directory

    def _note_written(self, path: str, current: Current) -> None:
        current.record.written |= keys_written(path)

    def _on_connected(self, message: m.Connected, current: Current) -> None:
        current.record.note_connected(message.path)

    def _on_retimed(self, message: m.Retimed, current: Current) -> None:
        self._note_retimed(message.path, current)

    def _on_kept(self, message: m.Kept, current: Current) -> None:
        current.record.note_kept(message.path)

    def _on_unheard(self, _message: m.Unheard, current: Current) -> None:
        current.record.has_unheard = True

    def _on_collecting(self, message: m.Collecting, current: Current) -> None:
        current.reached, current.in_test = (message.nodeid, message.path), False
        current.running = {"": (message.nodeid, time.monotonic())}

    def _on_collect_failed(self, message: m.CollectFailed, current: Current) -> None:
        current.record.failed_files[message.nodeid] = message.path
        current.record.crashes[message.nodeid] = self._crashes[message.nodeid] = message.crash
        self.tell_test(current, message.nodeid, "error", message.seconds)

    def _on_collection(self, message: m.Collection, current: Current) -> None:
        self._book.learn_collection(current.record, message)
        for _, nodeid, outcome in message.files:
            if outcome not in BAD:
                self._failures.forget(nodeid)
        marked = dict.fromkeys((nodeid for nodeid, _ in message.items), ())
        self._preferences.markers.update(marked | {name: tuple(marks) for name, marks in message.markers.items()})
        current.reached, current.running = ("", ""), {}
        files = [path for path, _, _ in message.files]
        self._hoister.note_run(message.imports, files, is_waited_for=current.is_waited_for)

    def _on_failed(self, message: m.Failed, _current: Current) -> None:
        self._failures.note(message.nodeid, message.text, message.place)

    def _on_planned(self, message: m.Planned, current: Current) -> None:
        current.planned = message.tests
        self.announce(current)

    def _on_test_started(self, message: m.TestStarted, current: Current) -> None:
        current.running[message.worker] = (message.nodeid, time.monotonic())
        if message.worker:
            return  # its worker's end is not that of the run
        current.reached, current.in_test = (message.nodeid, message.path), True

    def _on_test_ended(self, message: m.TestEnded, current: Current) -> None:
        current.record.add_ended(message)
        self._hoister.outlook.note_fixtures(message.nodeid, message.set_ups)
        if message.outcome not in BAD:
            self._failures.forget(message.nodeid)
        current.reached = ("", "")
        current.running.pop(message.worker, None)
        if message.outcome in BAD:
            self._crashes[message.nodeid] = message.crash
        self.tell_test(current, message.nodeid, message.outcome, message.seconds)

    def _on_unwatched(self, message: m.Unwatched, _current: Current) -> None:
        if message.reason not in self._complaints:
            self._complaints.add(message.reason)
            self._screen.note(
                f"what tests execute is not recorded, all that import a change are direct: {message.reason}"
            )

    def _on_remark(self, message: m.Remark, _current: Current) -> None:
        if message.text not in self._complaints:
            self._complaints.add(message.text)
            self._late.append(message.text)

    def _on_debugging(self, message: m.Debugging, current: Current) -> None:
        current.debugging = message.active
        if message.active:
            self._screen.give_up_terminal()
        else:
            self._screen.take_terminal()

    def _on_impure(self, message: m.Impure, _current: Current) -> None:
        self._warmth.limit = self._warmth.limit or message.reason  # the first one is where it ended
        if message.allow not in self._complaints:
            self._complaints.add(message.allow)
            self._screen.note(
                f"no checkpoint from here on, so reruns start earlier: {message.reason};"
                f" if that is harmless, put into the ini file: reload_allow = {message.allow}"
            )

    def _on_reloaded(self, message: m.Reloaded, _current: Current) -> None:
        if not message.modules:
            return
        shown = [name if why == "changed" else f"{name} ({why})" for name, why in message.modules[:LISTED]]
        more = f" and {len(message.modules) - LISTED} more" if len(message.modules) > LISTED else ""
        self._screen.note(f"reloaded in place: {', '.join(shown)}{more}")

    def _on_conftest_failed(self, message: m.ConftestFailed, current: Current) -> None:
        current.conftest = message.path


def describe_status(status: int | None) -> str:
    """How a process ended, in words; *status* as subprocess has it."""
    if status is None:
        return "ended without a word"
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"was killed by {signal.Signals(-status).name}"
        return f"was killed by signal {-status}"
    return f"ended with exit code {status}"
