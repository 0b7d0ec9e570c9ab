"""A process that was forked ahead carries out the next order: what it would have to copy first is copied by then."""

import os
import signal
import sys

import pytest
from harness import WatchSession, eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")

PROJECT = """
    --- app.py
    VALUE = 1
    --- test_app.py
    import os, pathlib
    import app
    def test_app():
        if "OUTSIDE" in os.environ:
            pathlib.Path(os.environ["OUTSIDE"]).write_text(str(os.getpid()))
        assert app.VALUE % 2 == 1
    --- test_other.py
    def test_other(): pass
    --- test_b.py
    --- test_c.py
    --- test_d.py
"""


@pytest.fixture
def told(tmp_path):
    """Where the project's test writes its pid."""
    return tmp_path / "outside"


@pytest.fixture
def session(project, told):
    """One in which app.py has been edited, so that it is hot."""
    project.apply(PROJECT)
    with WatchSession(project, environment={"OUTSIDE": str(told)}) as session:
        session.step()
        project.write("app.py", "VALUE = 2\n")
        session.step()
        session.wait_until_idle()
        yield session


def answer(project, session, told, value):
    """The pid of the run that answers an edit."""
    project.write("app.py", f"VALUE = {value}\n")
    session.assert_equal_to_cold()
    pid = int(told.read_text())
    session.wait_until_idle()
    return pid


def test_a_run_was_forked_before_the_edit_that_it_is_for(project, session, told):
    for value in (3, 4, 5):
        before = session.pids()
        assert answer(project, session, told, value) in before


def test_it_is_no_loss_when_it_is_killed(project, session, told):
    for value in (3, 4, 5):
        (spare,) = _leaves(session)
        os.kill(spare, signal.SIGKILL)
        answer(project, session, told, value)


def test_it_is_no_loss_when_it_is_killed_with_its_order(project, session):
    for value in (3, 4):
        (spare,) = _leaves(session)
        os.kill(spare, signal.SIGSTOP)
        orders = _orders(session)
        project.write("app.py", f"VALUE = {value}\n")
        eventually("the order", lambda before=orders: _orders(session) > before)
        os.kill(spare, signal.SIGKILL)
        session.assert_equal_to_cold()
        session.wait_until_idle()


def test_there_are_few_of_them(project, session):
    for name in "bcd":
        for text in ("assert 1", "assert 2"):
            project.write(f"test_{name}.py", f"def test(): {text}\n")
            session.step()
            session.wait_until_idle()
    assert len(_leaves(session)) == 2


def _orders(session):
    return sum(event["event"] == "selected" for event in session.events())


def _leaves(session):
    """Its processes that wait for an order and have no socket to hear it from."""
    return [pid for pid in session.checkpoints() if not any(map(_is_socket, _descriptors(pid)))]


def _descriptors(pid):
    place = f"/proc/{pid}/fd"
    return [os.path.join(place, name) for name in os.listdir(place)]


def _is_socket(descriptor):
    return os.readlink(descriptor).startswith("socket:")
