"""Which first-party code executes on whose account, at the level of functions.

Neither way takes ``sys.settrace``, which belongs to debuggers and to coverage. Where a debugger, profiler or coverage
of the person's own has the place that is needed, a watcher does without and says so.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import weakref
from _lsprof import Profiler  # cProfile's, without all that cProfile imports
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import CodeType, FrameType

# A file, the first line there, decorators included, and the name, which tells a module from what stands in line 1.
# Never the code object itself: two that look alike are equal even if they come from two files.
Executed: TypeAlias = "tuple[str, int, str]"

_monitoring: Any = getattr(sys, "monitoring", None)


# As id(), which is an audit event: whoever hears those, as we do, hears each call of it.
_identity = object.__hash__


class Codes(list["Executed"]):
    """Every code that was seen to execute, by its number: sets of numbers are small and quick."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[int, int] = {}  # by the code's identity
        self.kept: list[CodeType] = []  # for the identity's sake

    def number(self, code: CodeType) -> int:
        known = self._numbers.get(_identity(code))
        if known is None:
            known = self._numbers[_identity(code)] = len(self)
            self.kept.append(code)
            self.append((code.co_filename, code.co_firstlineno, code.co_name))
        return known

    def add_numbers(self, ran: Iterable[CodeType], numbers: set[int]) -> None:
        """Add those of all that *ran* to *numbers*; quick where none is new."""
        try:
            numbers.update(map(self._numbers.__getitem__, map(_identity, ran)))
        except KeyError:
            numbers.update(map(self.number, ran))


class CodeWatcher(Protocol):
    """Owners nest: what executes for an inner one counts for the outer ones too. All threads count.

    *codes* says what the numbers mean. Some see everything between ``begin`` and ``end``, for it costs nothing where
    nothing that is wanted executes; the others only what happens between ``resume`` and ``pause``.
    """

    codes: Codes

    def obstacle(self) -> str:
        """Why it cannot start now, in words; empty where it can."""

    def start(self) -> None:
        """Before the first owner; no more than ``begin`` does by itself, where nothing is in the way."""

    def rest(self) -> None:
        """There is no owner, and it may take a while until there is one."""

    def stop(self) -> None:
        """After the last owner."""

    def begin(self) -> None:
        """From here on things execute for a new owner."""

    def resume(self) -> bool:
        """From here on they are seen; whether that is new, and is to be ended by ``pause``."""

    def pause(self) -> None:
        """From here on they need not be seen."""

    def end(self) -> set[int] | None:
        """Numbers of what has executed for the latest owner, which is one no more; None where that is not known."""


def make_watcher(is_wanted: Callable[[str], bool]) -> CodeWatcher:
    """The watcher for this version of Python; *is_wanted* is asked once for each file name."""
    return MonitoringWatcher(is_wanted) if _monitoring is not None else ProfilerWatcher(is_wanted)


class Answers(dict[str, bool]):
    """What *ask* says of each file name; it is asked once."""

    def __init__(self, ask: Callable[[str], bool]) -> None:
        super().__init__()
        self._ask = ask

    def __missing__(self, filename: str) -> bool:
        answer = self[filename] = self._ask(filename)
        return answer


@dataclass
class _Owner:
    executed: set[int] = field(default_factory=set)
    is_known: bool = True
    is_seen: bool = False

    def add(self, inner: _Owner) -> None:
        self.executed |= inner.executed
        self.is_known = self.is_known and inner.is_known


class MonitoringWatcher:
    """Python 3.12 and later: two tools of ``sys.monitoring``.

    The *scout* meets every code object once. The *reporter* has events in the first-party ones only, and each of them
    reports once an owner. With one tool and ``restart_events`` all that a test executes would be instrumented anew for
    each owner, pytest's own code included; and so would what coverage has disabled for itself.

    Between owners both stay, for what has reported costs nothing more. Whoever asks for one of their places has it.
    """

    _IDS = (3, 4)  # the others have names, or are for optimizers

    def __init__(self, is_wanted: Callable[[str], bool]) -> None:
        self.codes = Codes()
        self._wanted = Answers(is_wanted)
        self._scout, self._reporter = self._IDS
        self._ran: list[CodeType] = []  # and will not report before it is armed again
        self._owners: list[_Owner] = []
        self._is_on = False
        self._use_tool_id: Any = None

    def obstacle(self) -> str:
        taken = [] if self._is_on else [name for name in map(_monitoring.get_tool, self._IDS) if name is not None]
        return f"{' and '.join(taken)} uses sys.monitoring in our place" if taken else ""

    def start(self) -> None:
        """Raises ValueError where there is an obstacle."""
        if self._is_on:
            return
        self._is_on = True
        for tool, callback in ((self._scout, self._meet), (self._reporter, self._report)):
            _monitoring.use_tool_id(tool, "pytest-reloadwatch")
            for event in (_monitoring.events.PY_START, _monitoring.events.PY_RESUME):
                _monitoring.register_callback(tool, event, callback)
        _monitoring.set_events(self._scout, self._events())
        _monitoring.restart_events()  # for what was met by a watcher that has stopped
        self._use_tool_id, _monitoring.use_tool_id = _monitoring.use_tool_id, self._give_way

    def rest(self) -> None:
        """They stay."""

    def stop(self) -> None:
        if not self._is_on:
            return
        self._is_on = False
        _monitoring.use_tool_id = self._use_tool_id
        _monitoring.set_events(self._scout, 0)
        for tool in self._IDS:
            for event in (_monitoring.events.PY_START, _monitoring.events.PY_RESUME):
                _monitoring.register_callback(tool, event, None)
            _monitoring.free_tool_id(tool)

    def begin(self) -> None:
        if not self._is_on and not self.obstacle():
            self.start()
        self._settle()
        self._owners.append(_Owner(is_known=self._is_on))

    def resume(self) -> bool:
        return False

    def pause(self) -> None:
        """They stay."""

    def end(self) -> set[int] | None:
        self._settle()
        owner = self._owners.pop()
        for outer in self._owners[-1:]:
            outer.add(owner)
        return owner.executed if owner.is_known else None

    def _give_way(self, tool_id: int, name: str) -> None:
        """In place of ``sys.monitoring.use_tool_id``."""
        __tracebackhide__ = True
        use = self._use_tool_id
        if tool_id in self._IDS:
            self._leave()
        use(tool_id, name)

    def _leave(self) -> None:
        """The places are somebody else's, who must not hear of what we have asked for."""
        for code in self.codes.kept:
            _monitoring.set_local_events(self._reporter, code, 0)
        self.stop()
        for owner in self._owners:
            owner.is_known = False

    def _events(self) -> int:
        # What one owner has started another may resume: a coroutine, the rest of a fixture.
        events: int = _monitoring.events.PY_START | _monitoring.events.PY_RESUME
        return events

    def _meet(self, code: CodeType, _offset: int) -> object:
        if self._wanted[code.co_filename]:
            self.codes.number(code)
            self._ran.append(code)
        return _monitoring.DISABLE

    def _report(self, code: CodeType, _offset: int) -> object:
        self._ran.append(code)
        return _monitoring.DISABLE

    def _settle(self) -> None:
        """Note for the current owner what ran, and have it report again; other threads may add to it meanwhile."""
        ran, reporter, events, arm = self._ran[:], self._reporter, self._events(), _monitoring.set_local_events
        del self._ran[: len(ran)]
        self.codes.add_numbers(ran, self._owners[-1].executed if self._owners else set())
        for code in ran if self._is_on else ():
            arm(reporter, code, 0)
            arm(reporter, code, events)


class _Turn:
    """One thread at a time may change what profiles it.

    Python refuses a second one that comes while audit hooks, such as ours, are told of the first.
    """

    def __init__(self) -> None:
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)  # whoever had its turn is not there

    def _renew(self) -> None:
        self.lock = threading.RLock()


_turn = _Turn()


class _Profile(Profiler):
    """A C profiler that can be put back with ``sys.setprofile(sys.getprofile())``, as careful tests do."""

    def __init__(self) -> None:
        super().__init__(builtins=False, subcalls=False)
        self.was_put_back = False

    def put_in(self) -> bool:
        """Begin, in this thread; false where one of the person's threads is just at the same."""
        with _turn.lock:
            try:
                self.enable()
            except RuntimeError:
                return False
            return True

    def take_out(self) -> bool:
        """The reverse."""
        with _turn.lock:
            try:
                self.disable()
            except RuntimeError:
                return False
            return True

    def __call__(self, _frame: FrameType, _event: str, _argument: object) -> None:
        self.was_put_back = True
        self.put_in()


class _Entrance:
    """What ``threading`` has for a profile function: asked in a new thread whether there is one, it calls *enter*.

    It says that there is none then, for ``threading`` would put it in without waiting for its turn.
    """

    def __init__(self, enter: Callable[[], None]) -> None:
        self._enter = enter

    def __bool__(self) -> bool:
        if sys._getframe(1).f_globals is not vars(threading):
            return True
        self._enter()
        return False

    def __call__(self, _frame: FrameType, _event: str, _argument: object) -> None:
        self._enter()  # put in by hand


class _Thread:
    """A thread that a test has started, with the profiler in it."""

    def __init__(self) -> None:
        """Called in that thread."""
        self.profile = _Profile()
        self._thread = weakref.ref(threading.current_thread())
        self._calls: dict[int, int] = {}

    def is_alive(self) -> bool:
        thread = self._thread()
        return thread is not None and thread.is_alive()

    def ran(self) -> Iterator[CodeType]:
        """What has been called since the last time, and what is being executed."""
        # A profiler that is at work cannot be emptied, and while it is read the other thread must not go on.
        collects = gc.isenabled()
        gc.disable()
        entries = self.profile.getstats()
        if collects:
            gc.enable()
        for entry in entries:
            if not isinstance(entry.code, str) and self._calls.get(_identity(entry.code)) != entry.callcount:
                self._calls[_identity(entry.code)] = entry.callcount
                yield entry.code
        thread = self._thread()
        frame = sys._current_frames().get(thread.ident or 0) if thread is not None else None
        while frame is not None:
            yield frame.f_code
            frame = frame.f_back


class ProfilerWatcher:
    """Before Python 3.12: a C profiler for the thread of the tests, and one for each thread that they start.

    A thread has one place for a profiler. Where somebody else's is in it we stay out, and where a test puts another
    one there it is not known what executes for the owners of that moment. Threads are those of ``threading``.
    What the profiler has seen is read once an owner, which takes longer than to stop and start it.
    """

    def __init__(self, is_wanted: Callable[[str], bool]) -> None:
        self.codes = Codes()
        self._wanted = Answers(is_wanted)
        self._profile = _Profile()
        self._entrance = _Entrance(self._enter_thread)
        self._is_profiling = False
        self._threads: list[_Thread] = []
        self._owners: list[_Owner] = []

    def obstacle(self) -> str:
        is_free = threading.getprofile() is None or self._has_entrance()
        return "" if sys.getprofile() is None and is_free else "another profiler is active"

    def start(self) -> None:
        threading.setprofile(self._entrance)

    def rest(self) -> None:
        """The place is free meanwhile."""
        if self._has_entrance():
            threading.setprofile(None)
        self._forget_threads()

    def stop(self) -> None:
        self.rest()

    def begin(self) -> None:
        self._interrupt()
        self._owners.append(_Owner())

    def resume(self) -> bool:
        owner = self._owners[-1]
        if owner.is_seen:
            return False
        owner.is_seen = True
        self._put_in()
        return True

    def pause(self) -> None:
        self._stop_seeing()
        self._owners[-1].is_seen = False

    def end(self) -> set[int] | None:
        self._interrupt()
        owner = self._owners.pop()
        for outer in self._owners[-1:]:
            outer.add(owner)
            if outer.is_seen:
                self._put_in()
        return owner.executed if owner.is_known else None

    def _has_entrance(self) -> bool:
        return threading.getprofile() is self._entrance

    def _put_in(self) -> None:
        self._profile.was_put_back = False
        self._is_profiling = not self.obstacle() and self._profile.put_in()
        if self._is_profiling:
            threading.setprofile(self._entrance)
        else:
            self._owners[-1].is_known = False

    def _stop_seeing(self) -> None:
        if self._is_profiling and not self._take_out():
            self._owners[-1].is_known = False

    def _interrupt(self) -> None:
        """Note for the current owner what ran: another one is about to begin, or this one to end."""
        if self._owners:
            self._stop_seeing()
            ran = [entry.code for entry in self._profile.getstats() if not isinstance(entry.code, str)]
            self._profile.clear()
            for thread in self._threads:
                ran += thread.ran()
            self.codes.add_numbers([code for code in ran if self._wanted[code.co_filename]], self._owners[-1].executed)
        self._forget_threads()

    def _take_out(self) -> bool:
        """Disable our profiler; false if it, or the hook for new threads, was not there all the time."""
        self._is_profiling = False
        active: object = sys.getprofile()
        if active is not self._profile:
            return False  # and disabling ours would disable theirs
        is_out = self._profile.take_out()
        return is_out and not self._profile.was_put_back and self._has_entrance()

    def _forget_threads(self) -> None:
        """Let go of threads that have ended; the end of their profilers disables whatever is active in this thread."""
        if sys.getprofile() is None:
            with _turn.lock:
                self._threads[:] = [thread for thread in self._threads if thread.is_alive()]

    def _enter_thread(self) -> None:
        """In a new thread, before anything of its own."""
        thread = _Thread()
        with _turn.lock:
            self._threads.append(thread)
            is_in = thread.profile.put_in()
        if not is_in:
            for owner in self._owners[-1:]:
                owner.is_known = False
