"""After every edit, a session and a series of single runs say what a cold run of the same tree says."""

import pytest
from harness import Project, WatchSession, run_once
from traps import ALL, SPARED, UNMOVED

EXECUTED = "the code that a test executes is not recorded yet: a change of it that it does not import leaves it proven"
KNOWN_WRONG = {
    "registry filled by another test file's import": EXECUTED,
    "callback handed over by another test file's import": EXECUTED,
    "subclass found by __subclasses__": EXECUTED,
    "computed name through __import__, second user": "the built-in __import__ answers from sys.modules unheard",
    "data read by a child process": "of what a child may read, only Python sources are followed",
}
# Wrong unless a session continues from a process in which the other file was imported.
SOMETIMES_WRONG = {
    "edit of a test that needs another file's import": "the other file is proven and pruned, so nobody imports it",
}
_COLD: dict = {}


@pytest.fixture
def project(tmp_path):
    """One whose cold verdicts both modes share, where the same process runs them."""
    return Project(tmp_path / "project", known=_COLD)


MARKS = {
    **{row: [pytest.mark.xfail(reason=symptom)] for row, symptom in KNOWN_WRONG.items()},
    **{row: [pytest.mark.xfail(reason=symptom, strict=False)] for row, symptom in SOMETIMES_WRONG.items()},
}
ROWS = [pytest.param(row, marks=MARKS.get(row, [])) for row in ALL]


def walk(project, row):
    """Make the row's edits; give way after each."""
    start, *edits = ALL[row]
    before = None
    for number, edit in enumerate((start, *edits)):
        project.apply(edit)
        outcomes = project.cold()["outcomes"]
        assert row in UNMOVED or outcomes != before, "an edit that changes no verdict shows nothing"
        before = outcomes
        yield number


@pytest.mark.parametrize("row", ROWS)
def test_while_it_watches(project, row):
    steps = walk(project, row)
    next(steps)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        for _ in steps:
            step = session.assert_equal_to_cold()
            assert not set(SPARED.get(row, ())).intersection(step.ran)


@pytest.mark.parametrize("row", ROWS)
def test_once_after_each_edit(project, row):
    for number in walk(project, row):
        session = run_once(project)
        cold = project.cold()
        settled = [event for event in session.events() if event["event"] == "settled"][-1]
        assert settled["outcomes"] == cold["outcomes"]
        assert session.process.returncode == cold["exit_code"]
        ran = [event["nodeid"] for event in session.events() if event["event"] == "test"]
        assert number == 0 or not set(SPARED.get(row, ())).intersection(ran)
