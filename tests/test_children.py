"""What a test's child processes take in is what the test rests on, and no more than that."""

from harness import WatchSession

SCRIPT = """
    --- helper.py
    VALUE = 1
    --- unrelated.py
    VALUE = 1
    --- script.py
    import helper
    raise SystemExit(helper.VALUE)
    --- test_script.py
    import subprocess, sys
    def test_script():
        assert subprocess.run([sys.executable, "script.py"]).returncode == 1
    --- test_unrelated.py
    import unrelated
    def test_unrelated():
        assert unrelated.VALUE == 1
"""


def test_a_child_that_reports_counts_for_its_own_test(project):
    project.apply(SCRIPT)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.apply("--- unrelated.py: 1 => 2")
        assert session.assert_equal_to_cold().ran == ["test_unrelated.py::test_unrelated"]
        project.apply("--- helper.py: 1 => 2")
        assert "test_script.py::test_script" in session.assert_equal_to_cold().ran
        project.apply("--- helper.py: 2 => 1")
        project.apply("--- unrelated.py: 2 => 1")
        assert session.assert_equal_to_cold().exit_code == 0
