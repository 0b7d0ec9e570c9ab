"""The engine that reloads in place: which process carries an order out, and when another one is started."""

from types import SimpleNamespace

import pytest

from pytest_reloadwatch.rewind.choice import ROOT, WARM, Checkpoint
from pytest_reloadwatch.rewind.messages import Resume
from pytest_reloadwatch.session.engine import FAILURES, InPlaceEngine


class FakeWorkers:
    def __init__(self):
        self.started = []
        self.ended = {}

    def start(self):
        self.started.append(100 + len(self.started))
        return self.started[-1]

    def reap(self):
        ended, self.ended = self.ended, {}
        return ended


@pytest.fixture
def workers():
    return FakeWorkers()


@pytest.fixture
def pool():
    return SimpleNamespace(checkpoints={})


@pytest.fixture
def engine(pool, workers):
    book = SimpleNamespace(tree=SimpleNamespace(entries={("a.py", "new"), ("b.py", "same")}))
    return InPlaceEngine(pool, book, workers)


def worker(pid, place, past=()):
    return Checkpoint(pid, 0, 0, place, "", 0.0, frozenset(past), {})


def test_the_warm_one_comes_first_and_is_told_what_is_stale(engine, pool):
    pool.checkpoints = {1: worker(1, ROOT), 2: worker(2, WARM, {("a.py", "old"), ("b.py", "same")})}
    checkpoint, order = engine.choose(Resume(1))
    assert (checkpoint.pid, order.stale) == (2, ["a.py"])


def test_without_a_warm_one_it_is_the_spare(engine, pool):
    pool.checkpoints = {1: worker(1, ROOT)}
    assert engine.choose(Resume(1))[0].pid == 1


def test_without_any_one_is_started_once(engine, workers):
    assert engine.choose(Resume(1)) is None
    assert engine.choose(Resume(1)) is None
    assert (engine.is_starting(), len(workers.started)) == (True, 1)


def test_there_is_one_spare(engine, pool, workers):
    pool.checkpoints = {2: worker(2, WARM)}
    engine.work_ahead()
    engine.work_ahead()
    assert len(workers.started) == 1
    engine.note_ready(workers.started[0])
    pool.checkpoints[3] = worker(3, ROOT)
    engine.work_ahead()
    assert (engine.is_starting(), len(workers.started)) == (False, 1)


def test_processes_that_never_get_ready_are_given_up(engine, workers):
    for _ in range(FAILURES + 2):
        engine.choose(Resume(1))
        workers.ended = {workers.started[-1]: 1}
        engine.reap()
    assert (engine.is_starting(), len(workers.started)) == (False, FAILURES)
