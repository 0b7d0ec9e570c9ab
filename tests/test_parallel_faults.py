"""What goes wrong in a run with workers: reported as by plain xdist, nothing remains, and the next save works."""

import os
import signal
from pathlib import Path

import pytest
from harness import WatchSession, eventually, run_once

WAITS = """
    import os, pathlib, time
    import pytest
    HERE = pathlib.Path(os.environ["OUTSIDE"])

    def parent_of(pid):
        return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

    NUMBER = int(__name__[-1])

    def test_waits(worker_id):
        nursery = os.getppid()
        text = f"{os.getpid()} {nursery} {parent_of(nursery)}"
        if not (HERE / "go").exists():
            (HERE / f"pids-{NUMBER}.new").write_text(text)
            os.replace(HERE / f"pids-{NUMBER}.new", HERE / f"pids-{NUMBER}")
        while not (HERE / "go").exists():
            time.sleep(0.005)

    def test_then(): pass
"""
QUICK = """
    def test_quick(): pass
    def test_fails(): assert False
"""


@pytest.fixture
def outside(tmp_path):
    place = tmp_path / "outside"
    place.mkdir()
    return place


@pytest.fixture
def session(project, outside, monkeypatch):
    """A watch session in the middle of two tests that wait, each in its worker."""
    monkeypatch.setenv("OUTSIDE", str(outside))
    project.write("test_0.py", WAITS)
    project.write("test_1.py", WAITS)
    project.write("test_quick.py", QUICK)
    with WatchSession(project, "-n2", "--dist=loadfile") as session:
        yield session


def pids_in(outside, number):
    """The worker of a test, what forked it, and its run."""
    path = outside / f"pids-{number}"
    return [int(word) for word in eventually(f"{path}", lambda: path.exists() and path.read_text()).split()]


def test_a_worker_is_killed(project, session, outside):
    worker, *_ = pids_in(outside, 0)
    pids_in(outside, 1)
    os.kill(worker, signal.SIGKILL)
    session.wait_for_event("test", nodeid="test_0.py::test_waits", outcome="error")
    (outside / "go").touch()
    step = session.step()
    assert "crashed while running 'test_0.py::test_waits'" in session.output()
    assert step.runs[0]["exit_code"] == 1
    assert step.outcomes["test_1.py::test_waits"] == "passed"
    project.write("test_quick.py", "def test_quick(): pass\n")
    after = session.assert_equal_to_cold()
    assert after.outcomes["test_0.py::test_waits"] == "passed"  # it failed, so it has run again


def test_the_run_is_killed(project, session, outside):
    worker, _, run = pids_in(outside, 0)
    other, *_ = pids_in(outside, 1)
    os.kill(run, signal.SIGKILL)
    eventually("the end of the workers", lambda: not any(Path(f"/proc/{pid}").exists() for pid in (worker, other)))
    (outside / "go").touch()
    project.write("test_quick.py", "def test_quick(): pass\n")
    step = session.assert_equal_to_cold()
    assert set(step.outcomes.values()) == {"passed"}
    assert "was killed by SIGKILL while its workers ran tests" in session.output()


def test_what_forks_workers_is_killed(project, session, outside):
    _, nursery, _ = pids_in(outside, 0)
    pids_in(outside, 1)
    os.kill(nursery, signal.SIGKILL)
    (outside / "go").touch()
    step = session.assert_equal_to_cold()
    assert len(step.runs) == 1  # those that it has forked go on


def test_the_controller_is_killed(session, outside):
    pids_in(outside, 0)
    pids_in(outside, 1)
    session.process.kill()
    session.process.wait()
    session.wait_until_nothing_remains()


def test_an_edit_interrupts_the_workers(project, session, outside):
    pids_in(outside, 0)
    pids_in(outside, 1)
    project.replace("test_1.py", "test_waits", "test_renamed")
    (outside / "go").touch()
    step = session.assert_equal_to_cold()
    assert step.runs[0]["cancelled"]
    assert "test_1.py::test_waits" not in step.outcomes


CRASHES = """
    import os
    def test_crashes(): os._exit(3)
    def test_a(): pass
    def test_b(): pass
"""


def test_a_test_that_ends_its_worker(project):
    project.write("test_crashes.py", CRASHES)
    session = run_once(project, "-n2")
    assert session.process.returncode == 1
    assert session.events()[-1]["outcomes"] == project.cold("-n2")["outcomes"]
    assert "replacing crashed worker" in session.output()


def test_without_restarting_workers(project):
    project.write("test_crashes.py", CRASHES)
    session = run_once(project, "-n2", "--max-worker-restart=0")
    assert session.process.returncode == 1
    assert "crashed and worker restarting disabled" in session.output()


@pytest.mark.parametrize("option", ["-x", "--maxfail=2"])
def test_stopping_at_failures(project, option):
    project.write("test_many.py", """
        import pytest, time
        @pytest.mark.parametrize("n", range(40))
        def test_fails(n):
            time.sleep(0.01)
            assert False
    """)  # fmt: skip
    session = run_once(project, "-n2", option)
    ran = [event for event in session.events() if event["event"] == "test"]
    assert session.process.returncode == 1
    assert "stopping after" in session.output()
    assert 1 <= len(ran) < 40
    assert "not proven" in session.output()


def test_workers_that_end_before_they_come_to_any_test(project):
    project.write("conftest.py", """
        import os
        def pytest_sessionstart(session):
            if hasattr(session.config, "workerinput"):
                os._exit(3)
    """)  # fmt: skip
    project.write("test_a.py", "def test_a(): pass\ndef test_b(): pass\n")
    session = run_once(project, "-n2")
    assert "the workers ended before 2 tests had run" in session.output()
    assert session.process.returncode == 3
