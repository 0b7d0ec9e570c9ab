"""The timeline of one pytest process, and how it freezes: runs in a run, then in a checkpoint."""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import sys
import time
import warnings
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NoReturn, TypeVar

from pytest_reloadwatch import _compat
from pytest_reloadwatch.rewind.messages import (
    Channel,
    ChildEnded,
    Forked,
    Frozen,
    Hoist,
    HoistUnfit,
    Impure,
    Message,
    Resume,
    Retire,
    Spare,
    Started,
    format_message,
    parse_message,
)
from pytest_reloadwatch.rewind.purity import describe
from pytest_reloadwatch.rewind.randomness import Origin
from pytest_reloadwatch.rewind.restore import SharedState
from pytest_reloadwatch.rewind.shelf import Shelf
from pytest_reloadwatch.rewind.speaker import Speaker
from pytest_reloadwatch.rewind.streams import flush_streams
from pytest_reloadwatch.watch.reads import leave_mark

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import pytest

    from pytest_reloadwatch.record.recorder import Recorder
    from pytest_reloadwatch.rewind.purity import Impurity, Purity

# Seconds of importing between two checkpoints; each next stretch is twice as long, so few cover much.
FIRST_STRETCH = 0.06
HURRIED_STRETCH = 0.25  # the same where somebody waits for the run's first verdict
_FROZEN = b"F"
_AT_ONCE = 2000  # objects: some milliseconds
_T = TypeVar("_T")


@dataclass
class _Clock:
    """Time that a timeline has taken, not counting how long it lay frozen."""

    spent: float = 0.0
    since: float = field(default_factory=time.monotonic)

    def moment(self) -> float:
        return self.spent + time.monotonic() - self.since

    def stop(self) -> None:
        self.spent = self.moment()

    def start(self) -> None:
        self.since = time.monotonic()


class Timeline(Speaker):
    """One process's life, with the past of the checkpoints that it has continued from.

    *address* is the controller's socket, *marks* the directory for its marks.
    """

    def __init__(self, address: str, config: pytest.Config, recorder: Recorder, purity: Purity, marks: str) -> None:
        super().__init__(recorder)
        self.randomness = Origin()
        self.collected: dict[str, str] = {}
        self.collecting = True
        self.shelf = Shelf()
        self.on_resume: list[Callable[[], None]] = []
        self._address = address
        self._config = config
        self._recorder = recorder
        self._purity = purity
        self._marks = marks
        self._clock = _Clock()
        self._checkpoint = 0
        self._past: list[str] = []
        self._begun = time.time_ns()  # from when on self._past was taken in
        self._lifeline = -1
        self._last_freeze = 0.0
        self._stretch = FIRST_STRETCH
        self._complaints: set[str] = set()

    # What a run does

    def report(self) -> None:
        """Send what the recorder has learned since the last report."""
        learned = self._recorder.take()
        self._past += learned.past
        self.tell(learned)

    def moment(self) -> float:
        """How long this timeline has gone on, in seconds, not counting how long it lay frozen."""
        return self._clock.moment()

    def before_module(self, path: str) -> bool:
        """A first-party module is about to execute; True when time has gone back to here."""
        if not self.collecting or self._recorder.only_past or not self.order.freeze:
            return False
        if path in self.order.hot:
            return self.freeze("before a hot module", path)
        if self.order.often and self._clock.moment() - self._last_freeze > self._stretch:
            self._stretch *= 2
            return self.freeze("along the imports", path)
        return False

    def before_collection(self) -> bool:
        """Conftests are loaded. Where somebody waits for a verdict, only a long way to here is worth a checkpoint."""
        if self.order.often or self._clock.moment() - self._last_freeze > HURRIED_STRETCH:
            return self.freeze("before collection")
        return False

    def freeze(self, place: str, before: str = "") -> bool:
        """Leave a checkpoint here. False in the timeline that goes on, True in one that continues later."""
        if not self.order.freeze or self.shelf or not self._is_pure():
            return False
        self.report()
        return self._fork_frozen(place, before, [])

    def abandon(self, reason: str) -> NoReturn:
        """This run continued from hoisted modules that do not fit: end without a trace."""
        self.send(HoistUnfit(self.order.run, reason))
        os._exit(0)

    def put_off_removal(self) -> None:
        _compat.put_off_removal(self._config)

    def prepare_end(self) -> None:
        """Pytest has finished, and nobody waits for the rest."""
        gc.freeze()  # the interpreter's end would go through all that was inherited, page by page
        flush_streams()
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Ctrl-C is for the session from here on

    def leave_mark(self) -> str:
        self._recorder.paused = True
        try:
            return leave_mark(self._marks)
        except OSError:  # the session is about to end, or somebody has tidied up
            return ""
        finally:
            self._recorder.paused = False

    # How it shares its work with others

    def fork_aside(self, fork: Callable[[Callable[[], None]], _T]) -> _T:
        """Have *fork* fork for this run what no test has started; it is given what to call in the new process."""
        self.report()
        self._recorder.paused = True
        try:
            return fork(self._step_aside)
        finally:
            self._recorder.paused = False

    def become_worker(self, worker: str) -> None:
        """In a process that was forked for a run: speak for it under this name."""
        self.join(self._address, worker)

    def _step_aside(self) -> None:
        """Let go of what would keep the run alive in the eyes of others."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        self._unsent = []
        self._close_lifeline()

    # How it freezes

    def hibernate_as_root(self) -> None:
        """In the first fork of the controller: be the root checkpoint; returns in each run."""
        shared = SharedState.save(self._config)
        self._freeze_here("root", "", [], shared, {})

    def impurities(self, restored: Collection[str] = ()) -> list[Impurity]:
        """Why this process may not be forked here, though *restored* are put back whenever time goes back to here."""
        ours = [self._lifeline]
        if self._channel is not None:
            ours.append(self._channel.fileno())
        return self._purity.check([*ours, *self._capture_descriptors()], restored)

    def _is_pure(self) -> bool:
        found = self.impurities(self._purity.empty_directories())
        if not self._complaints.issuperset(finding.allow for finding in found):
            self._complaints.update(finding.allow for finding in found)
            self.send(Impure(self.order.run, *describe(found)))
        return not found

    def _save(self) -> SharedState:
        return SharedState.save(self._config, self._purity.empty_directories())

    def _capture_descriptors(self) -> list[int]:
        return [descriptor for descriptor, _ in _compat.capture_files(self._config)]

    def _fork_frozen(self, place: str, before: str, hoisted: list[str]) -> bool:
        flush_streams()
        shared = self._save()
        self._clock.stop()
        mark = self.leave_mark()
        guard, lifeline = os.pipe()
        child = self._fork(shared)
        if child:
            os.close(lifeline)
            self._freeze_here(place, before, hoisted, shared, {child: guard}, mark)
            return True
        os.close(guard)
        self._close_lifeline()
        self._lifeline = lifeline
        self._checkpoint = os.getppid()
        self._past, self._begun = [], time.time_ns()
        self._clock.start()
        self._last_freeze = self._clock.moment()
        self.send(Started(self.order.run, os.getpid()))
        return False

    def _fork(self, shared: SharedState) -> int:
        """Fork without a word from Python, without an interrupt in between, and with randomness kept."""
        gc.freeze()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._recorder.paused = True
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if child:
                signal.signal(signal.SIGINT, signal.SIG_IGN)
            else:
                shared.restore_randomness()
        finally:
            self._recorder.paused = False
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        return child

    def _freeze_here(
        self,
        place: str,
        before: str,
        hoisted: list[str],
        shared: SharedState,
        children: dict[int, int],
        mark: str = "",
    ) -> None:
        """Be a checkpoint until told to continue; every return is in a new process."""
        self._recorder.paused = True
        order = self._hibernate(place, before, hoisted, children, mark)
        if isinstance(order, Hoist):
            self._hoist(order, before, shared)
        else:
            self._continue(order, shared)

    def _hibernate(
        self, place: str, before: str, hoisted: list[str], children: dict[int, int], mark: str
    ) -> Resume | Hoist:
        if self._lifeline >= 0:
            os.write(self._lifeline, _FROZEN)
        if self._channel is not None:
            self._channel.close()
        checkpoint = _Checkpoint(Channel.connect(self._address), children)
        checkpoint.channel.send(
            Frozen(
                pid=os.getpid(),
                parent=self._checkpoint,
                run=self.order.run,
                place=place,
                before=before,
                moment=self._clock.moment() if place == "root" else self._clock.spent,
                past=self._past,
                begun=self._begun,
                collected=self.collected,
                hoisted=hoisted,
                mark=mark,
                at_hand=_compat.conftest_at_hand(sys._getframe()),
            )
        )
        parent = os.getpid()
        order = checkpoint.wait()
        self._close_lifeline()
        self._lifeline = checkpoint.lifeline
        self._checkpoint = parent
        self._past, self._begun = [], time.time_ns()
        self._clock.start()
        return order

    def _continue(self, order: Resume, shared: SharedState) -> None:
        shared.restore()
        self.order = order
        self._last_freeze = self._clock.moment()
        self._stretch = FIRST_STRETCH
        self._channel = Channel.connect(self._address)
        self.send(Started(order.run, os.getpid()))
        _forget_missing_directories()
        for callback in self.on_resume:
            callback()
        self._recorder.paused = False

    def _hoist(self, order: Hoist, before: str, shared: SharedState) -> None:
        """Import ahead of time, then freeze again; ends this process where that fails."""
        shared.restore(blocked={signal.SIGINT})  # Ctrl-C at the terminal is not for what happens in idle time
        self._recorder.paused = False
        self._recorder.only_past = True
        self._channel = None
        try:
            hoisted = self.shelf.fill(order.names, order.surroundings, frozenset(order.expected))
            ours = [self._lifeline, *self._capture_descriptors()]
            fit = bool(hoisted) and not self._purity.check(ours, self._purity.empty_directories())
        except BaseException:  # an import can raise anything; only this fork dies of it, and nobody hoists it again
            fit = False
        if not fit:
            os._exit(0)
        self._recorder.only_past = False
        learned = self._recorder.take()
        self._past = list(learned.past)
        self._recorder.learned.at_import = learned.at_import  # for the run that goes on from here to tell
        self._clock.stop()
        shared = replace(self._save(), mask=shared.mask)
        self._freeze_here("with hoisted modules", before, hoisted, shared, {})

    def _close_lifeline(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1


def _forget_missing_directories() -> None:
    """What was no directory on ``sys.path`` may be one by now: the import system asks once in a process."""
    for place in [place for place, finder in sys.path_importer_cache.items() if finder is None]:
        del sys.path_importer_cache[place]


class _Checkpoint:
    """The frozen process's loop: forks runs on demand, reaps them, and leaves with its controller."""

    def __init__(self, channel: Channel, children: dict[int, int]) -> None:
        self.channel = channel
        self.lifeline = -1
        self._spare = 0  # a process that has been forked ahead of its order
        self._spare_orders = -1  # where to tell it
        self._guards = dict(children)
        self._wake, wake = os.pipe()
        os.set_blocking(wake, False)
        self._wake_write = wake
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)

    def wait(self) -> Resume | Hoist:
        """Serve the controller; returns only in a fork that is to continue."""
        self._reap()
        while True:
            watched = [self.channel.fileno(), self._wake, *self._guards.values()]
            readable, _, _ = select.select(watched, [], [])
            self._take_guards(readable)
            if self._wake in readable:
                os.read(self._wake, 4096)
                self._reap()
            if self.channel.fileno() in readable:
                for message in self._receive():
                    order = self._obey(message)
                    if order is not None:
                        return order

    def _obey(self, message: Message) -> Resume | Hoist | None:
        """What to carry out, in a fork that is to do so; None here."""
        if isinstance(message, Retire):
            os._exit(0)
        if isinstance(message, Spare):
            self._let_go_of_spare()
            return self._keep_spare() if message.wanted else None
        if isinstance(message, Resume):
            child = self._hand_over(message) or self._fork_child()
            if not child:
                return message
            with contextlib.suppress(OSError):
                self.channel.send(Forked(message.run, child))
        return message if isinstance(message, Hoist) and not self._fork_child() else None

    def _keep_spare(self) -> Resume | None:
        """Fork ahead of an order. What a fork has to copy when it first writes to it is copied before anybody waits."""
        orders, self._spare_orders = os.pipe()
        self._spare = self._fork_child()
        if self._spare:
            os.close(orders)
            return None
        with open(orders, "rb") as file:
            _touch_everything(lambda: bool(select.select([file], [], [], 0)[0]))
            line = file.read()
        order = parse_message(line) if line else None
        if not isinstance(order, Resume):  # nobody needs it any more
            os._exit(0)
        return order

    def _hand_over(self, order: Resume) -> int:
        """Have the spare process carry out *order*: its pid, 0 where there is none."""
        spare, orders = self._spare, self._spare_orders
        self._spare, self._spare_orders = 0, -1
        if not spare:
            return 0
        try:
            with open(orders, "wb") as file:
                file.write(format_message(order))
        except OSError:  # it was killed
            return 0
        return spare

    def _let_go_of_spare(self) -> None:
        if self._spare_orders >= 0:
            os.close(self._spare_orders)
        self._spare, self._spare_orders = 0, -1

    def _receive(self) -> list[Message]:
        messages = self.channel.receive()
        if messages is None:
            self._leave()
        return messages

    def _leave(self) -> NoReturn:
        """The controller is gone: take the runs forked here along; checkpoints see to their own."""
        for child in self._guards:
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGKILL)
        os._exit(0)

    def _take_guards(self, readable: list[int]) -> None:
        """A child that has frozen in its turn looks after what goes on from it; one that ended has no word."""
        for child, guard in list(self._guards.items()):
            if guard in readable:
                os.close(guard)
                del self._guards[child]

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                child, status = os.waitpid(-1, os.WNOHANG)
                if not child:
                    return
                guard = self._guards.pop(child, None)
                if guard is not None:
                    os.close(guard)
                with contextlib.suppress(OSError):
                    self.channel.send(ChildEnded(child, status))

    def _fork_child(self) -> int:
        """As os.fork."""
        guard, lifeline = os.pipe()
        gc.freeze()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child:
            os.close(lifeline)
            self._guards[child] = guard
            return child
        self.lifeline = lifeline
        signal.set_wakeup_fd(-1)
        self.channel.close()
        for descriptor in (guard, self._wake, self._wake_write, *self._guards.values()):
            os.close(descriptor)
        self._let_go_of_spare()
        return 0


def _touch_everything(is_enough: Callable[[], bool]) -> None:
    """Write to the memory of all objects, by referring to them: after a fork each page is copied at the first write."""
    is_enabled = gc.isenabled()
    gc.disable()
    gc.unfreeze()
    objects = gc.get_objects()
    gc.freeze()
    for start in range(0, len(objects), _AT_ONCE):
        if is_enough():
            break
        gc.get_referents(*objects[start : start + _AT_ONCE])
    if is_enabled:
        gc.enable()
