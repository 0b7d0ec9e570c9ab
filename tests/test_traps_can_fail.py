"""The table of traps can fail: with any recorder switched off, some row of it sees a verdict that is wrong."""

import os

import pytest
from harness import WatchSession
from sabotage import SABOTAGES
from traps import ALL

# The row that notices. What is not here is told twice: modules that execute are also seen when their file is opened.
CAUGHT_BY = {
    "opened": "data file read by a library on behalf of a test",
    "listed": "new file in a directory that is listed",
    "entries_scanned": "sizes told by a directory",
    "asked": "template found by what exists",
    "whether_there": "a link that is asked about, not followed",
    "silent_reads": "data that a library opens by itself",
    "kept_by_libraries": "data that an installed library keeps",
    "shown": "line of a source that a traceback shows",
    "missing": "optional import by a computed name",
    "passed_over": "new module in front of another",
    "imported_by_name": "computed name, first and second user",
    "imports_of_computed_names": "computed name, and what that module imports",
    "databases": "database file",
    "child_processes": "child process of a session's fixture",
    "named_in_commands": "data named in the command of another program",
    "executed_code": "registry filled by another test file's import",
    "shared_fixtures": "second user of a session fixture",
    "fixtures_by_name": "fixture asked for by name, set up by another test",
    "edges_at_run_time": "data file read by a helper that keeps it",
    "imports_in_the_source": "second file that imports a module",
    "names_in_strings": "dotted name given to __import__, second user",
    "implicit_packages": "an implicit package that only executes",
    "conftests": "items changed by a conftest",
    "far_conftests": "items changed by a conftest of another directory",
    "ambient": "a warning that the ini file names",
    "listings_of_tests": "new test file, and a directory of them",
    "content": "save with the same size and time",
    "texts": "text of a source, comments included",
    "sweeps": "imported constant",
    "failing_again": "failing test whose cause nobody sees",
}
HERE = os.path.dirname(os.path.abspath(__file__))


def is_ever_wrong(project, row, sabotage):
    """Whether a session that is sabotaged in this way says something else than a cold run, at any state of the row."""
    start, *edits = ALL[row]
    project.apply(start)
    environment = {"RELOADWATCH_SABOTAGE": sabotage, "PYTHONPATH": HERE}
    with WatchSession(project, "-p", "sabotage", environment=environment) as session:
        assert session.step().outcomes == project.cold()["outcomes"], "nothing has been edited yet"
        for edit in edits:
            project.apply(edit)
            if session.step().outcomes != project.cold()["outcomes"]:
                return True
    return False


def test_each_sabotage_has_its_row():
    assert set(CAUGHT_BY) == set(SABOTAGES)


@pytest.mark.parametrize("sabotage", CAUGHT_BY)
def test_a_row_notices(project, sabotage):
    assert is_ever_wrong(project, CAUGHT_BY[sabotage], sabotage)


def test_the_plugin_alone_does_no_harm(project):
    assert not is_ever_wrong(project, "data file read by a helper that keeps it", "")
