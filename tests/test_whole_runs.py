"""What fails in a run that passed something over is confirmed in a whole one: once, and after it has been told."""

from pathlib import Path

from harness import WatchSession, run_once

THREE = """
    --- data.txt
    1
    --- test_a.py
    def test_data():
        assert int(open("data.txt").read()) == 1
    def test_other(): pass
    --- test_b.py
    def test_b(): pass
    --- test_c.py
    import sys
    sys.path.append("elsewhere")
    def test_c(): pass
"""
DEFINES_ONLY = ("test_c.py", 'sys.path.append("elsewhere")', "")
DATA, OTHER = "test_a.py::test_data", "test_a.py::test_other"
SAME_NAME = """
    --- one/test_one.py
    def test_one(): pass
    --- two/test_one.py
    def test_two(): pass
"""


def test_a_failure_is_told_and_then_confirmed_but_only_once(project):
    project.apply(THREE)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.write("data.txt", "2\n")
        step = session.assert_equal_to_cold()
        assert step.ran == [DATA, DATA]
        assert step.reexecuted == []
        assert step.runs[0]["exit_code"] == 1
        assert session.output().count("assert 2 == 1") == 2  # in one report: where it failed, and in the summary
        session.wait_for_output("(1 run, ")
        project.write("data.txt", "3\n")
        assert session.assert_equal_to_cold().ran == [DATA]
        project.replace("test_b.py", "pass", "return None")
        assert sorted(session.assert_equal_to_cold().ran) == [DATA, "test_b.py::test_b"]
        project.replace("test_a.py", "== 1", "== 3")
        assert sorted(session.assert_equal_to_cold().ran) == [DATA, OTHER]
        assert "whole run" not in session.output()


def test_nothing_is_confirmed_where_what_is_passed_over_only_defines(project):
    project.apply(THREE)
    project.replace(*DEFINES_ONLY)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.write("data.txt", "2\n")
        assert session.assert_equal_to_cold().ran == [DATA]
        project.replace("test_b.py", "pass", "assert False")
        assert sorted(session.assert_equal_to_cold().ran) == [DATA, "test_b.py::test_b"]


def test_it_is_remembered_that_a_failure_was_confirmed(project):
    project.apply(THREE)
    run_once(project)
    project.write("data.txt", "2\n")
    ran = []
    for _ in range(3):
        session = run_once(project)
        assert session.process.returncode == 1
        ran.append([event["nodeid"] for event in session.events() if event["event"] == "test"])
    assert ran == [[DATA, DATA], [DATA], [DATA]]


def test_nothing_is_confirmed_that_failed_in_a_whole_run(project):
    project.apply(THREE)
    project.write("data.txt", "2\n")
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.replace("test_c.py", "pass", "return None")
        assert sorted(session.assert_equal_to_cold().ran) == [DATA, "test_c.py::test_c"]


def test_a_test_that_needs_others_says_so_and_is_not_told_as_failing_again(project):
    project.apply("""
        --- data.txt
        1
        --- test_a.py
        SEEN = []
        def test_first():
            SEEN.append(1)
        def test_second():
            assert SEEN and int(open("data.txt").read())
    """)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.write("data.txt", "2\n")
        step = session.assert_equal_to_cold()
        assert [event["outcome"] for event in step.of("test")] == ["failed", "passed", "passed"]
        session.wait_for_output("test_a.py::test_second passes in a whole run only")
        project.write("data.txt", "3\n")
        step = session.assert_equal_to_cold()
        assert [event["outcome"] for event in step.of("test")] == ["passed", "passed"]


def test_a_file_that_can_only_be_collected_alone_stays_in_error(project):
    project.apply(SAME_NAME)
    with WatchSession(project) as session:
        assert session.assert_equal_to_cold().outcomes["two/test_one.py"] == "error"
        project.replace("two/test_one.py", "pass", "return None")
        assert session.assert_equal_to_cold().outcomes["two/test_one.py"] == "error"
        project.rename("two/test_one.py", "two/test_two.py")
        assert session.assert_equal_to_cold().exit_code == 0


def test_who_asks_while_the_last_run_leaves_hears_of_the_tree_as_it_is(project):
    """What failed alone, before it looked at the data, will be run again, but not at once."""
    project.apply("""
        --- conftest.py
        import atexit
        import time
        atexit.register(time.sleep, 0.5)
        --- data.txt
        1
        --- test_a.py
        SEEN = []
        def test_first():
            SEEN.append(1)
        def test_second():
            assert SEEN and int(open("data.txt").read()) in (1, 3)
    """)
    with WatchSession(project) as session:
        session.step()
        project.replace("data.txt", "1", "2")
        session.step()
        project.replace("data.txt", "2", "3")
        session.assert_equal_to_cold()


def test_a_conftest_that_pytest_had_found_is_deleted(project):
    """A checkpoint waits before the package that it lies in, and pytest goes on to import it there."""
    project.apply("""
        --- tests/__init__.py
        --- tests/conftest.py
        import pytest
        @pytest.fixture
        def f(): return 1
        --- tests/test_a.py
        def test_a(f): pass
        def test_b(): pass
    """)
    conftest = Path(project.path("tests/conftest.py"))
    text = conftest.read_text()
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.write("tests/__init__.py", "X = 1\n")  # from here on there is one before it
        session.assert_equal_to_cold()
        session.wait_until_idle()
        conftest.unlink()
        assert session.assert_equal_to_cold().outcomes["tests/test_a.py::test_b"] == "passed"
        conftest.write_text(text)
        session.assert_equal_to_cold()


def test_a_file_in_the_middle_of_which_a_checkpoint_waits_cannot_be_collected(project):
    """A run that is to pass it over comes to its end there, and tells of it; that is no attempt at it."""
    project.apply("""
        --- pytest.ini
        [pytest]
        pythonpath = .
        --- lib/__init__.py
        import lib.slow
        from lib.a import f
        --- lib/slow.py
        import time
        time.sleep(0.4)
        --- lib/a.py
        def f(): return 1
        --- tests/test_p/__init__.py
        --- tests/test_p/test_b.py
        import time
        from lib import f
        Y = 1
        def test_b(): time.sleep(0.2)
        --- tests/test_p/test_c.py
        from test_p.test_b import Y
        from lib import f
        def test_c(): assert f()
        --- tests/test_p/test_d.py
        import time, pytest
        from lib import f
        time.sleep(0.4)
        @pytest.mark.parametrize("i", range(20))
        def test_d(i): time.sleep(0.05)
    """)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.apply("""
            --- tests/test_a/test_x.py
            from lib import f
            from test_p.test_b import Y
            def test_x(): assert Y
        """)
        session.assert_equal_to_cold()
        project.write("lib/a.py", "def f(): return 1\nN = 1\n")
        assert session.assert_equal_to_cold().outcomes["tests/test_a/test_x.py"] == "error"


def test_what_a_warm_module_keeps_of_the_world_outside_is_imported_anew(project, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("1")
    project.apply(f"""
        --- keys.py
        NOW = open({str(clock)!r}).read()
        --- test_keys.py
        import keys
        def test_valid():
            assert open({str(clock)!r}).read() == keys.NOW
        def test_other():
            assert 1
    """)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        for number in range(1, 4):
            clock.write_text(str(number + 1))
            project.replace("test_keys.py", f"assert {number}", f"assert {number + 1}")
            step = session.assert_equal_to_cold()
            assert step.outcomes["test_keys.py::test_valid"] == "passed"


def test_who_passes_by_an_import_of_a_test_that_went_first_is_looked_at_in_turn(project):
    """In a circle of imports it takes one module to be the first."""
    project.apply("""
        --- pkg/__init__.py
        --- pkg/a.py
        from . import b
        V = 1
        --- pkg/b.py
        from . import a
        W = 2
        def w(): return W
        --- test_first.py
        def test_first():
            from pkg.a import V
            assert V == 1
        --- test_second.py
        def test_second():
            from pkg.b import w
            assert w() == 2
        --- test_third.py
        from pkg import a
        def test_third():
            assert a.V == 1
    """)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.replace("pkg/b.py", "from . import a", "from .a import V")
        step = session.assert_equal_to_cold()
        first, second = "test_first.py::test_first", "test_second.py::test_second"
        assert step.ran == ["test_third.py", second, first, "test_third.py", first, second]
        project.replace("pkg/b.py", "from .a import V", "from . import a")
        session.assert_equal_to_cold()


def test_who_uses_what_only_a_test_that_went_first_has_imported_fails_in_turn(project):
    project.apply("""
        --- pkg/__init__.py
        --- pkg/sub.py
        def f(): return 1
        --- lib.py
        import pkg
        def helper():
            return 1
        --- test_first.py
        import time
        import lib
        def test_first():
            time.sleep(0.3)
            assert lib.helper() == 1
        --- test_second.py
        import lib
        def test_second():
            import pkg.sub
            assert lib.helper() == pkg.sub.f()
        def test_third(): pass
    """)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.replace("lib.py", "return 1", "return pkg.sub.f()")
        step = session.assert_equal_to_cold()
        assert step.ran[:2] == ["test_second.py::test_second", "test_first.py::test_first"]
        project.replace("lib.py", "pkg.sub.f()", "1")
        session.assert_equal_to_cold()


def test_who_fails_by_itself_for_another_reason_than_behind_others_is_looked_at_in_turn(project):
    """By itself the second test fails for what lib says, behind the first for what that has left."""
    project.apply("""
        --- lib.py
        X = 10
        def get(): return X
        --- test_a.py
        import lib
        def test_first():
            lib.X = 99
            assert lib.get() == 99
        def test_second():
            assert lib.get() == 10
    """)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.replace("lib.py", "X = 10", "X = 11")
        session.assert_equal_to_cold()
        project.replace("lib.py", "X = 11", "X = 10")
        assert session.assert_equal_to_cold().runs[-1]["exit_code"] == 1
        project.replace("test_a.py", "lib.X = 99", "pass")
        project.replace("test_a.py", "== 99", "== 10")
        session.assert_equal_to_cold()


def test_who_goes_first_of_its_file_and_fails_is_looked_at_in_turn(project):
    """It changes what the tests before it have, in ways that need no assignment."""
    project.apply("""
        --- lib.py
        def used(): return 1
        --- test_fixture.py
        import lib, pytest
        @pytest.fixture(scope="module")
        def seen():
            return []
        def test_first(seen):
            seen.append(1)
            assert seen == [1]
        def test_last(seen):
            assert lib.used() and seen == [1]
        --- test_iterator.py
        import lib
        NUMBERS = iter(range(9))
        def test_first():
            assert next(NUMBERS) == 0
        def test_last():
            assert lib.used() and next(NUMBERS) == 1
    """)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        project.replace("lib.py", "return 1", "return 2")
        assert session.assert_equal_to_cold().exit_code == 0


def test_who_fares_otherwise_without_a_reason_is_looked_at_behind_all_others(project):
    project.apply("""
        --- lib.py
        STATE = {"ready": False}
        --- other.py
        def other(): return 1
        --- test_a.py
        import lib
        def test_prepare():
            lib.STATE["ready"] = True
        --- test_b.py
        import lib, pytest
        @pytest.mark.skipif("lib.STATE['ready']")
        def test_skipped(): assert not lib.STATE["ready"]
        def test_other():
            assert 1
        def test_rests():
            assert lib.STATE["ready"]
    """)
    with WatchSession(project) as session:
        session.assert_equal_to_cold()
        for before, after in (("assert 1", "assert 2"), ("assert 2", "assert 3"), ("assert 3", "assert 4 == 5")):
            project.replace("test_b.py", before, after)
            session.assert_equal_to_cold()
        project.replace("test_a.py", "= True", "= False")
        assert session.assert_equal_to_cold().exit_code == 1
        project.replace("test_b.py", "4 == 5", "5 == 5")
        session.assert_equal_to_cold()
