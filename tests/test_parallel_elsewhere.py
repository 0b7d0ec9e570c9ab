"""Workers that the session knows nothing of, by socket on loopback: selection, verdicts, and what they rest on."""

import re
import shutil
import subprocess
import sys

import pytest
from harness import eventually, run_once

SERVER = [sys.executable, "-u", "-m", "execnet.script.socketserver", "127.0.0.1:0"]


@pytest.fixture
def serve(tmp_path):
    """Start a server in a copy of a project; the answer are options for it. All are ended with the test."""
    servers = []

    def start(project):
        directory = tmp_path / f"there-{len(servers)}"  # xdist copies pytest itself to there
        shutil.copytree(project, directory, ignore=shutil.ignore_patterns(".pytest_cache"))
        output = tmp_path / f"server-{len(servers)}"
        with open(output, "wb") as file:
            servers.append(subprocess.Popen(SERVER, cwd=directory, stdout=file, stderr=subprocess.STDOUT))
        address = eventually("the server's port", lambda: re.search(r"\('127.0.0.1', (\d+)\)", output.read_text()))
        return ["-d", "--tx", f"socket=127.0.0.1:{address[1]}//chdir={directory}"]

    yield start
    for server in servers:
        server.kill()
        server.wait()


def ran(session):
    return sorted(event["nodeid"] for event in session.events() if event["event"] == "test")


@pytest.fixture
def two(project):
    """A project with two files of tests, one of which reads a file."""
    project.apply("""
        --- .settings/data.txt
        1
        --- sub/test_reads.py
        import pathlib
        def test_reads(): assert pathlib.Path(".settings/data.txt").read_text() == "1\\n"
        def test_fails(): assert False
        --- test_other.py
        def test_one(worker_id): assert worker_id == "gw0"
        def test_one_more(): pass
    """)
    return project


def test_only_what_is_not_proven_runs_there(two, serve):
    first = run_once(two, *serve(two.root))
    assert first.process.returncode == 1
    assert len(ran(first)) == 4
    assert first.events()[-1]["outcomes"] == two.cold("-n1")["outcomes"]
    assert ran(run_once(two, *serve(two.root))) == ["sub/test_reads.py::test_fails"]
    two.write(".settings/data.txt", "2\n")  # nobody has seen which tests read it
    after = run_once(two, *serve(two.root))
    assert len(ran(after)) == 4
    assert after.events()[-1]["outcomes"]["sub/test_reads.py::test_reads"] == "failed"


def test_here_and_there(two, serve):
    """A worker forked here, and one elsewhere."""
    session = run_once(two, *serve(two.root), "--tx=popen")
    assert "2 workers [4 items]" in session.output()
    assert set(ran(session)) == set(two.cold("-n1")["outcomes"])


def test_a_server_that_has_run_tests_before(two, serve):
    options = serve(two.root)
    run_once(two, *options)
    two.write("test_other.py", "def test_one(): assert False\n")
    again = run_once(two, *options)
    assert again.process.returncode == 4
    assert "has run tests before, and holds what it imported then: start a new server there" in again.output()


def test_tests_that_have_other_names_there(two, serve, tmp_path):
    above = tmp_path / "above"
    above.mkdir()
    two.root.rename(above / "inner")
    options = serve(above)
    (above / "inner").rename(two.root)
    session = run_once(two, *options)
    assert "knows tests by other names, inner/sub/test_reads.py::test_fails among them" in session.output()
    assert session.process.returncode != 0
