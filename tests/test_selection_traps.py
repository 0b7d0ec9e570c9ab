"""After every edit, a session and a series of single runs say what a cold run of the same tree says."""

import pytest
from harness import Project, WatchSession, run_once
from traps import ALL, SPARED, UNMOVED

KNOWN_WRONG = {
    "computed name through __import__, second user": "the built-in __import__ answers from sys.modules unheard",
}
_COLD: dict = {}


@pytest.fixture
def project(tmp_path):
    """One whose cold verdicts both modes share, where the same process runs them."""
    return Project(tmp_path / "project", known=_COLD)


MARKS = {row: [pytest.mark.xfail(reason=symptom)] for row, symptom in KNOWN_WRONG.items()}
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
