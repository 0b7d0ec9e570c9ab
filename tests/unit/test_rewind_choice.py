"""Which checkpoint is continued, and which are let go."""

import pytest

from pytest_reloadwatch.rewind.choice import Ahead, Checkpoint, choose, surplus

A1, A2, B1 = ("a.py", "1"), ("a.py", "2"), ("b.py", "1")


def checkpoint(pid, moment=0.0, past=(), place="along the imports", before="", run=1, collected=None, hoisted=()):
    return Checkpoint(pid, 0, run, place, before, moment, frozenset(past), collected or {}, hoisted)


ROOT = checkpoint(1, place="root")


def pid_of(found):
    return found.pid if found else None


def test_the_latest_that_holds_nothing_changed():
    early, late = checkpoint(2, 1.0, [B1]), checkpoint(3, 2.0, [B1, A1])
    assert pid_of(choose([ROOT, early, late], {A1, B1}, [])) == 3
    assert pid_of(choose([ROOT, early, late], {A2, B1}, [])) == 2
    assert pid_of(choose([ROOT, early, late], {A2}, [])) == 1


def test_an_undone_edit_makes_it_usable_again():
    late = checkpoint(3, 2.0, [A1])
    assert pid_of(choose([ROOT, late], {A2}, [])) == 1
    assert pid_of(choose([ROOT, late], {A1}, [])) == 3


def test_a_file_passed_over_cannot_be_collected_there():
    pruned = checkpoint(2, 1.0, collected={"t.py": "pruned", "u.py": "ok", "v.py": "error"})
    assert pid_of(choose([ROOT, pruned], set(), ["t.py"])) == 1
    assert pid_of(choose([ROOT, pruned], set(), ["v.py"])) == 1
    assert pid_of(choose([ROOT, pruned], set(), ["u.py", "w.py"])) == 2


def test_none_is_usable():
    assert choose([checkpoint(2, past=[A1])], {A2}, []) is None


def test_the_root_and_the_hot_stay_longest():
    pool = [ROOT, checkpoint(2), checkpoint(3, before="a.py", place="before a hot module"), checkpoint(4, run=2)]
    assert [c.pid for c in surplus(pool, set(), ["a.py"], budget=2)] == [2, 4]


def test_the_older_twin_goes_first():
    older = checkpoint(2, before="a.py", place="before a hot module", run=1)
    newer = checkpoint(3, before="a.py", place="before a hot module", run=2)
    assert [c.pid for c in surplus([ROOT, older, newer, checkpoint(4)], set(), ["a.py"], budget=3)] == [2]


def test_within_the_budget_nothing_goes():
    assert surplus([ROOT, checkpoint(2)], set(), [], budget=2) == []


def test_the_one_with_the_fewest_modules_ahead_is_the_best():
    early, late = checkpoint(2, 1.0), checkpoint(3, 2.0)  # the machine was busy when that was made
    assert chosen([ROOT, early, late], {1: (5.0, 9), 2: (0.0, 0), 3: (0.009, 2)}) == 2
    assert chosen([ROOT, early, late], {1: (5.0, 9), 2: (0.009, 0), 3: (0.0, 2)}) == 2
    assert chosen([ROOT, early, late], {1: (5.0, 9), 2: (0.009, 2), 3: (0.0, 2)}) == 3


def test_one_with_clearly_less_ahead_is_better_however_many_modules_that_are():
    early, late = checkpoint(2, 1.0), checkpoint(3, 2.0)
    assert chosen([ROOT, early, late], {1: (5.0, 9), 2: (0.1, 3), 3: (0.2, 2)}) == 2
    assert chosen([ROOT, early, late], {1: (5.0, 9), 2: (0.3, 1), 3: (0.2, 2)}) == 3


@pytest.mark.parametrize(("seconds", "pid"), [(0.3, 2), (0.32, 3)])
def test_one_without_burden_may_take_a_few_times_as_long(seconds, pid):
    early, late = checkpoint(2, 1.0), checkpoint(3, 2.0)
    assert chosen([ROOT, early, late], {1: (5.0, 9, 0), 2: (seconds, 9, 0), 3: (0.1, 1, 1)}) == pid
    assert chosen([ROOT, early, late], {1: (5.0, 9, 0), 2: (seconds, 9, 1), 3: (0.1, 1, 1)}) == 3


def test_what_has_everything_is_kept_whatever_its_burden():
    early, late = checkpoint(2, 1.0), checkpoint(3, 2.0)
    assert chosen([ROOT, early, late], {1: (5.0, 9, 0), 2: (0.001, 1, 0), 3: (0.0, 0, 1)}) == 3


def chosen(checkpoints, ahead):
    """The pid of the one that is chosen where so many seconds, and modules, are ahead from each."""
    return pid_of(choose(checkpoints, set(), [], lambda c: Ahead(*ahead[c.pid])))
