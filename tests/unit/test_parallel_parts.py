"""What a run with workers decides by itself: how many are worth it, who has seeded, what is left out elsewhere."""

import os
import random
import signal
import sys
import time

import pytest

pytest.importorskip("xdist")

from pytest_reloadwatch.parallel.elsewhere import arguments, environments, what_to_leave_out
from pytest_reloadwatch.parallel.nursery import Nursery, open_nursery
from pytest_reloadwatch.parallel.worth import Work, workers_worth
from pytest_reloadwatch.record.waiting import Waiting
from pytest_reloadwatch.rewind import messages as m
from pytest_reloadwatch.rewind.randomness import Origin
from pytest_reloadwatch.session.run_record import RunRecord


@pytest.mark.parametrize(
    ("most", "tests", "seconds", "expected"),
    [
        (8, 3, 0.03, 1),  # in place
        (8, 100, None, 8),  # nobody knows
        (8, 3, None, 3),
        (2, 100, 10.0, 2),
        (8, 100, 100.0, 8),
        (0, 10, 1.0, 1),
    ],
)
def test_workers_worth(most, tests, seconds, expected):
    work = None if seconds is None else Work(seconds, 0.0)
    assert workers_worth(most, tests, work, 64) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(0.9, 1), (2.0, 2)])
def test_the_first_verdict_after_a_save_comes_first(seconds, expected):
    assert workers_worth(2, 100, Work(seconds, 0.0), 2, is_waited_for=True) == expected
    assert workers_worth(2, 100, Work(seconds, 0.0), 2) == 2


def test_longer_runs_are_worth_more_workers():
    counts = [workers_worth(64, 1000, Work(seconds, 0.0), 64) for seconds in (0.05, 0.5, 5.0, 50.0)]
    assert counts == sorted(set(counts))


@pytest.mark.parametrize(("waited", "expected"), [(0.0, 2), (1.0, 2), (9.0, 4), (20.0, 8)])
def test_more_workers_than_processors_are_for_tests_that_wait(waited, expected):
    assert workers_worth(8, 100, Work(20.0, waited), 2) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how long a thread was in a queue")
def test_waiting_is_told_from_working():
    waiting = Waiting()
    waiting.begin()
    time.sleep(0.3)
    slept = waiting.seconds()
    waiting.begin()
    end = time.thread_time() + 0.3
    while time.thread_time() < end:
        pass
    worked = waiting.seconds()
    assert slept >= 0.3 * 0.9 > 2 * worked


class TestRandomness:
    @pytest.fixture(autouse=True)
    def _kept(self):
        state = random.getstate()
        yield
        random.setstate(state)

    def test_numbers_that_were_only_drawn_are_drawn_anew(self):
        origin = Origin()
        for _ in range(5000):
            random.random()
        state = random.getstate()
        origin.reseed()
        assert random.getstate() != state

    @pytest.mark.parametrize("seed", [lambda: random.seed(3), lambda: random.setstate(random.Random(4).getstate())])
    def test_a_seeded_generator_stays(self, seed):
        origin = Origin()
        seed()
        random.random()
        state = random.getstate()
        origin.reseed()
        assert random.getstate() == state


OURS = {"--reload-once": False, "--reload-events": True, "--reload-select": True}


class TestElsewhere:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (["--reload-once", "tests"], ["tests"]),
            (["--reload-events", "file", "-x"], ["-x"]),
            (["--reload-events=file", "tests"], ["tests"]),
            (["-k", "--reload-oncely"], ["-k", "--reload-oncely"]),
        ],
    )
    def test_options_of_ours_are_not_known_there(self, given, expected):
        assert arguments(given, OURS, ["a.py"]) == [*expected, "--deselect=a.py"]

    def test_a_number_of_environments(self):
        specs = ["2*popen", "ssh=a*b", "socket=1.2.3.4:5"]
        assert environments(specs) == ["popen", "popen", "ssh=a*b", "socket=1.2.3.4:5"]

    def test_nothing_that_is_wanted_begins_as_what_is_left_out(self):
        left_out = what_to_leave_out(
            ["/r/tests/test_a.py", "/r/tests/test_b.py", "/elsewhere/test_c.py"],
            ["tests/test_d.py::test_one", "tests/test_d.py::test_two"],
            ["tests/test_d.py::test_one_more", "tests/test_b.py::test_x"],
            "/r",
        )
        assert left_out == ["tests/test_a.py", "tests/test_d.py::test_two"]


def ended(nodeid, worker, executed, functions, outcome="passed", **values):
    return m.TestEnded(1, nodeid, "/a.py", outcome, 0.1, [], False, executed=executed, functions=functions,
                     worker=worker, **values)  # fmt: skip


class TestRecord:
    def test_each_worker_numbers_code_for_itself(self):
        record = RunRecord(1)
        record.add_ended(ended("one", "gw0", [0, 1], [("/a.py", 1, "f"), ("/a.py", 5, "g")]))
        record.add_ended(ended("two", "gw1", [0], [("/b.py", 1, "h")]))
        record.add_ended(ended("three", "gw0", [1, 2], [("/c.py", 1, "i")]))
        names = {nodeid: [record.codes[n][2] for n in one.executed] for nodeid, one in record.ended.items()}
        assert names == {"one": ["f", "g"], "two": ["h"], "three": ["g", "i"]}

    def test_two_workers_with_the_same_test_give_the_worst(self):
        record = RunRecord(1)
        record.add_ended(ended("one", "gw0", [0], [("/a.py", 1, "f")], outcome="failed"))
        record.add_ended(ended("one", "gw1", [0], [("/b.py", 1, "h")]))
        both = record.ended["one"]
        assert both.outcome == "failed"
        assert {record.codes[n][2] for n in both.executed} == {"f", "h"}

    def test_a_repeated_test_has_its_last_verdict(self):
        record = RunRecord(1)
        record.add_ended(ended("one", "gw0", None, [], outcome="failed"))
        record.add_ended(ended("one", "gw0", None, []))
        assert record.ended["one"].outcome == "passed"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no os.fork here")
class TestNursery:
    def test_forks_workers_and_ends_them(self):
        nursery = open_nursery(lambda: None)
        if not isinstance(nursery, Nursery):  # a worker
            nursery.sendall(b"%d" % os.getpid())
            signal.pause()
            os._exit(0)
        first, pid = nursery.fork()
        second, other = nursery.fork()
        assert (int(first.recv(20)), int(second.recv(20))) == (pid, other)
        nursery.kill(pid)
        assert first.recv(1) == b""  # its end is that of its connection
        nursery.close()
        assert second.recv(1) == b""
        first.close()
        second.close()

    def test_a_nursery_that_is_gone(self):
        nursery = open_nursery(lambda: os._exit(0))
        assert isinstance(nursery, Nursery)
        with pytest.raises(OSError, match=r"gone|pipe|reset"):
            nursery.fork()
        nursery.interrupt()  # nobody is there
        nursery.close()
