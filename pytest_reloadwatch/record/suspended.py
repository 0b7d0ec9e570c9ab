"""Generators and coroutines that wait to be resumed, by whoever: what else executes for an owner is known."""

from __future__ import annotations

import gc
from itertools import compress
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from pytest_reloadwatch.record.executed import Answers, Codes

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType

_KINDS = {GeneratorType: "gi", CoroutineType: "cr", AsyncGeneratorType: "ag"}


class SuspendedWatcher:
    """A record.executed.CodeWatcher where coverage measures every line: one that is resumed may execute no new one.

    Whatever waits when a test begins, and was not begun by a fixture of a wider scope, counts for that test: who uses
    the fixture has it on record. New ones are young for the collector of garbage, so that few objects are looked at:
    those of its youngest generation, which ``_on_garbage`` looks at before they become older.
    """

    def __init__(self, is_wanted: Callable[[str], bool]) -> None:
        self.codes = Codes()
        self._wanted = Answers(is_wanted)
        self._waiting: WeakSet[Any] = WeakSet()
        self._of_fixtures: WeakSet[Any] = WeakSet()
        self._owners: list[set[int]] = []

    def obstacle(self) -> str:
        return ""

    def start(self) -> None:
        self._note(gc.get_objects())
        if self._on_garbage not in gc.callbacks:  # a worker is forked from a run that has started
            gc.callbacks.append(self._on_garbage)

    def rest(self) -> None:
        """Nothing is in anybody's way."""

    def stop(self) -> None:
        gc.callbacks.remove(self._on_garbage)

    def begin(self) -> None:
        self._look()
        waiting = () if self._owners else filter(_is_alive, self._waiting)
        self._owners.append({self.codes.number(_code_of(one)) for one in waiting})

    def resume(self) -> bool:
        return False

    def pause(self) -> None:
        raise AssertionError("nothing has been resumed")

    def end(self) -> set[int] | None:
        if len(self._owners) > 1:  # else the next test does so as it begins
            self._look()
        return self._owners.pop()

    def _on_garbage(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._look()

    def _look(self) -> None:
        self._note(gc.get_objects(generation=0))

    def _note(self, objects: list[Any]) -> None:
        met = self._of_fixtures if len(self._owners) > 1 else self._waiting
        for one in compress(objects, map(_KINDS.__contains__, map(type, objects))):
            is_new = one not in self._waiting and one not in self._of_fixtures
            if is_new and self._wanted[_code_of(one).co_filename] and _is_alive(one):
                met.add(one)


def _code_of(one: Any) -> CodeType:
    code: CodeType = getattr(one, f"{_KINDS[type(one)]}_code")
    return code


def _is_alive(one: Any) -> bool:
    return getattr(one, f"{_KINDS[type(one)]}_frame") is not None
