"""At a terminal: keys, Ctrl-C, the debugger, input; and where there is no terminal."""

import pytest
from harness import Screen, WatchSession

CTRL_C = "\x03"
CTRL_D = "\x04"
WAITING = "waiting for changes"  # once, when keys are ours for the first time
CLOSED = " s)"  # the end of the closing line of a round, with its seconds
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
EVERYTHING = ["test_app.py::test_value", "test_other.py::test_other"]


@pytest.fixture
def started(project):
    project.apply(START)
    return project


@pytest.fixture
def screen(started):
    with Screen(started) as screen:
        screen.see(WAITING)
        yield screen


def ran_in(session, number):
    """The tests of a run, once that has finished."""
    session.wait_for_event("run_finished", run=number)
    return sorted(e["nodeid"] for e in session.events() if e["event"] == "test" and e["run"] == number)


def number_of_runs(session):
    return sum(event["event"] == "run_started" for event in session.events())


class TestLines:
    def test_say_what_changed_what_it_means_and_where_the_project_stands(self, started, screen):
        started.write("app.py", "VALUE = 2\n")
        shown = screen.see(CLOSED)
        assert "app.py → 2 modules re-executed, 1 of 2 tests" in shown
        assert "assert 2 == 1" in shown  # pytest's own report
        assert "1 of 2 tests fails: test_app.py::test_value" in shown
        started.write("test_other.py", "def test_other(): assert True\n")
        assert "1 of 2 tests fails: test_app.py::test_value" in screen.see(CLOSED)  # not rerun, or again: still said
        started.write("app.py", "VALUE = 1\n")
        assert "all 2 tests proven" in screen.see(CLOSED)

    def test_of_several_failing_tests_name_each(self, started, screen):
        started.write("test_other.py", "def test_other(): assert False\n")
        screen.see(CLOSED)
        started.write("app.py", "VALUE = 2\n")
        assert "2 of 2 tests fail" in screen.see(CLOSED)
        for nodeid in EVERYTHING:
            screen.see(nodeid)

    def test_have_colour(self, screen):
        assert "\x1b[32mreloadwatch: all 2 tests proven" in screen.output()

    def test_have_no_colour_where_that_is_asked(self, started):
        with Screen(started, environment={"NO_COLOR": "1"}) as screen:
            screen.see(CLOSED)
            assert "\x1b" not in screen.output()


class TestKeys:
    def test_a_runs_all(self, screen):
        screen.press("a")
        assert ran_in(screen, 2) == EVERYTHING

    def test_f_runs_what_fails(self, started, screen):
        started.write("app.py", "VALUE = 2\n")
        screen.see(CLOSED)
        before = number_of_runs(screen)
        screen.press("f")
        assert ran_in(screen, before + 1) == EVERYTHING[:1]
        screen.see("1 of 2 tests fails")

    def test_f_runs_nothing_where_nothing_fails(self, screen):
        screen.press("f")
        screen.press("a")
        screen.see(CLOSED)
        assert ran_in(screen, number_of_runs(screen)) == EVERYTHING

    @pytest.mark.parametrize("enter", ["\n", "\r"])
    def test_enter_runs_what_fails_or_is_affected(self, started, screen, enter):
        started.write("app.py", "VALUE = 2\n")
        screen.see(CLOSED)
        before = number_of_runs(screen)
        screen.press(enter)
        assert ran_in(screen, before + 1) == EVERYTHING[:1]

    def test_enter_runs_nothing_where_all_is_proven(self, screen):
        screen.press("\n")
        screen.press("?")
        screen.see("rerun")
        assert number_of_runs(screen) == 1

    def test_q_quits(self, screen):
        screen.press("q")
        assert screen.wait_for_end() == 0
        screen.wait_until_nothing_remains()

    def test_ctrl_d_quits(self, screen):
        screen.press(CTRL_D)
        assert screen.wait_for_end() == 0

    def test_q_tells_by_its_exit_code_that_a_test_fails(self, started, screen):
        started.write("app.py", "VALUE = 2\n")
        screen.see(CLOSED)
        screen.press("q")
        assert screen.wait_for_end() == 1

    def test_question_mark_helps(self, screen):
        screen.press("?")
        shown = screen.see("Ctrl-C")
        assert "Enter" in shown
        assert "quit" in shown

    def test_others_do_nothing(self, screen):
        screen.press("yz \x1b[A\t")
        screen.press("?")
        screen.see("Ctrl-C")
        assert number_of_runs(screen) == 1

    def test_work_while_a_test_runs(self, started):
        started.write("test_sleeps.py", "import time\ndef test_sleeps(): time.sleep(3600)\n")
        with Screen(started) as screen:
            screen.wait_for_event("test", nodeid="test_other.py::test_other")
            screen.press("?")
            screen.see("Ctrl-C")
            screen.press("q")
            screen.wait_for_end()
            screen.wait_until_nothing_remains()

    def test_are_not_shown_and_the_terminal_is_left_as_it_was(self, screen):
        assert not screen.echoes()
        screen.press("q")
        screen.wait_for_end()
        assert screen.echoes()

    def test_leave_the_terminal_as_it_was_when_killed_gently(self, screen):
        screen.process.terminate()
        screen.wait_for_end()
        assert screen.echoes()


class TestInterrupt:
    SLEEPS = """
        --- test_sleeps.py
        import pathlib, time
        def test_before(): pass
        def test_sleeps():
            while not pathlib.Path("wake").exists():
                time.sleep(0.01)
    """

    def test_when_idle_ends_the_session(self, screen):
        screen.press(CTRL_C)
        assert screen.wait_for_end() == 0
        assert "Traceback" not in screen.output()

    def test_of_a_run_keeps_the_session(self, started):
        started.apply(self.SLEEPS)
        with Screen(started) as screen:
            screen.wait_for_event("test", nodeid="test_sleeps.py::test_before")
            screen.press(CTRL_C)
            assert screen.wait_for_event("run_finished")["cancelled"]
            shown = screen.see(CLOSED)
            assert "interrupted" in shown
            assert "1 not proven" in shown
            assert screen.status()["settled"] is False
            started.write("wake", "")
            screen.press("\n")
            assert screen.wait_for_event("settled")["exit_code"] == 0

    def test_of_a_run_waits_for_the_next_save(self, started):
        started.apply(self.SLEEPS)
        with Screen(started) as screen:
            screen.wait_for_event("test", nodeid="test_sleeps.py::test_before")
            screen.press(CTRL_C)
            screen.see(CLOSED)
            started.write("test_sleeps.py", "def test_sleeps(): pass\n")
            assert screen.wait_for_event("settled")["exit_code"] == 0

    def test_of_a_run_does_not_hold_back_a_save_that_comes_right_after_it(self, started):
        """The edit comes while the run is still ending."""
        started.apply("""
            --- test_sleeps.py
            import time
            def test_before(): pass
            def test_sleeps():
                try:
                    print("sleeping", flush=True)
                    time.sleep(3600)
                except BaseException:
                    print("ending", flush=True)
                    time.sleep(1)
                    raise
        """)
        with Screen(started, "-s") as screen:
            screen.see("sleeping")
            screen.press(CTRL_C)
            screen.see("ending")
            started.write("test_sleeps.py", "def test_sleeps(): pass\n")
            assert screen.wait_for_event("settled")["exit_code"] == 0

    def test_twice_ends_the_session(self, started):
        started.apply(self.SLEEPS)
        with Screen(started) as screen:
            screen.wait_for_event("test", nodeid="test_sleeps.py::test_before")
            screen.press(CTRL_C)
            screen.see("interrupted; ")
            screen.press(CTRL_C)
            screen.wait_for_end()
            screen.wait_until_nothing_remains()

    def test_that_a_test_swallows_still_ends_the_run(self, started):
        started.apply("""
            --- test_sleeps.py
            import time
            def test_before(): pass
            def test_sleeps():
                while True:
                    try:
                        time.sleep(3600)
                    except BaseException:
                        pass
        """)
        with Screen(started) as screen:
            screen.wait_for_event("test", nodeid="test_sleeps.py::test_before")
            screen.press(CTRL_C)
            screen.see(CLOSED)
            started.write("test_sleeps.py", "def test_sleeps(): pass\n")
            assert screen.wait_for_event("settled")["exit_code"] == 0

    def test_reaches_no_checkpoint(self, started):
        started.apply(self.SLEEPS)
        started.write("wake", "")
        with Screen(started) as screen:
            screen.see(CLOSED)
            screen.settled_step()
            started.delete("wake")
            screen.press("a")  # perhaps in the middle of the run that this has started
            screen.wait_for_event("test", nodeid="test_sleeps.py::test_before")
            screen.press(CTRL_C)
            screen.see(CLOSED)
            checkpoints = screen.checkpoints()
            assert checkpoints
            started.write("wake", "")
            started.write("app.py", "VALUE = 3\n")
            assert screen.wait_for_event("settled", exit_code=1)


class TestDebugger:
    def test_of_a_failing_test(self, started):
        started.write("app.py", "VALUE = 2\n")
        with Screen(started, "--pdb") as screen:
            screen.see("(Pdb) ")
            screen.press("20 + VALUE\n")
            screen.see("22")
            screen.see("(Pdb) ")
            screen.press("c\n")
            screen.see(CLOSED)
            assert screen.wait_for_event("settled")["exit_code"] == 1
            screen.press("q")  # keys are ours again
            assert screen.wait_for_end() == 1

    def test_of_a_test_that_an_edit_broke(self, started):
        with Screen(started, "--pdb") as screen:
            screen.see(CLOSED)
            started.write("app.py", "VALUE = 2\n")
            screen.see("(Pdb) ")
            screen.press("20 + VALUE\n")
            screen.see("22")
            screen.see("(Pdb) ")
            screen.press("c\n")
            screen.see(CLOSED)
            assert not screen.echoes()
            started.write("app.py", "VALUE = 1\n")
            screen.see("all 2 tests proven")

    def test_is_left_alone_by_an_edit(self, started):
        started.write("app.py", "VALUE = 2\n")
        with Screen(started, "--pdb") as screen:
            screen.see("(Pdb) ")
            started.write("app.py", "VALUE = 1\n")
            screen.press("20 + VALUE\n")
            screen.see("22")
            screen.see("(Pdb) ")
            screen.press("c\n")
            screen.see("all 2 tests proven")

    def test_meets_an_edit_made_meanwhile_in_the_next_run(self, started):
        started.write("app.py", "VALUE = 2\n")
        with Screen(started, "--pdb") as screen:
            screen.see("(Pdb) ")
            started.write("app.py", "VALUE = 3\n")
            screen.press("20 + VALUE\n")
            screen.see("22")
            screen.see("(Pdb) ")
            screen.press("c\n")
            screen.see("(Pdb) ")
            screen.press("20 + VALUE\n")
            screen.see("23")
            screen.see("(Pdb) ")
            screen.press("c\n")
            screen.see(CLOSED)
            assert screen.wait_for_event("settled")["exit_code"] == 1

    def test_that_was_told_to_continue_does_not_take_the_next_edit_for_its_own(self, started):
        text = "import time\n\ndef test_value():\n    breakpoint()\n    print('go')\n    time.sleep(3600)\n"
        started.write("test_app.py", text)
        with Screen(started, "-s") as screen:
            screen.see("(Pdb) ")
            screen.press("c\n")
            screen.see("\ngo\n")  # an edit before that waits for the end of the run
            started.write("test_app.py", "def test_value():\n    pass\n")
            screen.see("all 2 tests proven")
            assert screen.wait_for_event("run_finished", run=1)["exit_code"] == 2  # interrupted, not killed

    def test_is_left_by_q(self, started):
        started.write("app.py", "VALUE = 2\n")
        with Screen(started, "--pdb") as screen:
            screen.see("(Pdb) ")
            screen.press("q\n")
            screen.see(CLOSED)
            started.write("app.py", "VALUE = 1\n")
            screen.see("all 2 tests proven")

    def test_at_a_breakpoint(self, started):
        started.write("test_other.py", "def test_other():\n    value = 22\n    breakpoint()\n    assert value == 22\n")
        with Screen(started) as screen:
            screen.see("(Pdb) ")
            screen.press("value + 20\n")
            screen.see("42")
            screen.see("(Pdb) ")
            screen.press("c\n")
            screen.see(CLOSED)
            assert screen.wait_for_event("settled")["exit_code"] == 0
            screen.press("q")
            assert screen.wait_for_end() == 0

    def test_of_the_first_run_and_an_edit_meanwhile_start_another_which_nobody_calls_needless(self, started):
        started.write("test_other.py", "import app\ndef test_other():\n    breakpoint()\n    assert app.VALUE == 2\n")
        with Screen(started) as screen:
            screen.see("(Pdb) ")
            started.write("app.py", "VALUE = 2\n")
            screen.press("c\n")
            assert "nothing to run" not in screen.see("app.py changed: looking for tests")
            screen.see("(Pdb) ")
            screen.press("c\n")
            screen.see(CLOSED)

    def test_is_interrupted_without_ending_the_session(self, started):
        started.write("app.py", "VALUE = 2\n")
        with Screen(started, "--pdb") as screen:
            screen.see("(Pdb) ")
            screen.press(CTRL_C)
            screen.see("(Pdb) ")
            started.write("app.py", "VALUE = 1\n")
            screen.press("c\n")
            screen.see("all 2 tests proven")


class TestInput:
    def test_is_the_test_s_own_with_s(self, started):
        started.write("test_other.py", "def test_other(): assert input('name? ') == 'qa'\n")
        with Screen(started, "-s") as screen:
            screen.see("name? ")
            screen.press("qa\n")
            screen.see(CLOSED)
            assert screen.wait_for_event("settled")["exit_code"] == 0
            started.write("test_other.py", "def test_other(): assert input('number? ') == '7'\n")
            screen.see("number? ")
            screen.press("7\n")
            screen.see(CLOSED)
            screen.press("q")
            assert screen.wait_for_end() == 0

    def test_is_refused_without_s_as_pytest_does(self, started):
        started.write("test_other.py", "def test_other(): input()\n")
        with Screen(started) as screen:
            screen.see("reading from stdin while output is captured")
            screen.see(CLOSED)


class TestNoTerminal:
    def test_has_no_keys_and_no_colour_and_watches(self, started):
        with WatchSession(started) as session:
            session.step()
            session.wait_for_output("all 2 tests proven")
            started.write("app.py", "VALUE = 2\n")
            session.wait_for_event("settled", exit_code=1)
            session.wait_for_output("1 of 2 tests fails")
            assert WAITING not in session.output()
            assert "\x1b" not in session.output()

    def test_of_output_only_has_no_keys(self, started):
        """As in ``pytest --reload-watch | tee log``: nobody would see what the keys do."""
        with Screen(started, option="--reload-once") as screen:
            assert screen.wait_for_end() == 0
            assert WAITING not in screen.output()
            assert screen.echoes()
