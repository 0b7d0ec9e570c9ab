"""A pytest plugin that tells the recorder on whose account things happen: which test, which fixture."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pytest_reloadwatch import _compat
from pytest_reloadwatch.record.recorder import Owner

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import CodeType

    from pytest_reloadwatch.record.executed import CodeWatcher, Executed
    from pytest_reloadwatch.record.recorder import Recorder

_SCOPES = ("function", "class", "module", "package", "session")
_FOR_MANY_FILES = ("package", "session")
_WORTH_TELLING = 0.05  # seconds


class Owners:
    """What a fixture of a wider scope than one test takes in belongs to every test that uses it.

    Code is watched while fixtures and tests execute, and where that costs nothing, from Python 3.12 on, in hooks too.
    """

    def __init__(self, recorder: Recorder, watcher: CodeWatcher) -> None:
        self.is_covered = False  # whether coverage measures what executes, but for what the watcher sees
        self._recorder = recorder
        self._watcher = self._alone = watcher
        self._is_watching = False
        self._is_known = False  # what the current test executes: it need not be watched
        self._path = ""  # the test file of the current test; a doctest's file is others' too
        self._fixtures: dict[int, Owner] = {}
        self._set_ups: dict[int, float] = {}  # seconds, by fixture
        self._used: list[Any] = []

    def start_watching(self) -> str:
        """Before the first test; why that is not possible, in words, else nothing."""
        covered = self._recorder.covered()
        self.is_covered = covered is not None
        self._watcher = covered or self._alone
        obstacle = self._watcher.obstacle()
        self._is_watching = not obstacle
        if self._is_watching:
            self._watcher.start()
        return obstacle

    def stop_watching(self) -> None:
        """After the last test."""
        if self._is_watching:
            self._watcher.stop()
            self._is_watching = False

    def has_news(self) -> bool:
        """See Recorder."""
        return self._recorder.has_news()

    def begin_test(self, item: pytest.Item, *, is_known: bool) -> None:
        """*is_known*: the test will execute what it executed when it last ran."""
        self._path = str(item.path) if isinstance(item, pytest.Function) else ""
        self._recorder.push(Owner(_code(getattr(item, "function", None)), self._path))
        self._is_known = is_known
        if not is_known:
            self._begin()

    def code_since(self, number: int) -> list[Executed]:
        """The code with this number and later ones, each with the source that it counts for, if any."""
        source = self._recorder.code_source
        return [(source(filename), line, name) for filename, line, name in self._watcher.codes[number:]]

    def end_test(self) -> Owner:
        """What the test took in, with what its fixtures did."""
        if not self._is_known:
            self._end()
        owner = self._recorder.pop()
        self._add_shared(owner, self._used)
        owner.set_ups = self._lengthy(self._used)
        self._used = []
        self._recorder.settle(owner)
        return owner

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        return (yield from self._while_watching())

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, object, object]:
        self._used = _compat.fixtures_used(getattr(item, "_request", None))  # forgotten in the teardown
        return (yield from self._while_watching())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Generator[None, object, object]:
        __tracebackhide__ = True  # as below: of no use to whoever looks for what fails in a fixture
        set_up = self._set_up if fixturedef.scope == "function" else self._set_up_shared
        return (yield from set_up(fixturedef, request))

    def _set_up(self, fixturedef: Any, _request: Any) -> Generator[None, object, object]:
        __tracebackhide__ = True
        owner = Owner(_code(fixturedef.func), self._path)
        self._recorder.push(owner)
        try:
            return (yield from self._while_watching())
        finally:
            self._recorder.pop()
            self._recorder.merge_into_current(owner)

    def _set_up_shared(self, fixturedef: Any, request: Any) -> Generator[None, object, object]:
        __tracebackhide__ = True
        # What it took in for another module, or with another parameter, is over.
        path = self._path if str(request.node.path) == self._path else ""
        owner = Owner(_code(fixturedef.func), path, is_shared=True)
        self._recorder.push(owner)
        self._begin()
        begun = time.perf_counter()
        try:
            return (yield from self._while_watching(is_known=False))  # the next user of it may not be
        finally:
            self._set_ups[id(fixturedef)] = time.perf_counter() - begun
            self._end()
            self._recorder.pop()
            self._fixtures[id(fixturedef)] = owner
            # It may have asked by name for one that was there already: the next user of it will not.
            self._add_shared(owner, [d for d in _compat.fixtures_used(request) if _lasts_as_long(d, fixturedef)])
            self._recorder.merge_into_current(owner)

    def _add_shared(self, owner: Owner, definitions: list[Any]) -> None:
        for definition in definitions:
            shared = self._fixtures.get(id(definition))
            if shared is not None:
                owner.add(shared)

    def _lengthy(self, definitions: list[Any]) -> dict[str, float]:
        """Those that tests of several files may share and that took a while to set up, by name: for how long."""
        for_many = [d for d in definitions if d.scope in _FOR_MANY_FILES and id(d) in self._set_ups]
        taken = {f"{d.baseid}::{d.argname}": self._set_ups[id(d)] for d in for_many}
        return {name: seconds for name, seconds in taken.items() if seconds >= _WORTH_TELLING}

    def _while_watching(self, *, is_known: bool | None = None) -> Generator[None, object, object]:
        """What executes meanwhile does so for the current owner."""
        __tracebackhide__ = True
        is_known = self._is_known if is_known is None else is_known
        is_new = self._is_watching and not is_known and self._watcher.resume()
        try:
            return (yield)
        finally:
            if is_new:
                self._watcher.pause()

    def _begin(self) -> None:
        """What executes from here on does so for the current owner."""
        if self._is_watching:
            self._watcher.begin()

    def _end(self) -> None:
        self._recorder.executed(self._watcher.end() if self._is_watching else None)


def _lasts_as_long(definition: Any, other: Any) -> bool:
    """Whether one fixture is of the scope of another at least, which can ask for no others."""
    return _SCOPES.index(definition.scope) >= _SCOPES.index(other.scope)


def _code(function: Any) -> CodeType | None:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    function = getattr(function, "__func__", function)
    code: CodeType | None = getattr(function, "__code__", None)
    return code
