"""Broken code, broken tests, killed processes, broken stores: the session says so, lives, and stays right."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import sys
import tempfile
from pathlib import Path

import pytest
from harness import Screen, SessionEnded, WatchSession, eventually, run_once

STORE = ".pytest_cache/d/reloadwatch/store.sqlite"
START = """
    --- conftest.py
    import pytest
    @pytest.fixture
    def one():
        return 1
    --- app.py
    def answer():
        return 42
    --- sub/conftest.py
    --- sub/test_sub.py
    def test_sub(one):
        assert one == 1
    --- test_app.py
    import app
    def test_answer(one):
        assert app.answer() == 41 + one
    --- test_other.py
    def test_other(): pass
"""
BROKEN = {
    "syntax error": "import os\n\ndef broken(:\n",
    "import error": "import os\n\nimport no_such_module\n",
    "exception": "import os\n\nraise RuntimeError('broken')\n",
}


@pytest.fixture
def outside(tmp_path):
    """A place for what the tests of a project tell us, where no session looks."""
    place = tmp_path / "outside"
    place.mkdir()
    return place


def pid_in(path):
    """The pid that a test of the project writes to *path*."""
    return int(eventually(f"a pid in {path}", lambda: path.exists() and path.read_text(encoding="utf-8")))


class TestBrokenSource:
    @pytest.mark.parametrize("error", BROKEN)
    @pytest.mark.parametrize("name", ["test_app.py", "app.py", "conftest.py", "sub/conftest.py"])
    def test_is_shown_with_file_and_line_and_the_fix_recovers(self, project, name, error):
        project.apply(START)
        right = project.read(name)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            for comment in ("", "# again\n"):
                shown = len(session.output())
                project.write(name, BROKEN[error] + comment)
                step = session.assert_equal_to_cold()
                assert step.exit_code != 0
                output = session.output()[shown:]
                assert f"{name}:3" in output or f'{name}", line 3' in output
                project.write(name, right)
                step = session.assert_equal_to_cold()
                assert step.exit_code == 0

    def test_that_comes_back_is_shown_again(self, project):
        project.apply(START)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            for _ in range(2):
                shown = len(session.output())
                project.write("app.py", BROKEN["syntax error"])
                session.assert_equal_to_cold()
                assert 'app.py", line 3' in session.output()[shown:]
                project.write("app.py", "def answer(): return 42\n")
                session.assert_equal_to_cold()

    @pytest.mark.parametrize("name", ["test_app.py", "app.py", "conftest.py", "sub/conftest.py"])
    def test_from_the_start(self, project, name):
        project.apply(START)
        right = project.read(name)
        project.write(name, BROKEN["syntax error"])
        with WatchSession(project) as session:
            assert session.assert_equal_to_cold().exit_code != 0
            project.write(name, "import os\n\nimport no_such_module\n")
            assert session.assert_equal_to_cold().exit_code != 0
            assert "no_such_module" in session.output()
            project.write(name, right)
            assert session.assert_equal_to_cold().exit_code == 0

    def test_that_is_no_text(self, project):
        project.apply(START)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            project.path("app.py").write_bytes(b"\xff\x00\xfe")
            session.assert_equal_to_cold()
            project.path("app.py").write_bytes(b"")
            session.assert_equal_to_cold()


class TestCrash:
    @pytest.mark.parametrize(
        "crash",
        [
            "os._exit(0)",
            "os._exit(3)",
            "os.kill(os.getpid(), signal.SIGSEGV)",
            "os.abort()",
        ],
    )
    def test_of_a_test_is_its_error_and_no_other_test_s(self, project, crash):
        project.apply(f"""
            --- crash.py
            import os, signal
            def crash():
                {crash}
            --- test_crash.py
            from crash import crash
            def test_before(): pass
            def test_crash(): crash()
            def test_after(): pass
            --- test_other.py
            def test_other(): pass
        """)
        others = {f"test_crash.py::test_{name}": "passed" for name in ("before", "after")}
        others["test_other.py::test_other"] = "passed"
        with WatchSession(project) as session:
            step = session.step()
            assert step.outcomes == {**others, "test_crash.py::test_crash": "error"}
            assert re.search(r"^reloadwatch: the run .* in test_crash.py::test_crash$", session.output(), re.MULTILINE)
            assert step.exit_code == 1
            assert "test_crash.py::test_crash" in session.output()
            project.replace("crash.py", crash, "pass")
            step = session.step()
            assert step.outcomes == {**others, "test_crash.py::test_crash": "passed"}
            assert "test_other.py::test_other" not in step.ran

    def test_while_a_file_is_collected_is_its_error(self, project):
        project.apply("""
            --- test_a.py
            def test_a(): pass
            --- test_b.py
            import os
            os._exit(0)
            --- test_c.py
            def test_c(): pass
        """)
        with WatchSession(project) as session:
            step = session.step()
            assert "\nreloadwatch: the run ended with exit code 0 in test_b.py\n" in session.output()
            others = {"test_a.py::test_a": "passed", "test_c.py::test_c": "passed"}
            assert step.outcomes == {**others, "test_b.py": "error"}
            project.write("test_b.py", "def test_b(): pass\n")
            session.assert_equal_to_cold()

    def test_of_a_conftest_ends_no_session(self, project):
        project.apply("""
            --- conftest.py
            import os
            os._exit(0)
            --- test_a.py
            def test_a(): pass
        """)
        with WatchSession(project) as session:
            assert session.step().exit_code != 0
            project.write("conftest.py", "")
            assert session.assert_equal_to_cold().exit_code == 0

    def test_that_is_mended_in_the_test_itself(self, project):
        project.apply("""
            --- test_crash.py
            import os
            def test_crash(): os._exit(1)
        """)
        with WatchSession(project) as session:
            assert session.step().outcomes == {"test_crash.py::test_crash": "error"}
            project.replace("test_crash.py", "os._exit(1)", "pass")
            session.assert_equal_to_cold()


class TestEndlessTest:
    @pytest.mark.parametrize(
        "loop",
        [
            "while True: pass",
            "time.sleep(3600)",
            "threading.Event().wait()",
        ],
    )
    def test_is_cancelled_by_the_next_save(self, project, loop):
        project.apply(f"""
            --- test_loop.py
            import threading, time
            def test_before(): pass
            def test_loop():
                {loop}
        """)
        with WatchSession(project) as session:
            session.wait_for_event("test", nodeid="test_loop.py::test_before")
            project.replace("test_loop.py", loop, "pass")
            step = session.assert_equal_to_cold()
            assert [run["cancelled"] for run in step.runs] == [True, False]

    def test_that_swallows_interrupts_is_killed(self, project, outside):
        project.apply(f"""
            --- test_loop.py
            import os, time
            def test_loop():
                with open({str(outside / "pid")!r}, "w") as file:
                    file.write(str(os.getpid()))
                while True:
                    try:
                        time.sleep(3600)
                    except BaseException:
                        pass
        """)
        with WatchSession(project) as session:
            pid_in(outside / "pid")
            project.write("test_loop.py", "def test_loop(): pass\n")
            session.assert_equal_to_cold()

    def test_does_not_keep_the_session_from_ending(self, project, outside):
        project.apply(f"""
            --- test_loop.py
            import os
            def test_loop():
                with open({str(outside / "pid")!r}, "w") as file:
                    file.write(str(os.getpid()))
                while True: pass
        """)
        with WatchSession(project):
            pid_in(outside / "pid")

    def test_thread_that_never_ends_holds_nothing_up(self, project):
        project.apply("""
            --- value.py
            VALUE = 1
            --- test_thread.py
            import threading
            from value import VALUE
            def test_thread():
                threading.Thread(target=threading.Event().wait).start()
                assert VALUE == 1
        """)
        with WatchSession(project) as session:
            assert session.step().outcomes == {"test_thread.py::test_thread": "passed"}
            project.write("value.py", "VALUE = 2\n")
            assert session.step().outcomes == {"test_thread.py::test_thread": "failed"}


class TestKill:
    WAITING = """
        --- app.py
        VALUE = 1
        --- test_waits.py
        import os, pathlib, time
        import app
        def test_waits():
            pid = pathlib.Path(os.environ["OUTSIDE"], "pid")
            if not pid.exists():
                pid.write_text(str(os.getpid()))
                time.sleep(3600)
        --- test_other.py
        def test_other(): pass
    """

    def test_of_a_run(self, project, outside):
        project.apply(self.WAITING)
        with WatchSession(project, environment={"OUTSIDE": str(outside)}) as session:
            os.kill(pid_in(outside / "pid"), signal.SIGKILL)
            step = session.step()
            assert step.outcomes == {
                "test_waits.py::test_waits": "error",
                "test_other.py::test_other": "passed",
            }
            project.write("app.py", "VALUE = 2\n")
            assert set(session.step().outcomes.values()) == {"passed"}

    def test_of_each_checkpoint(self, project):
        project.apply(START)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            for number in range(4):
                for pid in session.checkpoints()[number : number + 1]:
                    os.kill(pid, signal.SIGKILL)
                project.write("app.py", f"def answer():\n    return {number}\n")
                session.assert_equal_to_cold()
            project.write("app.py", "def answer():\n    return 42\n")
            session.assert_equal_to_cold()

    def test_of_all_checkpoints(self, project):
        project.apply(START)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            for pid in session.checkpoints():
                os.kill(pid, signal.SIGKILL)
            project.write("app.py", "def answer():\n    return 1\n")
            session.assert_equal_to_cold()
            project.write("app.py", "def answer():\n    return 42\n")
            session.assert_equal_to_cold()

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    def test_of_the_idle_controller_leaves_nothing(self, project, number):
        project.apply(START)
        with WatchSession(project) as session:
            session.step()
            assert session.checkpoints()
            session.process.send_signal(number)
            session.wait_for_end(5)
            session.wait_until_nothing_remains()

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
    def test_of_the_controller_in_a_run_leaves_nothing(self, project, outside, number):
        project.apply(self.WAITING)
        with WatchSession(project, environment={"OUTSIDE": str(outside)}) as session:
            pid_in(outside / "pid")
            session.process.send_signal(number)
            session.wait_for_end(5)
            session.wait_until_nothing_remains()

    def test_of_the_controller_does_not_hinder_the_next_session(self, project):
        project.apply(START)
        with WatchSession(project) as session:
            session.step()
            session.process.kill()
            session.wait_for_end()
            session.wait_until_nothing_remains()
        project.write("app.py", "def answer():\n    return 1\n")
        with WatchSession(project) as session:
            session.assert_equal_to_cold()


def garbage(path):
    path.write_bytes(b"this is no database" * 100)


def cut(path):
    path.write_bytes(path.read_bytes()[:5000])


def older_version(path):
    with sqlite3.connect(path) as store:
        store.execute("update meta set version = '0'")
    store.close()


def empty(path):
    path.write_bytes(b"")


def a_directory(path):
    path.unlink()
    path.mkdir()


def read_only(path):
    """A version of the file format that sqlite may read but not write; permissions do not stop root."""
    data = bytearray(path.read_bytes())
    data[18] = 3
    path.write_bytes(data)


class TestStore:
    @pytest.mark.parametrize("spoil", [garbage, cut, older_version, a_directory])
    def test_that_cannot_be_used_is_rebuilt_with_a_message(self, project, spoil):
        project.apply(START)
        assert run_once(project).process.returncode == 0
        spoil(project.path(STORE))
        with WatchSession(project) as session:
            step = session.assert_equal_to_cold()
            assert sorted(step.ran) == sorted(step.outcomes)
            assert "the store" in session.output()
            assert "Traceback" not in session.output()
            project.write("app.py", "def answer():\n    return 1\n")
            session.assert_equal_to_cold()

    def test_that_was_rebuilt_is_used(self, project):
        project.apply(START)
        run_once(project)
        project.path(STORE).write_bytes(b"no database")
        assert len(run_once(project).events()) > 1
        again = run_once(project)
        assert again.process.returncode == 0
        assert not [event for event in again.events() if event["event"] == "test"]
        assert "the store" not in again.output()

    @pytest.mark.parametrize("spoil", [read_only, empty])
    def test_that_cannot_be_written_or_is_new_still_gives_right_verdicts(self, project, spoil):
        project.apply(START)
        run_once(project)
        spoil(project.path(STORE))
        project.write("app.py", "def answer():\n    return 1\n")
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            project.write("app.py", "def answer():\n    return 42\n")
            session.assert_equal_to_cold()
            assert "Traceback" not in session.output()

    def test_that_is_read_only_is_said_once(self, project):
        project.apply(START)
        run_once(project)
        read_only(project.path(STORE))
        with WatchSession(project) as session:
            for answer in (1, 2, 42):
                project.write("app.py", f"def answer():\n    return {answer}\n")
                session.assert_equal_to_cold()
            assert session.output().count("the store") == 1

    @pytest.mark.parametrize("spoil", [garbage, cut, Path.unlink])
    def test_that_is_spoiled_under_a_session_stops_nothing(self, project, spoil):
        project.apply(START)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            spoil(project.path(STORE))
            for answer in (1, 2):
                project.write("app.py", f"def answer():\n    return {answer}\n")
                session.assert_equal_to_cold()
            assert "Traceback" not in session.output()
        with WatchSession(project) as session:
            session.assert_equal_to_cold()

    def test_whose_cache_directory_is_deleted_under_a_session(self, project):
        project.apply(START)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            project.delete(".pytest_cache")
            project.write("app.py", "def answer():\n    return 1\n")
            session.assert_equal_to_cold()
            assert "Traceback" not in session.output()

    @pytest.mark.parametrize("place", ["blocker/below", "/proc/nowhere"])
    def test_without_a_place_to_write(self, project, place):
        project.apply(START)
        project.write("blocker", "a file where a directory is needed\n")
        project.write("pytest.ini", f"[pytest]\ncache_dir = {place}\n")
        with WatchSession(project, "-W", "ignore::pytest.PytestCacheWarning") as session:
            session.assert_equal_to_cold()
            assert session.output().count("the store") == 1
            project.write("app.py", "def answer():\n    return 1\n")
            session.assert_equal_to_cold()
            assert "Traceback" not in session.output()


class TestDirectories:
    def test_without_any_test(self, project):
        with WatchSession(project) as session:
            assert session.step().outcomes == {}
            project.write("test_first.py", "def test_first(): pass\n")
            session.assert_equal_to_cold()
            project.delete("test_first.py")
            assert session.step().outcomes == {}

    def test_of_tests_deleted_and_back(self, project):
        project.apply(START)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            files = project.files()
            project.delete("sub")
            session.assert_equal_to_cold()
            project.restore(files)
            session.assert_equal_to_cold()
            project.write("sub/test_sub.py", "def test_sub(one): assert one == 2\n")
            session.assert_equal_to_cold()

    def test_of_the_session_deleted_ends_it_with_a_word(self, project):
        project.apply(START)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            shown = len(session.output())
            shutil.rmtree(project.root)
            assert session.wait_for_end() != 0
            assert str(project.root) in session.output()[shown:]
            assert "Traceback" not in session.output()

    def test_of_the_session_deleted_and_back_is_no_crash(self, project):
        project.apply(START)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            files = project.files()
            shutil.rmtree(project.root)
            project.root.mkdir()
            project.restore(files)
            project.write("app.py", "def answer():\n    return 1\n")
            with contextlib.suppress(SessionEnded):
                session.assert_equal_to_cold()
            assert "Traceback" not in session.output()

    def test_with_2000_files_changed_at_once(self, project):
        for number in range(2000):
            project.write(f"pkg/m{number}.py", "VALUE = 1\n")
        project.apply("""
            --- pkg/__init__.py
            --- test_sum.py
            import importlib
            VALUES = [importlib.import_module(f"pkg.m{number}").VALUE for number in range(2000)]
            def test_sum():
                assert sum(VALUES) == 2000
        """)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            for number in range(2000):
                project.write(f"pkg/m{number}.py", "VALUE = 2\n")
            step = session.assert_equal_to_cold()
            assert len(step.runs) < 20  # it waits for quiet instead of starting over with each file
            for number in range(2000):
                project.write(f"pkg/m{number}.py", "VALUE = 1\n")
            assert set(session.assert_equal_to_cold().outcomes.values()) == {"passed"}


IMPURE = {
    "thread": """
        import threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    """,
    "socket": """
        import socket
        SERVER = socket.socket()
        SERVER.bind(("127.0.0.1", 0))
    """,
    "child": """
        import subprocess
        CHILD = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        import atexit
        atexit.register(CHILD.communicate)
    """,
}


USES_IMPURE = """
    --- value.py
    VALUE = 1
    --- test_value.py
    import impure
    import value
    def test_value():
        assert value.VALUE == 1
"""


class TestImpureImport:
    @pytest.mark.parametrize("impurity", IMPURE)
    def test_is_right_and_said_once(self, project, impurity):
        project.write("impure.py", IMPURE[impurity])
        project.apply(USES_IMPURE)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            for value in (2, 3, 1):
                project.write("value.py", f"VALUE = {value}\n")
                session.assert_equal_to_cold()
            assert session.output().count("no checkpoint from here on") == 1
            assert f"reload_allow = {impurity}" in session.output()

    def test_all_that_stands_in_the_way_is_said_at_once(self, project):
        """As pytest-rerunfailures has it: a server, and a thread that waits for who connects."""
        project.write("impure.py", IMPURE["socket"] + IMPURE["thread"])
        project.apply(USES_IMPURE)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            assert session.output().count("no checkpoint from here on") == 1
            allowed = re.search(r"reload_allow = ([a-z ]+)\n", session.output())[1]
        project.write("pytest.ini", f"[pytest]\nreload_allow = {allowed}\n")
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            project.write("value.py", "VALUE = 2\n")
            session.assert_equal_to_cold()
            assert "no checkpoint from here on" not in session.output()

    def test_a_temporary_directory_that_is_empty_is_put_back(self, project):
        """As one of a plugin that makes it while it is configured, and removes it at the end of each run."""
        project.apply("""
            --- conftest.py
            import tempfile
            def pytest_configure(config):
                config.place = tempfile.TemporaryDirectory(prefix="of-this-test-")
            def pytest_unconfigure(config):
                config.place.cleanup()
            --- test_value.py
            import os
            import slow
            def test_value(pytestconfig):
                assert os.listdir(pytestconfig.place.name) == []
                open(os.path.join(pytestconfig.place.name, "left"), "w").close()
                assert slow.VALUE == 1
            --- slow.py
            VALUE = 1
        """)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            for value in (2, 3, 1):
                project.write("slow.py", f"VALUE = {value}\n")
                step = session.assert_equal_to_cold()
            assert step.runs == []
            project.write("test_value.py", "def test_value(): pass\n")
            assert session.assert_equal_to_cold().reexecuted == ["test_value"]
            assert "no checkpoint from here on" not in session.output()

    def test_a_temporary_file_is_named_by_a_pattern_that_holds_for_the_next_run(self, project):
        project.apply("""
            --- conftest.py
            import tempfile
            FILE = tempfile.NamedTemporaryFile(prefix="of-this-test-", suffix=".txt", delete=False)
            FILE.close()
            def pytest_unconfigure():
                import os
                os.remove(FILE.name)
            --- test_value.py
            def test_value(): pass
        """)
        with WatchSession(project) as session:
            for _ in range(3):
                session.assert_equal_to_cold()
                project.write("test_value.py", "def test_value(): assert 0\n")
            assert session.output().count("no checkpoint from here on") == 1
            assert f"reload_allow = {tempfile.gettempdir()}/of-this-test-*.txt\n" in session.output()


def test_the_traceback_of_a_fixture_has_no_frame_of_ours(project):
    project.apply("""
        --- conftest.py
        import pytest
        @pytest.fixture(params=["function"])
        def broken(): raise ValueError("of this fixture")
        @pytest.fixture(scope="session")
        def shared(): raise ValueError("of the shared one")
        --- test_a.py
        def test_a(broken): pass
        def test_b(shared): pass
    """)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        assert session.output().count("E   ValueError: of th") == 2
        assert "pytest_reloadwatch" not in session.output()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files have to be text")
def test_names_and_messages_that_are_no_text_are_kept_all_the_same(project):
    project.apply("""
        --- test_names.py
        import os
        import pytest
        def test_reads():
            assert [open(os.path.join("data", name)).read() for name in os.listdir("data")] == ["1"]
        def test_fails():
            raise ValueError("\\ud800")
        @pytest.mark.parametrize("value", ["\\udcff"])
        def test_value(value): pass
    """)
    os.mkdir(project.path("data"))
    name = os.path.join(os.fsencode(project.path("data")), b"caf\xe9.txt")
    for text, exit_code in ("1", 1), ("2", 1):
        with open(name, "w") as file:
            file.write(text)
        with WatchSession(project) as session:
            step = session.assert_equal_to_cold()
            assert step.exit_code == exit_code
            with open(name, "a") as file:
                file.write("3")
            assert "test_names.py::test_reads" in session.assert_equal_to_cold().ran
    with WatchSession(project) as session:
        assert "test_names.py::test_value[\\udcff]" not in session.step().ran


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_that_a_test_leaves_behind_keeps_nobody_waiting(project):
    project.apply("""
        --- test_pipe.py
        import os, threading
        NUMBER = 1
        def write():
            with open("pipe", "w") as pipe:
                pipe.write("told")
        def test_pipe():
            if not os.path.exists("pipe"):
                os.mkfifo("pipe")
            thread = threading.Thread(target=write)
            thread.start()
            with open("pipe") as pipe:
                assert pipe.read() == "told"
            thread.join()
        def test_lists():
            assert "pipe" in os.listdir()
    """)
    with WatchSession(project) as session:
        session.step()
        project.replace("test_pipe.py", "NUMBER = 1", "NUMBER = 2")
        assert session.step().ran == ["test_pipe.py::test_pipe", "test_pipe.py::test_lists"]
        assert session.step().exit_code == 0


def test_the_functions_that_are_watched_are_the_systems_own_as_far_as_anybody_sees(project):
    project.apply("""
        --- test_os.py
        import os, pickle
        class Asks:
            stat = os.stat
        def test_method():
            assert Asks().stat(".")
        def test_pickle():
            assert pickle.loads(pickle.dumps(os.stat)) is os.stat
        def test_name():
            assert "built-in" in repr(os.access)
        def test_missing():
            os.lstat("missing")
    """)
    with WatchSession(project) as session:
        step = session.assert_equal_to_cold()
        assert step.of("settled")[0]["outcomes"]["test_os.py::test_missing"] == "failed"
        session.wait_for_output("test_os.py:11: FileNotFoundError")
        assert "audit.py" not in session.output()


BEGINNING = """
    --- pytest.ini
    [pytest]
    filterwarnings =
        error
        ignore::shop.warning.Late
    --- shop/__init__.py
    --- shop/warning.py
    class Late(UserWarning): pass
    --- shop/plug.py
    from pathlib import Path
    NUMBER = int(Path(__file__).with_name("number.txt").read_text())
    --- shop/number.txt
    none
    --- shop/price.py
    def price(): return 1
    --- test_price.py
    from shop.price import price
    def test_price(): assert price() == 1
"""


class TestWhatPytestCannotBeginWith:
    """It does not end the session: that says what is wrong, and goes on when it is mended."""

    @pytest.fixture
    def session(self, project):
        project.apply(BEGINNING)
        with WatchSession(project) as session:
            assert session.step().exit_code == 0
            yield session

    @pytest.mark.parametrize(
        ("path", "text", "said"),
        [
            ("shop/warning.py", None, "shop.warning"),
            ("shop/warning.py", "raise KeyError('lost')\n", "KeyError: 'lost'"),
            ("pytest.ini", "[pytest]\naddopts = --nonsense\n", "unrecognized arguments: --nonsense"),
            ("pytest.ini", "[pytest]\naddopts = -p nonsense\n", "No module named 'nonsense'"),
        ],
    )
    def test_is_mended_where_it_was_broken(self, project, session, path, text, said):
        before = project.read(path)
        project.delete(path) if text is None else project.write(path, text)
        broken = session.step()
        session.wait_for_output(said)
        assert (broken.exit_code != 0, broken.outcomes) == (True, {})
        project.write(path, before)
        project.replace("shop/price.py", "return 1", "return 2")
        assert session.assert_equal_to_cold().outcomes == {"test_price.py::test_price": "failed"}

    def test_is_mended_elsewhere(self, project, session):
        """In a file on which nothing rests, so that nobody was looking at it."""
        project.write("pytest.ini", "[pytest]\naddopts = -p shop.plug\n")
        assert session.step().exit_code != 0
        session.wait_for_output("pytest.ini changed: pytest cannot begin with that")
        project.write("shop/number.txt", "1\n")
        session.wait_for_output("starting over: pytest.ini changed")
        assert session.assert_equal_to_cold().outcomes == {"test_price.py::test_price": "passed"}

    def test_leaves_nothing_in_the_environment_of_tests(self, project, session):
        project.write("pytest.ini", "[pytest]\naddopts = -p nonsense\n")
        session.step()
        project.write(
            "test_price.py", "import os\ndef test_clean(): assert 'PYTEST_RELOADWATCH_ANEW' not in os.environ\n"
        )
        project.write("pytest.ini", "[pytest]\naddopts = -p no:nose\n")
        assert session.assert_equal_to_cold().outcomes == {"test_price.py::test_clean": "passed"}

    def test_is_not_begun_with_when_asked(self, project):
        project.apply(BEGINNING)
        with Screen(project) as screen:
            screen.see("waiting for changes")
            project.write("pytest.ini", "[pytest]\naddopts = -p nonsense\n")
            screen.see("pytest.ini changed: pytest cannot begin with that")
            screen.press("r")
            screen.see("pytest cannot begin with that: this process goes on")


def test_a_file_that_hides_what_a_plugin_has_imported_has_the_session_start_over(project, tmp_path):
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "painter.py").write_text("import colorsys\n", encoding="utf-8")
    search_path = os.pathsep.join(filter(None, [str(project.root), str(plugins), os.environ.get("PYTHONPATH")]))
    project.write("pytest.ini", "[pytest]\naddopts = -p painter\n")
    project.write("test_color.py", "import colorsys\ndef test_color(): assert colorsys.ONE_THIRD\n")
    with WatchSession(project, environment={"PYTHONPATH": search_path}) as session:
        assert session.step().outcomes == {"test_color.py::test_color": "passed"}
        project.write("colorsys.py", "ONE_THIRD = 0\n")
        assert session.step().outcomes == {"test_color.py::test_color": "failed"}
        session.wait_for_output("starting over: colorsys.py changed")
        project.delete("colorsys.py")
        assert session.step().outcomes == {"test_color.py::test_color": "passed"}
