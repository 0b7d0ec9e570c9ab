"""Which tests of a run had their turn as in a whole one, and which verdicts are doubtful."""

import pytest

from pytest_reloadwatch.proof.whole import Failure, failure_name, is_doubtful
from pytest_reloadwatch.rewind import messages as m
from pytest_reloadwatch.session.confirming import in_their_turn, overtaken_in
from pytest_reloadwatch.session.run_record import RunRecord


def run_of(ended, workers=()):
    """A run that has collected a1 to a3 and b1, and in which *ended* had their turns in this order."""
    record = RunRecord(1)
    items = [("a1", "/a.py"), ("a2", "/a.py"), ("a3", "/a.py"), ("b1", "/b.py")]
    record.collection = m.Collection(1, [("/a.py", "a", "ok"), ("/b.py", "b", "ok")], items, [], [])
    for number, nodeid in enumerate(ended.split()):
        worker = workers[number % len(workers)] if workers else ""
        path = f"/{nodeid[0]}.py"
        record.add_ended(m.TestEnded(1, nodeid, path, "failed", 0.0, [], opaque=False, worker=worker))
    return record


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ("a1 a2 a3 b1", "a1 a2 a3 b1"),
        ("b1 a1 a2 a3", "a1 a2 a3 b1"),
        ("a1 a3", "a1"),
        ("a2 b1", "b1"),
        ("a2 a1 a3", "a1 a3"),
        ("a3 a1 a2", "a1 a2"),
    ],
)
def test_a_test_has_its_turn_where_those_before_it_in_its_file_ran_before_it(ended, expected):
    assert in_their_turn(run_of(ended)) == {"a", "b", *expected.split()}


@pytest.mark.parametrize(
    ("ended", "expected"), [("a1 a2 a3 b1", ""), ("a2 b1", ""), ("b1 a1 a2", "a1 a2"), ("a2 a1 a3 b1", "a1")]
)
def test_a_test_is_overtaken_by_those_that_usually_come_after_it(ended, expected):
    assert overtaken_in(run_of(ended)) == set(expected.split())


def test_where_processes_share_the_tests_nobody_is_overtaken():
    assert not overtaken_in(run_of("b1 a1", workers=["gw0", "gw1"]))


def test_where_processes_share_the_tests_it_has_it_anyhow():
    assert {"a1", "a3"} <= in_their_turn(run_of("a3 a1", workers=["gw0", "gw1"]))


def test_a_failure_keeps_its_name_wherever_it_stands():
    before = failure_name("failed", ("/a.py", 3, "assert 3 == <x at 0x7f10>"))
    assert failure_name("failed", ("/a.py", 30, "assert 4 == <x at 0x7e20>")) == before
    assert failure_name("failed", ("/b.py", 3, "assert 3 == <x at 0x7f10>")) != before
    assert failure_name("error", ("/a.py", 3, "assert 3 == <x at 0x7f10>")) != before
    assert failure_name("passed", None) == failure_name("xpassed", None) == ""
    assert failure_name("skipped", None) == "skipped"


@pytest.mark.parametrize(
    ("name", "known", "doubtful"),
    [
        ("", None, False),
        ("wrong", None, True),
        ("wrong", Failure("wrong", alone=False), False),
        ("worse", Failure("wrong", alone=True), True),
        ("", Failure("wrong", alone=False), True),
        ("", Failure("wrong", alone=True), False),
        ("skipped", None, True),
        ("skipped", Failure("skipped", alone=False), False),
        ("skipped", Failure("xfailed", alone=True), True),
    ],
)
def test_a_verdict_is_doubtful_where_a_whole_run_said_something_else(name, known, doubtful):
    assert is_doubtful(name, known) is doubtful
