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


LOOK = """
import json, os, stat, sys
seen = {
    "path": sys.path, "argv": sys.orig_argv, "flags": str(sys.flags),
    "environment": [*os.environ.items()], "modules": sorted(sys.modules),
    "customized": getattr(sys.modules.get("sitecustomize"), "__file__", None),
    "finders": [repr(finder).partition(" object at")[0] for finder in sys.meta_path], "hooks": len(sys.path_hooks),
    "cached": sorted(sys.path_importer_cache), "descriptors": os.listdir("/proc/self/fd"),
}
print(json.dumps(seen), file=sys.stderr)
"""
COMPARES = """
    import os, pathlib, subprocess, sys
    import pytest
    HERE = pathlib.Path(__file__).parent
    WAYS = [["-c", HERE.joinpath("look.py").read_text()], ["look.py"], ["-m", "look"]]
    ENVIRONMENTS = {
        "none": {},
        "own path": {"PYTHONPATH": "lib"},
        "empty path": {"PYTHONPATH": ""},
        "two": {"PYTHONPATH": os.pathsep.join(["lib", "", "lib"])},
        "customized": {"PYTHONPATH": "customized"},
        "broken": {"PYTHONPATH": "broken"},
        "missing": {"PYTHONPATH": "missing"},
    }

    def unseen(words, environment, target):
        '''Start it through a door at which nobody stands.'''
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        actions = [
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, flags, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, str(target), flags, 0o600),
        ]
        pid = os.posix_spawn(words[0], words, environment, file_actions=actions)
        assert os.waitpid(pid, 0)[1] == 0
        return target.read_text()

    @pytest.mark.parametrize("words", WAYS, ids=["command", "script", "module"])
    @pytest.mark.parametrize("environment", ENVIRONMENTS.values(), ids=ENVIRONMENTS)
    def test_is_the_same(words, environment, tmp_path):
        words = [sys.executable, *words]
        environment = {**os.environ, **environment}
        target = tmp_path / "out"
        with open(target, "w") as file:
            subprocess.run(words, env=environment, stdin=0, stdout=-3, stderr=file, check=True)
        seen = target.read_text()
        assert seen == unseen(words, environment, target)
        assert "PYTEST_RELOADWATCH_CHILD" not in seen

    def test_inherited_environment():
        before = dict(os.environ)
        code = "import os; print(dict(os.environ) == eval(input()))"
        words = [sys.executable, "-c", code]
        assert subprocess.check_output(words, input=repr(before), text=True) == "True\\n"
        assert dict(os.environ) == before
"""


def test_a_child_sees_nothing_of_the_session(project):
    project.write("look.py", LOOK)
    project.write("lib/empty.txt", "")
    project.write("customized/sitecustomize.py", "import json\nCUSTOMIZED = True\n")
    project.write("broken/sitecustomize.py", "raise KeyError('broken')\n")
    project.write("missing/sitecustomize.py", "import gone\n")
    project.write("test_compares.py", COMPARES)
    with WatchSession(project) as session:
        assert session.assert_equal_to_cold().exit_code == 0


def test_suites_in_children_are_as_when_cold(project):
    project.apply("""
        --- conftest.py
        pytest_plugins = "pytester"
        --- rules.py
        LIMIT = 1
        --- unrelated.py
        --- test_inner.py
        def test_inner(pytester, monkeypatch, request):
            monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
            pytester.makepyfile("import rules\\ndef test_limit():\\n    assert rules.LIMIT == 1\\n")
            pytester.runpytest_subprocess().assert_outcomes(passed=1)
    """)
    with WatchSession(project) as session:
        assert session.assert_equal_to_cold().exit_code == 0
        project.write("unrelated.py", "VALUE = 1\n")
        assert session.assert_equal_to_cold().ran == []
        project.apply("--- rules.py: 1 => 2")
        assert session.assert_equal_to_cold().exit_code == 1


def test_what_a_child_rewrites_is_no_change(project):
    project.apply("""
        --- count.txt
        1
        --- counts.py
        import pathlib
        path = pathlib.Path("count.txt")
        text = path.read_text()
        path.write_text("7")
        path.write_text(text)
        path.with_name("made.txt").write_text("here")
        print(text, path.with_name("made.txt").read_text())
        --- test_counts.py
        import subprocess, sys
        def test_counts():
            assert subprocess.check_output([sys.executable, "counts.py"]) == b"1\\n here\\n"
        --- test_other.py
        def test_other(): pass
    """)
    with WatchSession(project) as session:
        assert session.assert_equal_to_cold().exit_code == 0
        assert session.step().ran == []
        project.write("count.txt", "2\n")
        step = session.assert_equal_to_cold()
        assert step.ran == ["test_counts.py::test_counts"]
        assert step.exit_code == 1
