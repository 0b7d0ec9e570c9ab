"""What keys do, as a person sees it: in narrow and in wide terminals, with colours and without."""

import contextlib
import io
import os
import re
import socket
import sys
from pathlib import Path

import pytest
from harness import Screen, WatchSession, eventually

from pytest_reloadwatch.terminal.screen import PlainScreen

START = """
    --- pytest.ini
    [pytest]
    markers = slow: takes its time
    --- app.py
    VALUE = 1
    OTHER = 1
    --- test_app.py
    from app import OTHER, VALUE
    def test_value():
        assert VALUE == 1
    def test_other():
        assert OTHER == 1
    --- test_cart.py
    import pytest
    @pytest.mark.slow
    def test_total(): pass
    def test_tax(): pass
"""
RED = "VALUE = 2\nOTHER = 2\n"
CLOSED = " s)"
READY = "q to quit"
UP, DOWN, ESCAPE = "\x1b[A", "\x1b[B", "\x1b"
PLAIN, DARK = {"NO_COLOR": "1"}, {"TERM": "xterm-256color"}
TERMINALS = [
    pytest.param({"columns": columns, "environment": environment}, id=f"{columns}-{name}")
    for columns in (60, 120)
    for name, environment in (("plain", PLAIN), ("dark", DARK))
]
PRESSED = {"Enter": "\\n", "Ctrl-C": "\\x03"}  # keys with names, as they are written here


@pytest.fixture(params=TERMINALS)
def terminal(request):
    return request.param


@contextlib.contextmanager
def session_in(terminal, project, *arguments, **environment):
    """A session whose screen is what a terminal like this can show."""
    has_colours = "NO_COLOR" not in terminal["environment"]
    environment = terminal["environment"] | environment
    with Screen(project, "--tb=short", *arguments, columns=terminal["columns"], environment=environment) as screen:
        screen.see(READY)
        yield screen
        lines, colours = screen.lines()
        assert all(len(line) <= screen.columns for line in lines)
        assert bool(colours) == ("\x1b[3" in screen.output()) == has_colours


@pytest.fixture
def screen(terminal, project):
    project.apply(START)
    with session_in(terminal, project) as screen:
        yield screen


def joined(text):
    """What a terminal breaks into lines, in one: *text* is as it was written."""
    return " ".join(text.split())


def ran(screen, text):
    """The tests of the events since the last question, once *text* is shown."""
    screen.see(text)
    events = screen.events()
    taken, screen.taken = getattr(screen, "taken", 0), len(events)
    return sorted(event["nodeid"] for event in events[taken:] if event["event"] == "test")


def test_filters(project, screen):
    assert len(ran(screen, "") + ran(screen, "")) == 4
    screen.press("t")
    screen.see("test name: _  4 tests")
    screen.press("ta")
    screen.see("2 of 4 tests: test_total, test_tax")
    screen.press("\x7f")
    screen.see("test name: t_  4 of 4")
    screen.press("o tal\n")  # words
    assert ran(screen, READY) == ["test_cart.py::test_total"]
    screen.press("t")
    screen.press(UP)
    screen.see("test name: to tal_  1 of 4 tests: test_total")
    screen.press("\x15")  # Ctrl-U
    screen.see("test name: _  4 tests")
    screen.press(UP + DOWN)
    screen.see("test name: _  4 tests")
    screen.press(ESCAPE)
    project.write("app.py", RED)
    shown = joined(screen.see(READY))
    assert "2 of 4 tests proven; 2 not proven, all out of the filter (name: to tal)" in shown
    assert ran(screen, "") == []
    assert screen.status()["settled"] is False
    screen.press("c")
    assert ran(screen, READY) == ["test_app.py::test_other", "test_app.py::test_value"]
    screen.press("p")
    screen.press("cart")
    screen.see("2 of 4 tests: test_cart.py")
    screen.press("\n")
    assert ran(screen, READY) == ["test_cart.py::test_tax", "test_cart.py::test_total"]
    screen.press("c")
    assert ran(screen, READY) == ["test_app.py::test_other", "test_app.py::test_value"]
    screen.press("m")
    screen.see("markers: slow")
    screen.press("slow and")
    screen.see("not complete yet")
    screen.press("\n")
    screen.see("no such marker expression")
    screen.press("m")
    screen.press("slow\n")
    assert ran(screen, READY) == ["test_cart.py::test_total"]
    screen.press("q")
    assert screen.wait_for_end() == 1


def test_a_client_asks_about_the_whole_project_whatever_the_filter(project, screen):
    screen.press("p")
    screen.press("cart\n")
    screen.see(READY)
    project.write("app.py", RED)
    assert "out of the filter (file: cart)" in joined(screen.see(READY))
    step = screen.step()
    assert step.exit_code == 1
    assert len(step.outcomes) == 4


def test_failures(project, screen):
    ran(screen, "")
    project.write("app.py", RED)
    shown = screen.see(READY)
    assert "2 of 4 tests fail" in joined(shown)
    assert "test_app.py::test_other at test_app.py:5" in joined(shown)
    assert len(ran(screen, "")) == 2
    screen.press("v")
    shown = screen.see("assert 2 == 1") + screen.see("assert 2 == 1")
    assert "test_app.py::test_value at test_app.py:3" in shown
    screen.press("w")
    shown = joined(screen.see("executed again: app: changed"))
    assert "test_app.py (2 tests) ← app: code outside of functions changed" in shown
    screen.press("\n")
    assert len(ran(screen, READY)) == 2
    screen.press("w")
    shown = screen.see("outside") + screen.see("changed")  # where the line is broken depends on the terminal
    assert "code outside of functions changed" in joined(shown)
    screen.press("i")
    screen.see("failure 1 of 2: test_app.py::test_other")
    assert ran(screen, READY) == ["test_app.py::test_other"]
    screen.press("n")
    screen.see("failure 2 of 2: test_app.py::test_value")
    assert ran(screen, READY) == ["test_app.py::test_value"]
    screen.press("\n")
    assert ran(screen, READY) == ["test_app.py::test_value"]
    screen.press("b")
    screen.see("failure 1 of 2: test_app.py::test_other")
    assert ran(screen, READY) == ["test_app.py::test_other"]
    screen.press(ESCAPE)
    screen.see("keys are as always")
    screen.press("f")
    assert len(ran(screen, READY)) == 2
    screen.press("x")
    screen.see("stop at the first failure")
    screen.press("a")
    shown = joined(screen.see(READY))
    assert "stopping after 1 failures" in shown
    assert "stops at the first failure" in shown


def test_modes(project, screen):
    ran(screen, "")
    screen.press("o")
    screen.see("paused")
    project.write("app.py", RED)
    shown = joined(screen.see(READY))
    assert "2 of 4 tests proven; 2 not proven" in shown
    assert "on disk is newer than what ran: app.py" in shown
    assert ran(screen, "") == []
    screen.press("o")
    assert len(ran(screen, READY)) == 2
    screen.press("d")
    screen.see("direct tests")
    project.write("test_cart.py", "def test_total(): assert 1\ndef test_tax(): pass\n")
    assert "direct tests only" in joined(screen.see(READY))
    screen.press("s")
    assert "changes answered: 1, tests run: 4, not needed: 0;" in joined(screen.see("report"))
    screen.press("?")
    assert "step through the failures" in joined(screen.see("only import it"))
    screen.press("r")
    screen.see("starting over: as asked")
    screen.see(READY)
    screen.press("\x03")  # Ctrl-C
    assert screen.wait_for_end() == 1


def test_take_effect_during_a_run(project, screen):
    project.write("test_cart.py", "import time\ndef test_total(): time.sleep(3600)\ndef test_tax(): pass\n")
    screen.wait_for_event("run_started", run=2)
    screen.press("t")
    screen.see("test name: _")
    assert screen.wait_for_event("run_finished", run=2)["cancelled"]
    screen.press("tax\n")
    screen.wait_for_event("run_finished", run=3)
    shown = screen.see("(c clears it)")
    assert "1 not proven, all out of the filter (name: tax)" in joined(shown)
    assert [event["nodeid"] for event in screen.events() if event["event"] == "test"][-1] == "test_cart.py::test_tax"
    screen.press("c")
    screen.wait_for_event("run_started", run=4)
    screen.press("\x03")  # Ctrl-C
    shown = screen.see(READY)
    assert "interrupted; 3 of 4 tests proven; 1 not proven" in joined(shown)
    assert "Traceback" not in shown  # two may come, the terminal's and ours


SNAPSHOTS = """
    --- snapper.py
    import pathlib
    FILE = pathlib.Path(__file__).with_name("snapshot.txt")
    def pytest_addoption(parser):
        parser.addoption("--inline-snapshot", dest="inline_snapshot")
    def pytest_configure(config):
        config.updates = "fix" in (config.option.inline_snapshot or "")
    --- test_snapshot.py
    import app, snapper
    def test_snapshot(pytestconfig):
        if pytestconfig.updates:
            snapper.FILE.write_text(str(app.VALUE))
        assert snapper.FILE.read_text() == str(app.VALUE)
    --- snapshot.txt
    1"""


def test_u_updates_snapshots_and_proves_nothing_by_that(project, terminal):
    project.apply(START + SNAPSHOTS)
    project.write("snapshot.txt", "1")
    with session_in(terminal, project, "-p", "snapper", PYTHONPATH=str(project.root)) as screen:
        project.write("app.py", "VALUE = 2\nOTHER = 1\n")
        assert "2 of 5 tests fail" in screen.see(READY)
        screen.press("u")
        screen.wait_for_event("run_finished", run=4)
        assert project.read("snapshot.txt") == "2"
        assert "1 of 5 tests fails: test_app.py::test_value" in joined(screen.see(READY))
        runs = [event["run"] for event in screen.events() if event.get("nodeid") == "test_snapshot.py::test_snapshot"]
        assert runs[-2:] == [3, 4]
        assert screen.status()["outcomes"]["test_snapshot.py::test_snapshot"] == "passed"
        screen.press("\x04")  # Ctrl-D
        assert screen.wait_for_end() == 1


def test_u_says_what_is_missing(project, terminal):
    project.apply(START)
    with session_in(terminal, project) as screen:
        screen.press("u")
        assert "neither is installed here" in joined(screen.see("here"))


def test_every_key_that_the_help_names_is_pressed_in_all_these_terminals():
    shown = io.StringIO()
    PlainScreen(shown).help()
    keys = re.findall(r"^  (\S+) {2,}\S", shown.getvalue(), re.MULTILINE)
    assert len(keys) == 18
    text = Path(__file__).read_text(encoding="utf-8")
    assert [key for key in keys if f'press("{PRESSED.get(key, key)}' not in text] == []


def test_keys_that_are_always_on(project):
    project.apply(START)
    project.write("pytest.ini", "[pytest]\nmarkers = slow: takes its time\nreload_keys = x d\n")
    project.write("app.py", RED)
    with Screen(project) as screen:
        shown = screen.see(READY)
        assert "stopping after 1 failures" in shown
        assert "direct tests only" in shown
        project.write("pytest.ini", "[pytest]\nmarkers = slow: takes its time\n")
        screen.see("starting over: pytest.ini changed")
        assert "2 of 4 tests fail" in screen.see(READY)


def test_notifications_come_when_the_state_flips(project, tmp_path):
    program, log = tmp_path / "bin" / "notify-send", tmp_path / "log"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport sys\nopen({str(log)!r}, 'a').write(sys.argv[-1] + '\\n')\n")
    program.chmod(0o755)
    project.apply(START)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    with WatchSession(project, "--reload-notify", environment={"PATH": path}) as session:
        session.step()
        project.write("app.py", RED)
        session.step()
        project.write("app.py", RED + "MORE = 1\n")
        session.step()
        project.write("app.py", "VALUE = OTHER = 1\n")
        session.step()
        eventually("both notifications", lambda: log.exists() and len(log.read_text().splitlines()) > 1)
        assert log.read_text().splitlines() == ["2 of 4 tests fail", "all 4 tests proven"]


WAITS = """
    import os, socket
    def test_before(): pass
    def test_waits():
        with socket.create_connection(("127.0.0.1", int(os.environ["PORT"]))) as connection:
            connection.recv(1)
    def test_after(): pass
"""


def test_progress_of_a_long_run_stands_on_lines_of_its_own(project):
    project.apply(START)
    with socket.create_server(("127.0.0.1", 0)) as server:
        environment = {"NO_COLOR": "1", "PORT": str(server.getsockname()[1])}
        with Screen(project, columns=60, environment=environment) as screen:
            assert "now test_" not in screen.see(READY)  # a short one has none
            project.write("test_app.py", WAITS)
            connection, _ = server.accept()
            screen.see("reloadwatch: 1 of 3 tests, now test_app.py::test_waits")
            connection.close()
            screen.see(READY)
            lines = screen.lines()[0]
    begin = lines.index("test_app.py .")
    assert lines[begin + 1].startswith("reloadwatch: 1 of 3 tests, now test_app.py::test_waits")
    assert lines[begin + 3] == "test_app.py .." + "[100%]".rjust(60 - 14 - 1)
