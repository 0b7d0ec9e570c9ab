"""What comes first: failed last time, direct, the rest by import distance."""

import pytest

from pytest_reloadwatch.proof.model import Proof
from pytest_reloadwatch.proof.rank import FAR, Change, Rank, first_ones, lead, order, rank
from pytest_reloadwatch.proof.selection import Selected

CHANGE = Change("<code>m.py", frozenset({"f"}), frozenset({1, 2}))
DISTANCES = {"t.py": 1, "u.py": 2, "v.py": 2}


def distance(path):
    return DISTANCES.get(path, FAR)


def ranked(executed, failed=(), changes=(CHANGE,)):
    """Ranks of tests by nodeid; *executed* has the numbers of what each executed, "new" where it never ran."""
    tests = [Selected(nodeid, nodeid.split("::")[0], "m.py changed") for nodeid in executed]
    proofs = {
        test.nodeid: [Proof(test.nodeid, test.path, (), "failed" if test.nodeid in failed else "passed", 0.1)]
        for test in tests
        if executed[test.nodeid] != "new"
    }
    return rank(tests, proofs, lambda _proof: changes, executed.get)


def ranks(found):
    return {one.test.nodeid: one.rank for one in found}


def test_who_executed_what_changed_is_direct():
    found = ranked({"t.py::x": {2, 7}, "t.py::y": {7}, "t.py::z": set()})
    assert ranks(found) == {"t.py::x": Rank.DIRECT, "t.py::y": Rank.REST, "t.py::z": Rank.REST}


@pytest.mark.parametrize("executed", [None, "new"])
def test_of_whom_nothing_is_known_is_direct(executed):
    assert ranks(ranked({"t.py::x": executed})) == {"t.py::x": Rank.DIRECT}


def test_who_failed_last_time_comes_first():
    assert ranks(ranked({"t.py::x": {7}}, failed={"t.py::x"})) == {"t.py::x": Rank.FAILED}


def test_the_change_that_makes_a_test_direct_is_its_reason():
    other = Change("<code>a.py", frozenset({"g"}), frozenset({9}))
    (found,) = ranked({"t.py::x": {2}}, changes=(other, CHANGE))
    assert found.change is CHANGE


def test_where_nobody_is_direct_the_nearest_stand_in():
    assert first_ones(ranked({"t.py::x": set(), "u.py::x": set(), "v.py::x": "new"}), distance) == {
        "t.py::x",
        "v.py::x",
    }


def test_where_somebody_is_direct_the_nearest_wait():
    found = ranked({"t.py::x": set(), "u.py::x": {1}, "v.py::x": set()}, failed={"v.py::x"})
    assert first_ones(found, distance) == {"u.py::x", "v.py::x"}


def test_the_rest_goes_by_distance_then_by_time_files_together():
    executed = {"v.py::x": set(), "u.py::x": set(), "v.py::y": set(), "t.py::x": set(), "u.py::y": {1}}
    seconds = {"u.py::x": 5.0}
    places = order(ranked(executed), lambda nodeid: seconds.get(nodeid, 0.1), distance)
    assert sorted(places, key=places.get) == ["u.py::y", "t.py::x", "v.py::x", "v.py::y", "u.py::x"]


class TestLead:
    def test_direct_files_go_first(self):
        found = ranked({"t.py::x": set(), "u.py::x": {1}})
        assert lead(found, lambda _nodeid: 1.0, distance) == {"u.py"}

    def test_the_quickest_of_many(self):
        found = ranked({f"{name}.py::x": {1} for name in "stuvw"})
        assert lead(found, lambda nodeid: 1.0 if nodeid < "u" else 0.5, distance) == {"u.py"}

    def test_the_nearest_where_none_is_direct(self):
        found = ranked({f"{name}.py::x": set() for name in "stuvw"})
        assert lead(found, lambda _nodeid: 1.0, distance) == {"t.py"}

    def test_little_is_not_split(self):
        found = ranked({"t.py::x": set(), "u.py::x": {1}})
        assert lead(found, lambda _nodeid: 0.001, distance) == {"t.py", "u.py"}

    def test_failing_files_come_along(self):
        found = ranked({"t.py::x": {1}, "u.py::x": set(), "v.py::x": set()}, failed={"u.py::x"})
        assert lead(found, lambda _nodeid: 1.0, distance) == {"t.py", "u.py"}


def test_the_state_that_is_most_like_the_tree_counts():
    """An edit that was undone since is no change."""
    undone = Change("<code>a.py", frozenset({"g"}), frozenset({9}))
    test = Selected("t.py::x", "t.py", "")
    held, tried = (Proof(test.nodeid, test.path, (), outcome, 0.1) for outcome in ("passed", "failed"))
    changes = {held: [CHANGE], tried: [CHANGE, undone]}
    (found,) = rank([test], {test.nodeid: [held, tried]}, changes.get, lambda _nodeid: {9})
    assert found.rank is Rank.REST


def test_a_file_without_tests_is_not_direct():
    assert ranks(ranked({"t.txt": "new"})) == {"t.txt": Rank.REST}
