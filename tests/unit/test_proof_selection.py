"""Selection is a function of records and tree."""

from pytest_reloadwatch.proof.model import Collected, Proof, worst
from pytest_reloadwatch.proof.selection import Selected, select

A1, A2, B1 = ("a.py", "1"), ("a.py", "2"), ("b.py", "1")
T = ("t.py", "1")


def collected(*entries, outcome="ok", nodeids=("t.py::x", "t.py::y")):
    return Collected("t.py", "t.py", (frozenset(entries),), outcome, nodeids)


def proof(nodeid, *entries, outcome="passed", seconds=0.01):
    return Proof(nodeid, "t.py", (frozenset(entries),), outcome, seconds)


def chosen(files, proofs, tree, **more):
    return select({"t.py": files}, proofs, set(tree), **more)


def test_all_proven():
    proofs = {"t.py::x": [proof("t.py::x", T, A1)], "t.py::y": [proof("t.py::y", T)]}
    found = chosen([collected(T, A1)], proofs, [T, A1])
    assert not found.selected
    assert found.prune == {"t.py"}
    assert set(found.verdicts) == {"t.py::x", "t.py::y"}
    assert not found.unknown


def test_one_dependency_changed_for_one_test():
    proofs = {"t.py::x": [proof("t.py::x", T, A1)], "t.py::y": [proof("t.py::y", T, B1)]}
    found = chosen([collected(T)], proofs, [T, A2, B1])
    assert found.selected == [Selected("t.py::x", "t.py", "a.py changed")]
    assert found.proven == {"t.py::y"}
    assert found.unknown
    assert not found.prune


def test_the_file_itself_changed():
    found = chosen([collected(A1)], {"t.py::x": [proof("t.py::x", A1)]}, [A2])
    assert [test.nodeid for test in found.selected] == ["t.py::x", "t.py::y"]
    assert found.verdicts == {}
    assert found.unknown


def test_an_undone_edit_was_proven_before():
    proofs = {n: [proof(n, A1), proof(n, A2, outcome="failed")] for n in ("t.py::x", "t.py::y")}
    found = chosen([collected(T)], proofs, [T, A1])
    assert not found.selected
    assert {p.outcome for p in found.verdicts.values()} == {"passed"}


def test_a_failing_verdict_is_known_and_never_skipped():
    proofs = {"t.py::x": [proof("t.py::x", T, outcome="failed")], "t.py::y": [proof("t.py::y", T)]}
    found = chosen([collected(T)], proofs, [T])
    assert found.selected == [Selected("t.py::x", "t.py", "failed last time")]
    assert not found.unknown
    assert found.verdicts["t.py::x"].outcome == "failed"


def test_a_test_that_never_ran():
    found = chosen([collected(T)], {"t.py::x": [proof("t.py::x", T)]}, [T])
    assert found.selected == [Selected("t.py::y", "t.py", "never ran")]


def test_a_file_that_could_not_be_collected_is_tried_again():
    found = chosen([collected(T, outcome="error", nodeids=())], {}, [T])
    assert found.selected == [Selected("t.py", "t.py", "could not be collected")]
    assert found.verdicts["t.py"].outcome == "error"
    assert not found.unknown


def test_a_file_that_is_gone_is_forgotten():
    found = chosen([collected(T)], {}, [("t.py", "absent")])
    assert not found.selected
    assert found.known == 0


def test_the_worst_outcome_counts():
    assert worst(["passed", "failed", "error", "skipped"]) == "error"
    assert worst(["passed", "xfailed", "skipped"]) == "xfailed"
    assert worst([]) == "passed"


def test_the_tests_of_a_file_are_those_that_it_had_before_it_could_not_be_collected():
    broken = collected(A2, outcome="error", nodeids=())
    found = chosen([collected(A1), broken], {}, [("a.py", "3")])
    assert [test.nodeid for test in found.selected] == ["t.py::x", "t.py::y"]
    found = chosen([broken], {}, [("a.py", "3")])
    assert found.selected == [Selected("t.py", "t.py", "could not be collected")]
    assert found.uncollected == {"t.py"}


def test_a_file_that_had_no_tests_when_it_was_last_collected_has_none():
    found = chosen([collected(A1), collected(A2, nodeids=())], {}, [("a.py", "3")])
    assert found.selected == [Selected("t.py", "t.py", "a.py changed")]
