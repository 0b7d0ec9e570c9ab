"""What a session has saved, from how long its rounds took."""

from pytest_reloadwatch.session.rounds import Round
from pytest_reloadwatch.session.warmth import Warmth


def change(tests_run):
    return Round(changed={"a.py"}, tests_run=tests_run)


def test_rounds_are_compared_with_the_first_run_of_everything():
    warmth = Warmth("rewind")
    warmth.note_round(Round(is_first=True, tests_run=10), 3.0, 10)
    assert warmth.statistics() == "no change has come yet"
    warmth.note_round(change(2), 0.5, 10)
    warmth.note_round(change(0), 0.1, 10)
    warmth.note_round(change(10), 4.0, 10)  # as slow as that: nothing is saved
    assert warmth.statistics() == (
        "changes answered: 3, tests run: 12, not needed: 18; 5.4 s saved against runs of all"
    )


def test_without_a_run_of_everything_nobody_knows_the_time():
    warmth = Warmth("rewind")
    warmth.note_round(Round(is_first=True, tests_run=1), 0.2, 10)
    warmth.note_round(change(2), 0.5, 10)
    assert warmth.statistics() == "changes answered: 1, tests run: 2, not needed: 8"


def test_what_the_person_asks_for_is_no_change():
    warmth = Warmth("rewind")
    warmth.note_round(Round(tests_run=5), 0.5, 10)
    assert warmth.statistics() == "no change has come yet"


def test_one_module_is_no_modules():
    warmth = Warmth("rewind")
    warmth.note_start([("/a.py", "digest")], {"a": "/a.py", "b": "/b.py"})
    assert warmth.describe(Round(runs=1, reexecuted={"b"}), 0.1) == "rewind: 1 module kept warm, 1 executed"
