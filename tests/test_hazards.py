"""After every edit, a session says what a cold run of the same tree says."""

import pytest
from harness import WatchSession
from hazards import ALL


@pytest.mark.parametrize("hazard", ALL)
def test_equal_to_a_cold_run(project, hazard):
    start, *edits = ALL[hazard]
    project.apply(start)
    at_first = project.files()
    with WatchSession(project) as session:
        before = session.assert_equal_to_cold().outcomes
        for edit in edits:
            project.apply(edit)
            outcomes = session.assert_equal_to_cold().outcomes
            assert outcomes != before, "an edit that changes no verdict shows nothing"
            before = outcomes
        project.restore(at_first)
        session.assert_equal_to_cold()
