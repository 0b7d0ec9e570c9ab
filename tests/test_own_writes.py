"""What tests write themselves, in the open or through a child, is no change; edits of the same files still are."""

import os
import sqlite3
import sys

import pytest
from harness import WatchSession, eventually

READS = """
    --- data.txt
    1
    --- app.py
    import pathlib
    VALUE = int(pathlib.Path(__file__).with_name("data.txt").read_text())
    --- test_app.py
    import app
    def test_value():
        assert app.VALUE == 1
"""
RETIMES = """
    --- test_retimes.py
    import os
    def test_sets_the_time():
        os.utime("data.txt", (1_700_000_000, 1_700_000_000))
        os.chmod("data.txt", 0o644)
"""
REPLACES_FOR_A_WHILE = """
    --- test_replaces.py
    import pathlib
    DATA = pathlib.Path(__file__).with_name("data.txt")
    def test_replaces():
        before = DATA.read_text()
        DATA.write_text("7")
        assert DATA.read_text() == "7"
        DATA.write_text(before)
    --- test_reads.py
    import pathlib
    def test_reads():
        assert pathlib.Path(__file__).with_name("data.txt").read_text() in ("1\\n", "2\\n")
"""
REMOVES_A_COPY = """
    --- test_removes.py
    import os, pathlib, shutil
    HERE = pathlib.Path(__file__).parent
    def test_removes(tmp_path):
        copy = tmp_path / "copy"
        shutil.copytree(HERE, copy, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
        shutil.rmtree(copy)
        directory = os.open(tmp_path, os.O_RDONLY)
        os.mkdir("app.py", dir_fd=directory)
        os.rename("app.py", "data.txt", src_dir_fd=directory, dst_dir_fd=directory)
        os.rmdir("data.txt", dir_fd=directory)
        os.close(directory)
        os.symlink("data.txt", tmp_path / "link")
"""
REGENERATES = f"""
    --- test_regenerates.py
    import subprocess
    WRITE = "import pathlib; p = pathlib.Path('app.py'); t = p.read_text(); p.unlink(); p.write_text(t)"
    def test_writes_it_anew():
        subprocess.run([{sys.executable!r}, "-c", WRITE], check=True)
"""
MAKES_AND_REMOVES = """
    --- test_generates.py
    import pathlib, pytest, shutil
    HERE = pathlib.Path(__file__).parent
    @pytest.mark.parametrize("number", range(150))
    def test_generates(number):
        made = HERE / f"made-{number % 10}" / "empty"
        made.mkdir(parents=True)
        text = made.with_name("text.txt")
        text.write_text("made")
        assert text.exists() and sorted(p.name for p in HERE.glob("made-*/*")) == ["empty", "text.txt"]
        shutil.rmtree(made.parent)
"""
LEAVES_A_DATABASE = """
    --- test_database.py
    import sqlite3
    def test_adds_a_row():
        database = sqlite3.connect("left.db")
        with database:
            database.execute("create table if not exists rows (n)")
            database.execute("insert into rows values (1)")
        database.close()
"""
HAS_A_SHELL_WRITE = """
    --- data.txt
    1
    --- test_lists.py
    import pathlib
    HERE = pathlib.Path(__file__).parent
    def test_lists():
        assert [path.name for path in HERE.glob("*.txt")] == ["data.txt"]
        assert (HERE / "data.txt").read_text() == "1\\n"
    --- test_shell.py
    import subprocess
    NUMBER = 1
    def test_shell():
        subprocess.run("echo 1 > made.txt; sleep 0.3; rm made.txt; sleep 0.2", shell=True, check=True)
"""
COUNTS_IN_A_CHILD = f"""
    --- count.txt
    0
    --- test_count.py
    import pathlib, subprocess
    COUNT = "import pathlib; p = pathlib.Path('count.txt'); p.write_text(str(int(p.read_text()) + 1))"
    def test_counts():
        before = int(pathlib.Path("count.txt").read_text())
        subprocess.run([{sys.executable!r}, "-c", COUNT], check=True)
        assert int(pathlib.Path("count.txt").read_text()) == before + 1
    --- test_other.py
    def test_other(): pass
"""


WRITES = {
    "time stamps": RETIMES,
    "the file itself for a while": REPLACES_FOR_A_WHILE,
    "a copy elsewhere": REMOVES_A_COPY,
    "the same once more": REGENERATES,
    "a database": LEAVES_A_DATABASE,
}


@pytest.mark.parametrize("writes", WRITES.values(), ids=WRITES)
def test_settles_and_still_sees_edits(project, writes):
    project.apply(READS)
    project.apply(writes)
    with WatchSession(project) as session:
        assert session.assert_equal_to_cold().exit_code == 0
        assert session.step().ran == []
        project.write("data.txt", "2\n")
        step = session.assert_equal_to_cold()
        assert step.outcomes["test_app.py::test_value"] == "failed"
        project.replace("test_app.py", "== 1", "== 2")
        assert session.assert_equal_to_cold().exit_code == 0
        assert session.step().ran == []


def test_a_file_that_tests_rewrite_for_others_is_data_for_those(project):
    project.apply(READS)
    project.apply(REPLACES_FOR_A_WHILE)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.write("data.txt", "3\n")
        assert session.assert_equal_to_cold().outcomes["test_reads.py::test_reads"] == "failed"


def test_what_tests_make_of_data_is_data_for_others_however_often_that_is_edited(project):
    project.apply("""
        --- data.txt
        1
        --- test_makes.py
        def test_makes():
            with open("data.txt") as data, open("made.txt", "w") as made:
                made.write(data.read())
        --- test_reads.py
        def test_reads():
            assert open("made.txt").read() != "2\\n"
    """)
    with WatchSession(project) as session:
        session.step()
        for before, now in ("1", "3"), ("3", "4"), ("4", "2"), ("2", "5"):
            project.replace("data.txt", before, now)
            session.assert_equal_to_cold()


def test_output_beside_the_templates_does_not_hide_a_new_one(project):
    project.apply("""
        --- templates/one.html
        --- test_templates.py
        import pathlib
        HERE = pathlib.Path(__file__).with_name("templates")
        def test_renders():
            (HERE / "out.txt").write_text("rendered")
        def test_counts():
            assert len(list(HERE.glob("*.html"))) == 1
    """)
    with WatchSession(project) as session:
        assert session.assert_equal_to_cold().exit_code == 0
        assert session.step().ran == []
        project.write("templates/two.html", "")
        assert session.assert_equal_to_cold().outcomes["test_templates.py::test_counts"] == "failed"


def test_a_database_that_tests_read_is_data(project):
    def save(number):
        database = sqlite3.connect(project.path("numbers.db"))
        with database:
            database.execute("create table if not exists numbers (n)")
            database.execute("delete from numbers")
            database.execute("insert into numbers values (?)", (number,))
        database.close()

    project.apply("""
        --- test_numbers.py
        import sqlite3
        def test_number():
            database = sqlite3.connect("numbers.db")
            try:
                assert database.execute("select n from numbers").fetchone() == (1,)
            finally:
                database.close()
        def test_other(): pass
    """)
    save(1)
    with WatchSession(project) as session:
        assert session.assert_equal_to_cold().exit_code == 0
        save(2)
        step = session.assert_equal_to_cold()
        assert step.ran == ["test_numbers.py::test_number"]
        assert step.exit_code == 1


def test_no_run_is_cancelled_by_what_its_tests_make_and_remove(project):
    project.apply(MAKES_AND_REMOVES)
    with WatchSession(project) as session:
        assert session.step().exit_code == 0
        project.replace("test_generates.py", 'write_text("made")', 'write_text("anew")')
        step = session.step()
        assert [run["cancelled"] for run in step.of("run_finished")] == [False] * len(step.runs)
        assert len(step.ran) == 150
        assert "left out of account" not in session.output()


def test_what_tools_leave_beside_what_the_first_run_looks_at_is_no_change(project):
    project.apply("""
        --- checks/test_looks.py
        import os
        def test_looks():
            assert os.path.isdir(os.path.dirname(__file__))
        def test_lists():
            assert "test_looks.py" in os.listdir(os.path.dirname(__file__))
        --- test_root.py
        import os, subprocess, sys
        def test_lists():
            assert "checks" in os.listdir(os.path.dirname(__file__))
        def test_keeps():
            os.mkdir("data/.hypothesis")
            assert os.path.isdir("data")
        def test_lists_in_a_child():
            subprocess.run([sys.executable, "-c", "import os, helper; os.listdir('.')"], check=True)
        --- helper.py
        --- data/one.txt
    """)
    assert not os.path.exists(project.path("checks/__pycache__"))
    with WatchSession(project) as session:
        step = session.step()
        assert (len(step.runs), step.exit_code) == (1, 0)
        assert os.path.exists(project.path("checks/__pycache__"))


def test_no_run_is_cancelled_by_what_a_shell_makes_and_removes(project):
    project.apply(HAS_A_SHELL_WRITE)
    with WatchSession(project) as session:
        steps = [session.assert_equal_to_cold()]
        for number in (2, 3):
            project.replace("test_shell.py", f"NUMBER = {number - 1}", f"NUMBER = {number}")
            steps.append(session.assert_equal_to_cold())
        assert not any(run["cancelled"] for step in steps for run in step.runs)
        assert session.step().ran == []
        project.write("data.txt", "2\n")
        assert session.assert_equal_to_cold().outcomes["test_lists.py::test_lists"] == "failed"
        assert "left out of account" not in session.output()


def test_a_source_that_tests_write_themselves_disturbs_no_test_that_rests_on_all_source(project):
    project.apply("""
        --- app.py
        VALUE = 1
        --- test_writes.py
        import pathlib, time
        NUMBER = 1
        def test_writes():
            made = pathlib.Path("made.py")
            made.write_text("made")
            time.sleep(0.2)
            made.unlink()
            time.sleep(0.2)
        --- test_silent.py
        import subprocess
        def test_silent():
            subprocess.run("grep -q 1 app.py", shell=True, check=True)
    """)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.replace("test_writes.py", "NUMBER = 1", "NUMBER = 2")
        step = session.assert_equal_to_cold()
        assert not any(run["cancelled"] for run in step.runs)
        assert len(step.ran) == len(set(step.ran))
        project.write("app.py", "VALUE = 2\n")
        assert session.assert_equal_to_cold().outcomes["test_silent.py::test_silent"] == "failed"


def test_what_a_shell_changes_in_each_run_is_named_and_left_out_of_account(project):
    project.apply("""
        --- made/count.txt
        0
        --- test_count.py
        import pathlib, subprocess
        def test_counts():
            before = int(pathlib.Path("made/count.txt").read_text())
            subprocess.run(f"echo {before + 1} > made/count.txt; touch made/$$", shell=True, check=True)
            assert int(pathlib.Path("made/count.txt").read_text()) == before + 1
            assert list(pathlib.Path("made").iterdir())
    """)
    with WatchSession(project) as session:
        step = session.step()
        assert step.exit_code == 0
        assert not any(run["cancelled"] for run in step.runs)
        session.wait_for_output("made/, made/count.txt changes in run after run")


def test_verdicts_that_nothing_can_prove_are_told_all_the_same(project):
    project.apply(COUNTS_IN_A_CHILD)
    with WatchSession(project, option="--reload-once") as session:
        assert session.wait_for_end() == 0
        assert "no tests" not in session.output()
        assert "2 tests" in session.output()


TOGGLES = """
    --- conftest.py
    def pytest_collect_file(file_path): pass  # so that each name counts
    --- test_toggles.py
    import pathlib
    NUMBER = 1
    def test_toggles():
        made = pathlib.Path("test_received.txt")
        if made.exists():
            made.unlink()
        else:
            made.write_text("made")
"""


def leave_out_listing(project, session):
    """Runs that leave the directory in another way each."""
    session.step()
    for number in range(2, 6):
        project.replace("test_toggles.py", f"NUMBER = {number - 1}", f"NUMBER = {number}")
        session.step()
    session.wait_for_output("test_received.txt changes in run after run")


def test_a_new_test_file_is_found_where_a_listing_was_left_out_of_account(project):
    project.apply(TOGGLES)
    with WatchSession(project) as session:
        leave_out_listing(project, session)
        project.write("test_new.py", "def test_new(): assert 0\n")
        assert session.step().outcomes["test_new.py::test_new"] == "failed"
        project.write("more/test_more.py", "def test_more(): assert 0\n")
        assert session.step().outcomes["more/test_more.py::test_more"] == "failed"


def test_a_new_test_file_is_found_where_a_test_writes_beside_it_meanwhile(project):
    project.apply(TOGGLES)
    project.apply("""
        --- test_waits.py
        import os, time
        WAITS = False
        def test_waits():
            open("waiting.txt", "w").close()
            while WAITS and not os.path.exists("go.txt"):
                time.sleep(0.01)
            os.remove("waiting.txt")
    """)
    with WatchSession(project) as session:
        leave_out_listing(project, session)
        project.replace("test_waits.py", "WAITS = False", "WAITS = True")
        eventually("the test waits", lambda: project.path("waiting.txt").exists())
        project.write("test_new.py", "def test_new(): assert 0\n")
        project.write("go.txt", "")
        assert session.step().outcomes["test_new.py::test_new"] == "failed"


def test_a_database_in_memory_is_no_file_in_a_directory_that_is_listed(project):
    """What was frozen before the test began stays usable."""
    project.apply("""
        --- conftest.py
        import os
        NAMES = os.listdir()
        --- test_a.py
        import sqlite3
        def test_a():
            with sqlite3.connect("file:shop?mode=memory&cache=shared", uri=True) as database:
                assert database.execute("select 1").fetchone() == (1,)
    """)
    with WatchSession(project) as session:
        session.step()
        project.replace("test_a.py", "== (1,)", "== (2,)")
        session.step()
        project.replace("test_a.py", "== (2,)", "== (3,)")
        assert session.assert_equal_to_cold().reexecuted == ["test_a"]


def test_a_path_that_is_imported_as_a_name_is_looked_for_nowhere(project):
    """What is there, below a temporary directory, is new in each run."""
    project.apply("""
        --- test_a.py
        import importlib
        import pytest

        def test_a(tmp_path):
            (tmp_path / "settings.py").write_text("A = 1")
            with pytest.raises(ImportError):
                importlib.import_module(str(tmp_path / "settings"))
    """)
    with WatchSession(project) as session:
        assert len(session.step().runs) == 1


COUNTS = """
    --- count.txt
    0
    --- counting.py
    import pathlib
    def count():
        path = pathlib.Path("count.txt")
        path.write_text(str(int(path.read_text()) + 1))
"""
COUNTS_AT_EXIT = """
    --- test_count.py
    import atexit, pathlib, counting
    def test_counts():
        assert int(pathlib.Path("count.txt").read_text()) >= 0
        atexit.register(counting.count)
"""
COUNTS_IN_A_THREAD = """
    --- test_count.py
    import pathlib, threading, counting
    def count():
        threading.main_thread().join()
        counting.count()
    def test_counts():
        assert int(pathlib.Path("count.txt").read_text()) >= 0
        threading.Thread(target=count).start()
"""
COUNTS_IN_A_PROCESS_LEFT_BEHIND = f"""
    --- test_count.py
    import pathlib, subprocess
    COUNT = "import counting, sys; sys.stdin.read(); counting.count()"
    def test_counts():
        assert int(pathlib.Path("count.txt").read_text()) >= 0
        subprocess.Popen([{sys.executable!r}, "-c", COUNT], stdin=subprocess.PIPE)
"""
HOLDS_IT_OPEN = """
    --- test_count.py
    import pathlib
    def test_counts():
        global held
        number = int(pathlib.Path("count.txt").read_text())
        assert number >= 0
        held = open("count.txt", "r+")
        held.write(str(number + 1))
"""
LATE = {
    "at exit": COUNTS_AT_EXIT,
    "in a thread": COUNTS_IN_A_THREAD,
    "in a process that is left behind": COUNTS_IN_A_PROCESS_LEFT_BEHIND,
    "as what it holds open is closed": HOLDS_IT_OPEN,
}


@pytest.mark.parametrize("counts", LATE.values(), ids=LATE)
def test_what_is_written_after_the_end_of_each_run_is_left_out_of_account_until_it_is_edited(project, counts):
    project.apply(COUNTS)
    project.apply(counts)
    with WatchSession(project) as session:
        assert session.step().exit_code == 0
        for number in range(5):  # on a busy machine it is seen as what the run has written in time, once or twice
            project.write("test_count.py", f"{project.read('test_count.py')}NUMBER = {number}\n")
            assert session.step().exit_code == 0
            session.wait_until_idle()
        left_out = "count.txt changes in run after run: it is left out of account until you edit it"
        assert session.output().count(left_out) == 1
        assert session.step().ran == []
        project.write("count.txt", "-9")
        assert session.step().exit_code == 1


def test_what_an_extension_module_writes_is_no_change(project):
    """SQLite tells nobody which files it attaches."""
    project.apply("""
        --- conftest.py
        import pathlib, sqlite3
        FILE = pathlib.Path("attached.db").absolute()
        def pytest_configure(config):
            config.database = sqlite3.connect(":memory:")
            config.database.execute(f"attach database '{FILE}' as attached")
            with config.database:
                config.database.execute("create table attached.numbers (n)")
        def pytest_unconfigure(config):
            config.database.close()
            FILE.unlink()
        --- test_lists.py
        import os
        NUMBER = 1
        def test_lists():
            assert "attached.db" in os.listdir()
        def test_other(): pass
    """)
    with WatchSession(project) as session:
        for number in (2, 3, 4):
            project.replace("test_lists.py", f"NUMBER = {number - 1}", f"NUMBER = {number}")
            step = session.step()
            assert set(step.outcomes.values()) == {"passed"}
            assert not any(run["cancelled"] for run in step.of("run_finished"))
            session.wait_until_idle()
        session.step()
        session.wait_until_idle()
        assert session.step().ran == []


def test_a_source_that_tests_make_import_and_remove_is_no_change(project):
    """It is looked at while it is there: its code counts as the file does."""
    project.apply("""
        --- lib.py
        X = 1
        --- test_made.py
        import importlib.util, os, time
        import lib
        def load():
            if not os.path.exists("made.py"):
                with open("made.py", "w") as file:
                    file.write(f"STAMP = {time.time()}\\nX = {lib.X}\\n")
            spec = importlib.util.spec_from_file_location("made", os.path.abspath("made.py"))
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            return module
        def test_makes():
            assert load().X < 9
        def test_takes():
            time.sleep(0.3)
            assert load().X < 9
        def test_removes():
            os.remove("made.py")
    """)
    with WatchSession(project) as session:
        session.step()
        for number in (2, 3):
            project.write("lib.py", f"X = {number}\n")
            step = session.assert_equal_to_cold()
            assert len(step.runs) == 1
            assert not step.of("run_finished")[0]["cancelled"]


def test_what_tests_compile_stays_when_they_remove_its_source(project):
    project.apply("""
        --- test_compiles.py
        import os, py_compile, time
        def test_compiles():
            os.makedirs("made", exist_ok=True)
            assert "part.py" not in os.listdir("made")
            with open("made/part.py", "w") as file:
                file.write("X = 1\\n")
            time.sleep(0.2)  # it is seen
            compiled = py_compile.compile("made/part.py", doraise=True)
            os.remove("made/part.py")
            time.sleep(0.2)
            assert os.path.exists(compiled)
    """)
    with WatchSession(project) as session:
        assert session.step().exit_code == 0


STAMPS = """
    --- pytest.ini
    --- lib.py
    X = 1
    --- test_stamps.py
    import time
    import lib
    def test_stamps():
        import made
        assert made.X == lib.X
        time.sleep(0.3)
    def test_other():
        assert lib.X
"""
IN_A_FIXTURE = """
    --- conftest.py
    import pytest, time
    import lib
    @pytest.fixture(scope="session", autouse=True)
    def make():
        with open("made.py", "w") as file:
            file.write(f"STAMP = {time.time()}\\nX = {lib.X}\\n")
"""
IN_A_CONFTEST = """
    --- conftest.py
    import time
    import lib
    with open("made.py", "w") as file:
        file.write(f"STAMP = {time.time()}\\nX = {lib.X}\\n")
"""


@pytest.mark.parametrize("stamps", [IN_A_FIXTURE, IN_A_CONFTEST], ids=["in a fixture", "in a conftest"])
def test_a_source_that_is_another_in_each_run_leaves_no_test_unproven(project, stamps):
    project.apply(STAMPS)
    project.apply(stamps)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        for number in (2, 3):
            project.write("lib.py", f"X = {number}\n")
            session.assert_equal_to_cold()


def test_a_source_that_is_written_after_the_end_of_each_run_is_named_as_a_file(project):
    project.apply("""
        --- made.py
        NUMBER = 0
        --- test_made.py
        import atexit, time
        import made
        def write():
            with open("made.py", "w") as file:
                file.write(f"NUMBER = {time.time_ns()}\\n")
        def test_made():
            assert made.NUMBER >= 0
            atexit.register(write)
    """)
    with WatchSession(project) as session:
        for _ in range(3):
            assert session.step().exit_code == 0
            session.wait_until_idle()
        assert session.output().count("made.py changes in run after run") == 1
        assert "<code>" not in session.output()
        assert session.step().ran == []
