"""Every way in which files come to be other than they were, and every way in which they only seem to."""

import os
import subprocess

import pytest
from harness import WatchSession, eventually

START = """
    --- app.py
    VALUE = 1
    --- test_app.py
    from app import VALUE
    def test_value():
        assert VALUE == 1
    --- test_other.py
    def test_other(): pass
"""
MANY = 150  # files that a branch switch changes


@pytest.fixture
def started(project):
    project.apply(START)
    return project


@pytest.fixture(params=[(), ("--reload-poll",)], ids=["events", "poll"])
def session(request, started):
    """A settled session on the start, once with file events and once without."""
    with WatchSession(started, *request.param) as session:
        session.step()
        yield session


def assert_nothing_ran(session):
    """It looked at the tree and found nothing that matters."""
    assert session.step().ran == []


FEW = 8  # of the 150 tests on each branch


def ran_to_the_end(step):
    """The tests of those runs that nothing has cancelled."""
    whole = {run["run"] for run in step.runs if not run["cancelled"]}
    return [event["nodeid"] for event in step.of("test") if event["run"] in whole]


class TestEdit:
    """The session sees these by itself: nobody asks it to look before it has settled."""

    def test_a_file_without_tests_is_no_test(self, started):
        started.write("test_none.py", "import app\n")
        with WatchSession(started) as session:
            session.step()
            started.write("app.py", "VALUE = 2\n")
            session.settled_step()
            assert "app.py → 3 modules re-executed, 1 of 2 tests" in session.output()

    def test_in_place(self, started, session):
        started.write("app.py", "VALUE = 2\n")
        step = session.settled_step()
        assert step.ran == ["test_app.py::test_value"]
        assert step.exit_code == 1

    def test_by_rename(self, started, session):
        started.save_by_rename("app.py", "VALUE = 2\n")
        step = session.settled_step()
        assert step.ran == ["test_app.py::test_value"]
        assert step.exit_code == 1

    def test_by_rename_twice(self, started, session):
        """The second file to take a place is seen as the first was: watches are of directories."""
        for value in (2, 3, 1):
            started.save_by_rename("app.py", f"VALUE = {value}\n")
            assert session.settled_step().outcomes["test_app.py::test_value"] == ("passed" if value == 1 else "failed")

    def test_with_an_older_time(self, started, session):
        started.save_with_older_time("app.py", "VALUE = 2\n")
        assert session.settled_step().outcomes["test_app.py::test_value"] == "failed"

    def test_with_the_same_size_and_time(self, started, session):
        started.save_with_same_stat("app.py", "VALUE = 2\n")
        assert session.settled_step().outcomes["test_app.py::test_value"] == "failed"

    def test_through_a_backup_as_vim_makes_it(self, started, session):
        started.rename("app.py", "app.py~")
        started.write("app.py", "VALUE = 2\n")
        started.delete("app.py~")
        step = session.assert_equal_to_cold()
        assert step.outcomes["test_app.py::test_value"] == "failed"

    def test_that_is_a_new_test_file(self, started, session):
        started.write("test_new.py", "def test_new(): pass\n")
        assert session.settled_step().ran == ["test_new.py::test_new"]

    def test_in_a_new_directory(self, started, session):
        started.write("deep/deeper/test_new.py", "def test_new(): pass\n")
        step = session.assert_equal_to_cold()
        assert step.ran == ["deep/deeper/test_new.py::test_new"]

    def test_that_deletes_a_test_file(self, started, session):
        started.delete("test_other.py")
        step = session.settled_step()
        assert step.outcomes == {"test_app.py::test_value": "passed"}

    def test_that_moves_a_test_file(self, started, session):
        started.rename("test_other.py", "test_moved.py")
        step = session.assert_equal_to_cold()
        assert step.ran == ["test_moved.py::test_other"]


class TestNoEdit:
    """Somebody asks, so the session has certainly looked; nothing runs."""

    COLLECTS_LISTS = """
        --- conftest.py
        import pytest
        class Line(pytest.Item):
            def runtest(self):
                assert self.name == "pass"
        class List(pytest.File):
            def collect(self):
                for line in self.path.read_text().splitlines():
                    yield Line.from_parent(self, name=line)
        def pytest_collect_file(file_path, parent):
            if file_path.suffix == ".list":
                return List.from_parent(parent, path=file_path)
        --- first.list
        pass
    """

    @pytest.mark.parametrize(
        "name",
        [
            "4913",
            ".app.py.swp",
            ".app.py.swx",
            "app.py~",
            "app.py___jb_tmp___",
            "app.py___jb_old___",
            "#app.py#",
            "README.md",
            "notes/todo.txt",
        ],
    )
    def test_a_file_of_no_interest_comes_changes_and_goes(self, started, name):
        with WatchSession(started) as session:
            session.step()
            for text in ("VALUE = 2\n", "VALUE = 3\n"):
                started.write(name, text)
                assert_nothing_ran(session)
            started.delete(name)
            assert_nothing_ran(session)

    def test_a_new_file_that_pytest_would_not_collect_is_no_reason_to_look_at_the_tests(self, started, session):
        started.write("README.md", "unrelated\n")
        assert session.step().runs == []

    def test_a_new_file_that_a_plugin_collects_is_one(self, project):
        project.apply(self.COLLECTS_LISTS)
        with WatchSession(project) as session:
            session.step()
            project.write("second.list", "pass\nfail\n")
            step = session.assert_equal_to_cold()
            assert step.ran == ["second.list::pass", "second.list::fail"]

    def test_the_lock_of_emacs_comes_and_goes(self, started, session):
        lock = started.path(".#app.py")
        lock.symlink_to("somebody@somewhere.1234:1700000000")
        assert_nothing_ran(session)
        lock.unlink()
        assert_nothing_ran(session)

    def test_an_autosave_beside_a_real_edit(self, started):
        with WatchSession(started) as session:
            session.step()
            started.write("#test_app.py#", "garbage(")
            started.write(".test_app.py.swp", "garbage(")
            started.write("app.py", "VALUE = 2\n")
            assert session.assert_equal_to_cold().ran == ["test_app.py::test_value"]

    @pytest.mark.parametrize("name", ["app.py", "test_app.py", "test_other.py"])
    def test_a_file_is_touched(self, started, session, name):
        os.utime(started.path(name))
        assert_nothing_ran(session)

    @pytest.mark.parametrize("name", ["app.py", "test_app.py"])
    def test_a_file_is_saved_as_it_was(self, started, session, name):
        started.save_by_rename(name, started.read(name))
        assert_nothing_ran(session)

    def test_an_edit_is_undone(self, started, session):
        started.write("app.py", "VALUE = 2 - 1\n")
        assert session.step().ran == ["test_app.py::test_value"]
        started.write("app.py", "VALUE = 1\n")
        assert_nothing_ran(session)
        started.write("app.py", "VALUE = 2 - 1\n")
        assert_nothing_ran(session)

    def test_a_new_test_file_is_taken_back(self, started, session):
        started.write("test_new.py", "def test_new(): pass\n")
        session.step()
        started.delete("test_new.py")
        assert_nothing_ran(session)

    def test_an_unrelated_file_is_edited_while_a_test_fails(self, started):
        started.write("README.md", "unrelated\n")
        started.write("test_fails.py", "def test_fails(): assert False\n")
        with WatchSession(started) as session:
            assert session.step().exit_code == 1
            started.write("README.md", "still unrelated\n")
            assert_nothing_ran(session)


class TestComments:
    """Comments, formatting and the place of a function are no code; whoever reads the text sees them all the same."""

    START = """
        --- app.py
        def half(number):
            return number / 2
        def double(number):
            return number * 2
        --- conftest.py
        import pytest
        @pytest.fixture
        def two():
            return 2
        --- test_app.py
        import app
        def test_half(two):
            assert app.half(two) == 1
        --- test_text.py
        import inspect, pathlib
        import app
        def test_source():
            assert inspect.getsource(app.half)
        def test_text():
            assert pathlib.Path("app.py").read_text()
    """
    MOVED = """
        # A comment at first.

        def double( number ):
            return (number * 2)  # another one


        def half(number):
            return number / 2
    """

    @pytest.fixture
    def commented(self, project):
        project.apply(self.START)
        return project

    def test_rerun_only_who_reads_them(self, commented):
        with WatchSession(commented) as session:
            session.assert_equal_to_cold()
            commented.write("app.py", self.MOVED)
            assert sorted(session.assert_equal_to_cold().ran) == [
                "test_text.py::test_source",
                "test_text.py::test_text",
            ]

    def test_rerun_nobody_for_a_line_that_a_traceback_does_not_show(self, project):
        project.apply("""
            --- app.py
            def fail():
                raise ValueError  # shown
            --- test_app.py
            import traceback
            import app
            def test_fail():
                try:
                    app.fail()
                except ValueError:
                    assert "# shown" in traceback.format_exc()
        """)
        with WatchSession(project) as session:
            session.assert_equal_to_cold()
            project.write("app.py", "# A comment\n" + project.read("app.py"))
            assert session.assert_equal_to_cold().ran == []
            project.replace("app.py", "# shown", "# not")
            assert session.assert_equal_to_cold().exit_code == 1

    @pytest.mark.parametrize("name", ["conftest.py", "test_app.py", "test_text.py"])
    def test_settle_at_once(self, commented, name):
        with WatchSession(commented) as session:
            session.step()
            commented.write(name, "# new\n" + commented.read(name))
            assert session.settled_step().ran == []
            assert f"{name} → nothing to run" in session.output()

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("def half(number):", 'def half(number):\n    """Documented."""'),
            ("def half(number):", "def half(number: float):"),
            ("return number / 2", "return number / 2 + 0"),
        ],
        ids=["docstring", "annotation", "body"],
    )
    def test_code_is_code(self, commented, old, new):
        with WatchSession(commented) as session:
            session.step()
            commented.replace("app.py", old, new)
            assert "test_app.py::test_half" in session.assert_equal_to_cold().ran

    def test_a_later_failure_is_shown_with_the_lines_of_today(self, commented):
        with WatchSession(commented) as session:
            session.step()
            commented.write("app.py", self.MOVED)
            session.step()
            commented.replace("test_app.py", "app.half(two)", "app.half(None)")
            assert session.assert_equal_to_cold().exit_code == 1
            assert "app.py:8: TypeError" in session.output()


def git(project, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *identity, *arguments]
    subprocess.run(command, cwd=project.root, check=True, capture_output=True)


class TestCheckout:
    @pytest.fixture
    def branches(self, project):
        """Two branches, *one* and *two*, that differ in hundreds of files; *one* is checked out."""
        git(project, "init", "-q", "-b", "one")
        project.write(".gitignore", "__pycache__\n.pytest_cache\n")
        for branch, value in (("one", 1), ("two", 2)):
            if branch == "two":
                git(project, "checkout", "-q", "-b", branch)
            for number in range(MANY):
                project.write(f"pkg/m{number}.py", f"VALUE = {value}\n")
                source = f"from pkg.m{number} import VALUE\ndef test_it(): assert VALUE == {value} or {number} % 7\n"
                project.write(f"tests/test_m{number}.py", source)
            project.write("pkg/__init__.py", "")
            project.write("conftest.py", f"BRANCH = {value}\n")
            project.write("tests/test_same.py", "from pkg import m0\ndef test_it(): assert m0.VALUE == 1\n")
            git(project, "add", "-A")
            git(project, "commit", "-q", "-m", branch)
        git(project, "checkout", "-q", "one")
        return project

    @pytest.mark.parametrize("arguments", [(), ("--reload-poll",)], ids=["events", "poll"])
    def test_there_and_back(self, branches, arguments):
        with WatchSession(branches, *arguments) as session:
            assert session.assert_equal_to_cold().exit_code == 0
            git(branches, "checkout", "-q", "two")
            step = session.assert_equal_to_cold()
            assert step.outcomes["tests/test_same.py::test_it"] == "failed"
            # A run starts at the first event: one that began amid the checkout saw a tree of neither branch, and may
            # have reached some tests before the next event cancelled it. All others were proven before.
            git(branches, "checkout", "-q", "one")
            assert len(ran_to_the_end(session.assert_equal_to_cold())) < FEW
            git(branches, "checkout", "-q", "two")
            step = session.assert_equal_to_cold()
            assert "tests/test_same.py::test_it" in step.ran  # failures always run
            assert len(ran_to_the_end(step)) < FEW

    def test_waits_for_quiet(self, branches):
        with WatchSession(branches) as session:
            session.step()
            git(branches, "checkout", "-q", "two")
            assert len(session.step().runs) < 10


class TestEditDuringARun:
    """A test of the project waits for us: it says that it runs, then goes on once a file is there."""

    @pytest.fixture
    def blocking(self, project, tmp_path, monkeypatch):
        outside = tmp_path / "outside"
        outside.mkdir()
        monkeypatch.setenv("OUTSIDE", str(outside))
        project.apply("""
            --- app.py
            VALUE = 1
            --- test_a.py
            def test_before(): pass
            --- test_b.py
            import os, pathlib, time
            from app import VALUE
            OUTSIDE = pathlib.Path(os.environ["OUTSIDE"])
            def test_blocks():
                if not (OUTSIDE / "open").exists():
                    (OUTSIDE / f"waits-{VALUE}").touch()
                while not (OUTSIDE / "open").exists():
                    time.sleep(0.005)
                assert VALUE != 2
            --- test_c.py
            import app
            def test_after(): assert app.VALUE != 3
        """)
        project.outside = outside
        return project

    def wait_until_it_blocks(self, project, value):
        eventually(f"a test that waits with {value}", (project.outside / f"waits-{value}").exists)

    def open_gate(self, project):
        """Nobody waits from now on, and who waits goes on."""
        (project.outside / "open").touch()

    def test_cancels_it_and_is_not_lost(self, blocking):
        with WatchSession(blocking) as session:
            self.wait_until_it_blocks(blocking, 1)
            blocking.write("app.py", "VALUE = 2\n")
            self.wait_until_it_blocks(blocking, 2)
            (blocking.outside / "open").touch()
            step = session.assert_equal_to_cold()
            assert step.outcomes["test_b.py::test_blocks"] == "failed"
            assert step.runs[0]["cancelled"]
            assert not step.runs[-1]["cancelled"]
            first = [event["nodeid"] for event in step.of("test") if event["run"] == 1]
            assert first == ["test_a.py::test_before"]  # a cancelled test has no verdict
            assert step.ran.count("test_a.py::test_before") == 1  # what was proven before stays proven

    def test_keeps_to_itself_how_the_run_ended(self, blocking):
        blocking.write("test_a.py", "def test_before(): assert 'was' == 'is'\n")
        with WatchSession(blocking) as session:
            self.wait_until_it_blocks(blocking, 1)
            blocking.write("app.py", "VALUE = 2\n")
            self.wait_until_it_blocks(blocking, 2)
            assert "'was' == 'is'" not in session.output()
            self.open_gate(blocking)
            session.step()
            session.wait_for_output("'was' == 'is'")
            assert "KeyboardInterrupt" not in session.output()

    def test_is_seen_though_nobody_asks(self, blocking):
        with WatchSession(blocking) as session:
            self.wait_until_it_blocks(blocking, 1)
            (blocking.outside / "open").touch()
            blocking.write("app.py", "VALUE = 2\n")
            assert session.settled_step().outcomes["test_b.py::test_blocks"] == "failed"

    def test_and_another_one_cancel_twice(self, blocking):
        with WatchSession(blocking) as session:
            self.wait_until_it_blocks(blocking, 1)
            blocking.write("app.py", "VALUE = 2\n")
            self.wait_until_it_blocks(blocking, 2)
            (blocking.outside / "open").touch()
            blocking.write("app.py", "VALUE = 3\n")
            step = session.assert_equal_to_cold()
            assert step.outcomes["test_c.py::test_after"] == "failed"
            assert [run["cancelled"] for run in step.runs][:2] == [True, True]

    def test_that_is_undone_leaves_nothing_to_cancel_for(self, blocking):
        with WatchSession(blocking) as session:
            self.wait_until_it_blocks(blocking, 1)
            (blocking.outside / "open").touch()
            blocking.write("app.py", "VALUE = 2\n")
            blocking.write("app.py", "VALUE = 1\n")
            self.open_gate(blocking)
            assert session.assert_equal_to_cold().exit_code == 0

    def test_of_a_file_of_no_interest_cancels_nothing(self, blocking):
        blocking.write("README.md", "")
        with WatchSession(blocking) as session:
            self.wait_until_it_blocks(blocking, 1)
            blocking.write("README.md", "unrelated\n")
            assert session.status()["settled"] is False
            self.open_gate(blocking)
            step = session.assert_equal_to_cold()
            assert [run["cancelled"] for run in step.runs] == [False]

    def test_of_a_new_test_file_is_not_lost(self, blocking):
        with WatchSession(blocking) as session:
            self.wait_until_it_blocks(blocking, 1)
            (blocking.outside / "open").touch()
            blocking.write("test_d.py", "def test_new(): pass\n")
            self.open_gate(blocking)
            assert "test_d.py::test_new" in session.assert_equal_to_cold().ran

    @pytest.mark.parametrize(
        "look",
        [
            "assert open(DATA).read() == 'text'",
            "import reading; assert reading.TEXT == 'text'",
            "assert os.path.exists(DATA)",
            "assert os.listdir(os.path.dirname(DATA)) == ['a.txt']",
            "assert subprocess.run([sys.executable, '-c', f'open({DATA!r})'], stderr=-3).returncode == 0",
        ],
        ids=["read", "read at import", "asked for", "listed", "read by a child"],
    )
    def test_of_data_that_is_gone_before_anybody_could_follow_it(self, blocking, look):
        blocking.write("data/a.txt", "text")
        blocking.write("reading.py", "TEXT = open('data/a.txt').read()")
        head = "import os, subprocess, sys\nDATA = os.path.abspath('data/a.txt')\n"
        blocking.write("test_a.py", f"{head}def test_before():\n    {look}\n")
        with WatchSession(blocking) as session:
            self.wait_until_it_blocks(blocking, 1)
            blocking.delete("data")
            self.open_gate(blocking)
            assert session.assert_equal_to_cold().outcomes["test_a.py::test_before"] == "failed"

    def test_of_data_that_is_gone_when_the_run_dies(self, blocking):
        blocking.write("data/a.txt", "text")
        blocking.write("test_a.py", "def test_before(): assert open('data/a.txt').read() == 'text'\n")
        blocking.write("test_c.py", "import os\ndef test_after(): os.kill(os.getpid(), 9)\n")
        with WatchSession(blocking) as session:
            self.wait_until_it_blocks(blocking, 1)
            blocking.delete("data/a.txt")
            self.open_gate(blocking)
            assert session.step().outcomes["test_a.py::test_before"] == "failed"

    def test_of_a_file_that_the_run_has_yet_to_import(self, blocking):
        blocking.write("late.py", "VALUE = 1\n")
        blocking.write("test_c.py", "def test_after():\n    import late\n    assert late.VALUE == 1\n")
        with WatchSession(blocking) as session:
            self.wait_until_it_blocks(blocking, 1)
            blocking.write("late.py", "VALUE = 2\n")
            self.open_gate(blocking)
            assert session.assert_equal_to_cold().outcomes["test_c.py::test_after"] == "failed"
            blocking.write("late.py", "VALUE = 1\n")
            assert session.assert_equal_to_cold().exit_code == 0


class TestStopAtFailure:
    START = """
        --- app.py
        VALUE = 2
        --- test_a.py
        from app import VALUE
        def test_first(): assert VALUE == 1
        def test_second(): assert VALUE == 1
        --- test_b.py
        from app import VALUE
        def test_third(): assert VALUE == 1
    """

    def test_stops_there_and_goes_on_with_the_next_edit(self, project):
        project.apply(self.START)
        with WatchSession(project, "-x") as session:
            run = session.wait_for_event("run_finished")
            assert run["exit_code"] == 1
            assert [e["nodeid"] for e in session.events() if e["event"] == "test"] == ["test_a.py::test_first"]
            project.write("app.py", "VALUE = 1\n")
            step = session.assert_equal_to_cold()
            assert step.exit_code == 0

    def test_says_that_the_rest_is_not_proven(self, project):
        project.apply(self.START)
        with WatchSession(project, "-x") as session:
            session.wait_for_output("not proven")
            assert session.status()["settled"] is False

    def test_a_failure_mended_shows_the_next_one(self, project):
        project.apply(self.START)
        with WatchSession(project, "-x") as session:
            session.wait_for_event("run_finished", run=1)
            project.replace("test_a.py", "def test_first(): assert VALUE == 1", "def test_first(): pass")
            session.wait_for_event("test", nodeid="test_a.py::test_first", outcome="passed")
            session.wait_for_event("test", nodeid="test_a.py::test_second", outcome="failed")

    def test_maxfail_counts_in_each_run(self, project):
        project.apply(self.START)
        with WatchSession(project, "--maxfail=2") as session:
            session.wait_for_event("run_finished", run=1)
            tests = [event["nodeid"] for event in session.events() if event["event"] == "test"]
            assert tests == ["test_a.py::test_first", "test_a.py::test_second"]


def test_a_conftest_that_was_just_edited_is_deleted(project):
    """A checkpoint waits before it, in the middle of pytest's own import of it."""
    project.apply("""
        --- conftest.py
        import pytest
        @pytest.fixture
        def number(): return 1
        --- sub/conftest.py
        import pytest
        @pytest.fixture
        def number(): return 2
        --- sub/test_sub.py
        def test_number(number): assert number == 2
    """)
    with WatchSession(project) as session:
        session.step()
        project.replace("sub/conftest.py", "2", "3")
        session.assert_equal_to_cold()
        project.delete("sub/conftest.py")
        session.assert_equal_to_cold()


def test_a_test_that_asks_where_a_link_leads_runs_when_that_is_elsewhere(project):
    project.apply("""
        --- one/empty.txt
        --- two/empty.txt
        --- test_links.py
        import os, pathlib, subprocess, sys
        ASK = "import os; assert os.readlink('current') == 'one'"
        def test_os(): assert os.readlink("current") == "one"
        def test_pathlib(): assert pathlib.Path("current").readlink() == pathlib.Path("one")
        def test_child(): subprocess.run([sys.executable, "-c", ASK], check=True)
    """)
    project.path("current").symlink_to("one", target_is_directory=True)
    with WatchSession(project) as session:
        assert session.assert_equal_to_cold().exit_code == 0
        project.path("next").symlink_to("two", target_is_directory=True)
        project.rename("next", "current")
        assert set(session.step().outcomes.values()) == {"failed"}


def test_a_directory_that_a_conftest_ignored_for_a_while_is_collected_again(project):
    """Also where a run is gone back to that had passed its tests over, as there was nothing new in them."""
    project.apply("""
        --- conftest.py
        def pytest_ignore_collect(collection_path):
            return True if (collection_path / "ignored").exists() else None
        --- a_first/test_a.py
        def test_a(): pass
        --- shop.py
        VALUE = 1
        --- test_shop.py
        import shop
        def test_shop(): assert shop.VALUE
    """)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        for before, after in (("1", "2"), ("2", "3")):
            project.replace("shop.py", before, after)
            session.assert_equal_to_cold()
        project.write("a_first/ignored", "")
        project.replace("shop.py", "3", "4")
        assert len(session.assert_equal_to_cold().outcomes) == 1
        project.delete("a_first/ignored")
        assert len(session.assert_equal_to_cold().outcomes) == 2


def test_a_test_that_asks_where_a_link_leads_runs_when_there_is_one(project):
    project.write("one/data.txt", "1\n")
    project.write(
        "test_where.py",
        """
        import os
        def test_where():
            assert os.path.basename(os.path.realpath("current")) == "current"
    """,
    )
    with WatchSession(project) as session:
        assert session.assert_equal_to_cold().exit_code == 0
        project.path("current").symlink_to("one", target_is_directory=True)
        assert session.step().exit_code == 1


def test_a_file_that_cannot_be_imported_is_looked_at_again_where_something_was_touched_meanwhile(project):
    outside = project.root.parent
    project.apply(f"""
        --- app.py
        VALUE = 1
        --- test_fails.py
        import app, os, time
        if app.VALUE == 2:
            open({str(outside / "waits")!r}, "w").close()
            while not os.path.exists({str(outside / "goes")!r}):
                time.sleep(0.01)
        assert False
    """)
    with WatchSession(project) as session:
        session.step()
        project.replace("app.py", "1", "2")
        eventually("the import waits", (outside / "waits").exists)
        os.utime(project.path("app.py"))
        session.status()
        (outside / "goes").touch()
        session.assert_equal_to_cold()


def test_temporary_directories_of_earlier_runs_are_removed_as_ever(project, tmp_path):
    """Pytest keeps three; since 9.2 it removes the others before its session has finished, we as the process ends."""
    test = 'def test_a(tmp_path): (tmp_path / "file").write_text("{}")\n'
    project.write("test_a.py", test.format(0))
    root = tmp_path / "root"
    root.mkdir()
    with WatchSession(project, environment={"PYTEST_DEBUG_TEMPROOT": str(root)}) as session:
        session.step()
        for number in range(6):
            project.write("test_a.py", test.format(number + 1))
            session.step()
            session.wait_until_idle()
    kept = [path for path in root.glob("pytest-of-*/pytest-*") if path.name != "pytest-current"]
    assert len(kept) in (3, 4)
    assert not list(root.glob("pytest-of-*/*/.lock"))
