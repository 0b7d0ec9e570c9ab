"""The steps of a round add up to what it took."""

import time

import pytest

from pytest_reloadwatch.session import timing
from pytest_reloadwatch.session.timing import Timing


@pytest.fixture
def clock(monkeypatch):
    """Moves when it is told to."""

    class Clock:
        now = 100.0

        def go(self, seconds):
            self.now += seconds

    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


def test_split_adds_up(clock):
    made = Timing(late=0.5, began=clock.now)
    for step, seconds in ((timing.PLAN, 1), (timing.REWIND, 2), (timing.LOAD, 3), (timing.TESTS, 8), ("", 4)):
        clock.go(seconds)
        if step == timing.TESTS:
            made.note_importing(5)
        made.enter(step)
    assert made.split() == {
        "notice": 1.5, "plan": 2, "rewind": 3, "re-execute": 5, "collect": 3, "tests": 4, "close": 0,
    }  # fmt: skip
    assert sum(made.split().values()) == made.seconds() == 18.5


def test_several_runs_of_a_round_add_up(clock):
    made = Timing(began=clock.now)
    for _ in range(2):
        made.enter(timing.TESTS)
        clock.go(2)
        made.enter(timing.CLOSE)
        clock.go(1)
    made.enter("")
    assert (made.split()["tests"], made.split()["close"]) == (4, 2)


def test_first_verdict_counts_from_the_save(clock):
    made = Timing(late=1.0, began=clock.now)
    clock.go(2)
    made.note_verdict()
    clock.go(2)
    made.note_verdict()
    assert made.first == 3.0


@pytest.mark.parametrize(("ago", "found"), [(0.25, 0.25), (3600, 0.0), (-10, 0.0)])
def test_time_stamps_that_say_nothing_count_nothing(monkeypatch, ago, found):
    monkeypatch.setattr(time, "time", lambda: 1000.0)
    assert timing.lateness([1000.0 - ago]) == pytest.approx(found)
