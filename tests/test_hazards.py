"""After every edit, a session says what a cold run of the same tree says, whichever engine makes modules fresh."""

import os
import re

import pytest
from harness import WatchSession
from hazards import ALL, collection, files, imports, libraries, modes, objects, processes

# All of them in place take some minutes: RELOADWATCH_ALL_HAZARDS=1 runs them, as CI does.
KINDS = (imports, files, collection, libraries, modes, processes)
CHOSEN = (*objects.HAZARDS, *(next(iter(kind.HAZARDS)) for kind in KINDS))
IN_PLACE = ALL if os.environ.get("RELOADWATCH_ALL_HAZARDS") else CHOSEN
SAID = re.compile(r"^reloadwatch: (reloaded in place|in the same process|a fresh process|starting over): \S", re.M)


def walk_through(project, hazard, *options):
    """Make the hazard's edits, with a cold run after each; whether the session said each time how it took them in."""
    start, *edits = ALL[hazard]
    project.apply(start)
    at_first = project.files()
    says = []
    with WatchSession(project, *options) as session:
        before = session.assert_equal_to_cold().outcomes
        for edit in edits:
            since = len(session.output())
            project.apply(edit)
            step = session.assert_equal_to_cold()
            assert step.outcomes != before, "an edit that changes no verdict shows nothing"
            before = step.outcomes
            says.append(not step.runs or bool(SAID.search(session.output()[since:])))  # nothing runs for an undone edit
        project.restore(at_first)
        session.assert_equal_to_cold()
    return says


@pytest.mark.parametrize("hazard", ALL)
def test_equal_to_a_cold_run(project, hazard):
    walk_through(project, hazard)


@pytest.mark.parametrize("hazard", IN_PLACE)
def test_equal_to_a_cold_run_in_place(project, hazard):
    assert all(walk_through(project, hazard, "--reload-engine=inplace")), "it did not say how it took an edit in"
