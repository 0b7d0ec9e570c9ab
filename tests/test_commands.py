"""Editors, agents and hooks at one warm session: what each command answers, and that its documentation says so."""

import contextlib
import json
import os
import re
import struct
import subprocess
import sys
import threading

import pytest
from harness import TIMEOUT, Project, WatchSession, eventually, fcntl, pty, termios

from pytest_reloadwatch.commands.asking import code_of_wait
from pytest_reloadwatch.session.clients import ask, follow

BITS = 4
START = """
    --- version.py
    VERSION = 0
    --- test_bits.py
    import pytest
    from version import VERSION
    @pytest.mark.parametrize("bit", range(4))
    def test_bit(bit):
        assert not VERSION >> bit & 1
    --- sub/test_deep.py
    import os, pathlib
    def test_deep():
        pathlib.Path(os.environ["COUNT"]).open("a").write("x")
    --- test_other.py
    class TestOther:
        def test_one(self): pass
        def test_two(self): assert "one" == "two"
"""
LONG = """
    import pytest
    @pytest.mark.parametrize("number", range(300), ids=lambda number: f"{number}{'x' * 150}")
    def test_long(number): pass
"""
DEEP = "sub/test_deep.py::test_deep"
TWO = "test_other.py::TestOther::test_two"


def command(directory, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest_reloadwatch", *arguments],
        cwd=directory, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip


def as_json(directory, *arguments):
    done = command(directory, *arguments, "--json")
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """One session for all that only asks."""
    place = tmp_path_factory.mktemp("commands")
    project = Project(place / "project")
    project.apply(START)
    count = place / "count"
    with WatchSession(project, environment={"COUNT": str(count)}) as session:
        session.count = lambda: len(count.read_text())
        session.step()
        yield session


class TestRun:
    def test_a_proven_test_runs_all_the_same(self, session):
        before = session.count()
        code, answer = as_json(session.project.root, "run", DEEP)
        assert (code, answer["outcomes"]) == (0, {DEEP: "passed"})
        assert session.count() == before + 1

    def test_nothing_else_runs(self, session):
        seen = len(session.events())
        assert as_json(session.project.root, "run", "test_other.py::TestOther::test_one")[0] == 0
        ran = [event["nodeid"] for event in session.events()[seen:] if event["event"] == "test"]
        assert ran == ["test_other.py::TestOther::test_one"]

    def test_a_failing_one_ends_with_1_and_says_where(self, session):
        code, answer = as_json(session.project.root, "run", TWO)
        assert code == answer["exit_code"] == 1
        assert answer["failures"][TWO]["path"] == "test_other.py"
        assert answer["failures"][TWO]["line"] == 3
        assert "assert 'one' == 'two'" in answer["failures"][TWO]["message"]

    @pytest.mark.parametrize("question", ["test_other.py", "test_other.py::TestOther", "test_other.py::TestOther::"])
    def test_a_file_or_a_class_is_all_of_its_tests(self, session, question):
        answer = as_json(session.project.root, "run", question.rstrip(":"))[1]
        assert len(answer["outcomes"]) == 2

    def test_paths_are_as_they_are_seen_from_where_one_is(self, session):
        code, answer = as_json(session.project.path("sub"), "run", "test_deep.py")
        assert (code, list(answer["outcomes"])) == (0, [DEEP])

    def test_an_unknown_name_ends_with_4_and_the_others_run(self, session):
        before = session.count()
        code, answer = as_json(session.project.root, "run", "test_nowhere.py::test_x", DEEP)
        assert code == answer["exit_code"] == 4
        assert answer["unknown"] == ["test_nowhere.py::test_x"]
        assert session.count() == before + 1
        assert "no test is called nothing" in command(session.project.root, "run", "nothing").stderr

    def test_of_several_clients_each_gets_its_own(self, session):
        answers = {}

        def run(nodeid):
            answers[nodeid] = ask(str(session.project.root), "run", TIMEOUT, nodeids=(nodeid,))

        names = [DEEP, TWO, *(f"test_bits.py::test_bit[{bit}]" for bit in range(BITS))]
        threads = [threading.Thread(target=run, args=[name]) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {nodeid: list(answer["outcomes"]) for nodeid, answer in answers.items()} == {n: [n] for n in names}

    def test_a_new_test_can_be_asked_for_at_once(self, session):
        session.project.write("test_new.py", "def test_new(): assert False\n")
        code, answer = as_json(session.project.root, "run", "test_new.py::test_new")
        assert (code, answer["outcomes"]) == (1, {"test_new.py::test_new": "failed"})
        session.project.write("test_new.py", "def test_new(:\n")
        code, answer = as_json(session.project.root, "run", "test_new.py::test_new")
        assert (code, answer["outcomes"]) == (1, {"test_new.py": "error"})
        assert answer["failures"]["test_new.py"]["line"] == 1
        session.project.delete("test_new.py")

    def test_it_is_no_new_reason_for_what_ran_before(self, session):
        session.project.write("version.py", "VERSION = 1\n")
        session.step()
        before = as_json(session.project.root, "why", "test_bits.py")
        assert "version" in before[1]["tests"]["test_bits.py::test_bit[0]"]
        as_json(session.project.root, "run", DEEP)
        assert as_json(session.project.root, "why", "test_bits.py") == before
        session.project.write("version.py", "VERSION = 0\n")
        session.step()

    def test_what_waits_its_turn_stays_unproven_when_others_are_asked_for(self, project):
        project.apply("""
            --- core.py
            VALUE = 1
            --- test_near.py
            import core
            def test_near(): assert core.VALUE
            --- test_far.py
            import test_near
            def test_one(): pass
            def test_two(): pass
        """)
        with WatchSession(project, "--reload-select=direct") as session:
            session.step()
            project.write("core.py", "VALUE = 2\n")
            session.wait_for_output("2 not proven")
            before = len(session.events())
            assert as_json(project.root, "run", "test_far.py::test_one")[0] == 0
            ran = [event["nodeid"] for event in session.events()[before:] if event["event"] == "test"]
            assert ran == ["test_far.py::test_one"]
            assert session.status()["settled"] is False

    def test_what_cannot_run_is_said(self, session):
        session.project.write("conftest.py", "raise ValueError('no way')\n")
        done = command(session.project.root, "run", DEEP)
        assert done.returncode == 4
        assert "conftest.py cannot be imported" in done.stderr
        session.project.delete("conftest.py")
        assert as_json(session.project.root, "run", DEEP)[0] == 0


class TestEvents:
    def test_all_who_follow_hear_the_same(self, session):
        heard = [[], [], []]
        begun = threading.Barrier(len(heard) + 1)

        def listen(events):
            for event in follow(str(session.project.root)):
                if event["event"] == "following":
                    begun.wait(TIMEOUT)
                else:
                    events.append(event)
                if event["event"] == "settled":
                    return

        threads = [threading.Thread(target=listen, args=[events]) for events in heard]
        for thread in threads:
            thread.start()
        begun.wait(TIMEOUT)
        before = len(session.events())
        as_json(session.project.root, "run", DEEP)
        for thread in threads:
            thread.join()
        assert heard[0] == heard[1] == heard[2] == session.events()[before:]
        assert [event["event"] for event in heard[0]] == ["run_started", "test", "run_finished", "settled"]

    def test_what_has_happened_can_be_had_later(self, session):
        done = command(session.project.root, "events", "--json")
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert [event for event in events if event["event"] != "failure"] == session.events()
        assert {event["nodeid"]: event["line"] for event in events if event["event"] == "failure"}[TWO] == 3
        assert f"FAILED {TWO}" in command(session.project.root, "events").stdout

    def test_who_does_not_read_holds_up_nobody_and_misses_nothing(self, session):
        """Far more than a socket holds, to a follower that takes none of it until later."""
        session.project.write("test_long.py", LONG)
        session.step()
        idle = follow(str(session.project.root))
        assert next(idle)["event"] == "following"
        before = len(session.events())
        for _ in range(5):
            assert ask(str(session.project.root), "run", TIMEOUT, nodeids=("test_long.py",))["exit_code"] == 0
        told = session.events()[before:]
        assert len(json.dumps(told)) > 500_000
        assert [next(idle) for _ in told] == told
        session.project.delete("test_long.py")
        session.step()

    def test_the_command_ends_with_its_session(self, project):
        project.write("test_a.py", "def test_a(): pass\n")
        with WatchSession(project) as session:
            session.step()
            follows = subprocess.Popen(
                [sys.executable, "-m", "pytest_reloadwatch", "events", "--follow", "--json"],
                cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            assert json.loads(follows.stdout.readline()) == {"event": "following", "settled": True}
            project.write("pytest.ini", "[pytest]\naddopts = -q\n")  # it starts over meanwhile
            session.wait_for_output("starting over")
            session.step()
            command(project.root, "stop")
            said, complaint = follows.communicate(timeout=TIMEOUT)
        assert follows.returncode == 3
        assert "the session has ended" in complaint
        assert [json.loads(line)["event"] for line in said.splitlines()][-1] == "settled"


def version_of(answer):
    """The version of the tree that a verdict is about: one test fails for each of its bits."""
    failing = [nodeid for nodeid, outcome in answer["outcomes"].items() if outcome == "failed"]
    return sum(1 << bit for bit in range(BITS) if f"test_bits.py::test_bit[{bit}]" in failing)


@pytest.mark.skipif(pty is None, reason="this system has no pseudo-terminals")
@pytest.mark.parametrize("columns", [60, 120])
class TestInATerminal:
    def shown(self, directory, columns, *arguments, begun=None):
        """What a terminal of so many columns is given, by lines; *begun* is set as soon as there is any."""
        here, there = pty.openpty()
        fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environment["TERM"] = "xterm-256color"
        done = subprocess.Popen(
            [sys.executable, "-m", "pytest_reloadwatch", *arguments],
            cwd=directory, env=environment, stdin=there, stdout=there, stderr=there,
        )  # fmt: skip
        os.close(there)
        data = b""
        with contextlib.suppress(OSError):  # nobody is at the other end any more
            while part := os.read(here, 1 << 16):
                data += part
                if begun is not None:
                    begun.set()
        os.close(here)
        done.wait(TIMEOUT)
        return data.decode().replace("\r\n", "\n").splitlines()

    def test_each_command_is_plain_and_says_what_matters(self, session, columns):
        root = session.project.root
        seen = {
            arguments: self.shown(root, columns, *arguments)
            for arguments in (
                ("wait",), ("status",), ("run", TWO), ("why", TWO), ("events",), ("doctor",), ("graph",), ("report",),
                ("--help",),
            )
        }  # fmt: skip
        assert seen["wait",] == seen["status",] == [
            "7 tests, 1 failing", f"  {TWO}", "    test_other.py:3: AssertionError: assert 'one' == 'two'",
        ]  # fmt: skip
        assert seen["run", TWO][0] == "1 test, 1 failing"
        (reason,) = " ".join(seen["why", TWO]).split(TWO)[1:]
        assert reason.startswith(": failed ")
        assert seen["events",][-1] == "settled: 7 tests, 1 failing"
        assert seen["doctor",][0].startswith("4 modules, 7 tests")
        assert seen["graph",][0].startswith("wrote reloadwatch-graph.html")
        assert seen["report",][0].startswith("wrote reloadwatch-report.html")
        assert not [line for lines in seen.values() for line in lines if "\x1b" in line]
        for wrapped in ("doctor",), ("why", TWO), ("--help",):
            assert max(map(len, seen[wrapped])) <= columns
        named = re.findall(r"^    ([a-z]+)\b", "\n".join(seen["--help",]), re.MULTILINE)
        assert {*named} == {arguments[0] for arguments in seen} - {"--help"} | {"stop"}

    def test_stop_ends_the_session_and_whoever_follows_it(self, project, columns):
        project.write("test_a.py", "def test_a(): pass\n")
        with WatchSession(project) as session:
            session.step()
            followed, begun = [], threading.Event()
            follower = threading.Thread(
                target=lambda: followed.extend(self.shown(project.root, columns, "events", "--follow", begun=begun))
            )
            follower.start()
            assert begun.wait(TIMEOUT)
            project.write("test_a.py", "def test_a(): assert True\n")
            session.step()
            assert self.shown(project.root, columns, "stop") == []
            assert session.wait_for_end() == 0
            follower.join()
        assert followed[0] == "following the session; all is settled"
        assert "settled: 1 test, 0 failing" in followed
        assert "the session has ended" in " ".join(followed)
        for command in ("wait", "status", "stop"):
            assert "pytest --reload-watch" in " ".join(self.shown(project.root, columns, command))


class TestTwentyClients:
    CLIENTS = 20
    QUESTIONS = 3
    PER_EDIT = 4  # questions

    def test_every_answer_is_right_for_the_tree_at_or_after_its_question(self, project):
        project.apply(START)
        project.delete("sub")
        asking = threading.Semaphore(0)
        saved = begun = 0
        wrong, answers = [], []

        def client():
            for _ in range(self.QUESTIONS):
                earliest = saved
                asking.release()
                found = version_of(ask(str(project.root), "wait", TIMEOUT))
                answers.append(found)
                if not earliest <= found <= begun:
                    wrong.append((earliest, found, begun))

        # Without file events, only the look that a question asks for can make its answer right.
        with WatchSession(project, "--reload-poll") as session:
            session.step()
            threads = [threading.Thread(target=client) for _ in range(self.CLIENTS)]
            for thread in threads:
                thread.start()
            for version in range(1, self.CLIENTS * self.QUESTIONS // self.PER_EDIT + 1):
                for _ in range(self.PER_EDIT):
                    assert asking.acquire(timeout=TIMEOUT)
                begun = version
                project.save_by_rename("version.py", f"VERSION = {version}\n")
                saved = version
            for thread in threads:
                thread.join()
            assert version_of(session.step().settled) == saved == 15
        assert wrong == []
        assert len(answers) == self.CLIENTS * self.QUESTIONS
        assert len(set(answers)) > 1


def test_without_a_session_each_command_ends_with_3(project):
    for arguments in (["run", "test_a.py"], ["why", "test_a.py"], ["events"], ["events", "--follow"]):
        done = command(project.root, *arguments)
        assert done.returncode == 3
        assert "pytest --reload-watch" in done.stderr


def test_a_run_can_be_given_up(project):
    project.write("test_sleeps.py", "import time\ndef test_sleeps(): time.sleep(3600)\n")
    with WatchSession(project) as session:
        session.wait_for_event("run_started")
        assert command(project.root, "run", "test_sleeps.py", "--timeout", "0.2").returncode == 124
        project.delete("test_sleeps.py")
        eventually("its end", lambda: session.status()["settled"])


def test_waiting_is_no_success_where_the_session_came_to_rest_before_all_was_proven():
    assert code_of_wait({"exit_code": 0}) == 0
    assert code_of_wait({"exit_code": 4}) == code_of_wait({"exit_code": 0, "settled": False}) == 1
