"""Checkpoints are used only where all that they have taken in is known."""

import pytest

from pytest_reloadwatch.rewind.messages import Frozen
from pytest_reloadwatch.session.pool import Pool
from pytest_reloadwatch.watch.tree import Tree


@pytest.fixture
def tree():
    return Tree()


@pytest.fixture
def pool(tree):
    return Pool(tree)


@pytest.fixture
def sources(tmp_path):
    """Two files that were written long before anything began."""
    paths = [str(tmp_path / name) for name in ("early.py", "late.py")]
    for path in paths:
        with open(path, "w", encoding="utf-8") as file:
            file.write("VALUE = 1\n")
    return paths


def frozen(pid, parent, past, run=1):
    never_late = 2**62  # whatever was looked at was looked at before
    return Frozen(pid, parent, run, "somewhere" if parent else "root", "", float(pid), past, never_late, {})


def chosen(pool):
    return pool.choose([], lambda _checkpoint: True).pid


def test_the_latest_is_chosen(pool, sources):
    early, late = sources
    for message in (frozen(1, 0, []), frozen(2, 1, [early]), frozen(3, 2, [late])):
        pool.add(message, None)
    assert chosen(pool) == 3


def test_the_past_of_a_parent_is_a_part_of_its_own(pool, tree, sources):
    early, late = sources
    for message in (frozen(1, 0, []), frozen(2, 1, [early]), frozen(3, 2, [late])):
        pool.add(message, None)
    tree.put(early, "another")
    assert chosen(pool) == 1


def test_one_that_checks_in_before_its_parent_waits(pool, tree, sources):
    early, late = sources
    pool.add(frozen(1, 0, []), None)
    pool.add(frozen(3, 2, [late]), None)
    assert chosen(pool) == 1
    pool.add(frozen(2, 1, [early]), None)
    assert chosen(pool) == 3
    tree.put(early, "another")
    assert chosen(pool) == 1


def test_one_that_is_not_trusted_stays_so_when_its_parent_checks_in(pool, sources):
    early, late = sources
    pool.add(frozen(1, 0, []), None)
    pool.add(frozen(3, 2, [late]), None)
    pool.distrust(1, {late})
    pool.add(frozen(2, 1, [early]), None)
    assert chosen(pool) == 2


class TestWarm:
    """A worker that stays: the same process takes in more with each run, and what changed in between anew."""

    @staticmethod
    def check_in(pool, past):
        never_late = 2**62
        pool.add(Frozen(7, 0, 1, "warm", "", 0.0, past, never_late, {}), None)
        return pool.checkpoints[7].past

    def test_what_it_took_in_before_stays(self, pool, sources, tree):
        early, late = sources
        self.check_in(pool, [early])
        assert {key for key, _ in self.check_in(pool, [late])} == {early, late}

    def test_what_it_takes_in_anew_counts_as_it_is_now(self, pool, sources, tree):
        early, late = sources
        self.check_in(pool, [early, late])
        for path in sources:
            with open(path, "w", encoding="utf-8") as file:
                file.write("VALUE = 2\n")
        tree.sweep()
        pool.take_in(7, [late], 2**62)
        assert {key for key, _ in self.check_in(pool, []) - tree.entries} == {early}
