"""Progress of long runs, from what a run has told and from recorded durations."""

import time

import pytest

from pytest_reloadwatch.rewind.messages import TestEnded as Ended
from pytest_reloadwatch.session.progress import EVERY, QUIET, Progress
from pytest_reloadwatch.session.rounds import Current
from pytest_reloadwatch.session.run_record import RunRecord


@pytest.fixture
def current():
    current = Current(RunRecord(1), checkpoint=0, cause=[], planned=4)
    current.record.ended["a"] = Ended(1, "a", "a.py", "passed", 2.0, [], opaque=False)
    current.running[""] = ("b", current.began + 1)
    return current


def progress(current, after):
    recorded = {"b": 30.0, "c": 200.0}
    return Progress(lambda nodeid: recorded.get(nodeid, 0.0), lambda: current.began + after)


def test_says_nothing_of_a_short_run(current):
    assert progress(current, QUIET - 0.1).line(current, frozenset("abcd")) == ""


def test_counts_what_is_left_from_records_and_else_from_the_mean(current):
    line = progress(current, QUIET + 1).line(current, frozenset("abcd"))
    assert line == "1 of 4 tests, about 4 min left, now b for 10 s"
    assert progress(current, 11).left(current, frozenset("abcd")) == 30 - 10 + 200 + 2
    assert progress(current, 100).left(current, frozenset("abcd")) == 200 + 2  # b takes longer than it did


def test_says_nothing_of_a_run_that_is_nearly_over(current):
    current.planned, current.running[""] = 2, ("d", current.began + QUIET)
    current.record.ended["a"] = Ended(1, "a", "a.py", "passed", 0.1, [], opaque=False)
    assert progress(current, QUIET + 1).line(current, frozenset("d")) == ""
    current.running[""] = ("d", current.began + 1)  # or would be, if that test came to its end
    assert progress(current, QUIET + 1).line(current, frozenset("d")) == "1 of 2 tests, now d for 10 s"


def test_expects_nothing_where_nothing_is_known(current):
    current.record.ended.clear()
    assert progress(current, QUIET).left(current, frozenset("d")) is None
    assert progress(current, QUIET + 1).line(current, frozenset("d")) == "0 of 4 tests, now b for 10 s"


def test_of_several_processes_names_the_slowest(current):
    current.running = {"gw0": ("b", current.began + 2), "gw1": ("c", current.began + 1)}
    assert progress(current, QUIET + 1).line(current, frozenset("d")).endswith("now c for 10 s")


def test_tells_what_is_being_collected(current):
    current.planned = -1
    assert progress(current, QUIET + 1).line(current, frozenset()) == "collecting, now b for 10 s"
    current.running.clear()
    assert progress(current, QUIET + 1).line(current, frozenset()) == "collecting"


def test_comes_now_and_then(current):
    told = progress(current, QUIET + 1)
    assert told.line(current, frozenset("abcd"))
    assert told.line(current, frozenset("abcd")) == ""
    assert told.next_look(current) == pytest.approx(current.began + QUIET + 1 + EVERY)
    assert time.monotonic() - current.began < EVERY


def test_begins_anew_with_the_next_run(current):
    told = progress(current, QUIET + 1)
    told.line(current, frozenset("abcd"))
    current.record = RunRecord(2)
    assert told.line(current, frozenset("abcd"))
