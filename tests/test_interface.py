"""The outside that scripts rely on: options, exit codes, events, and the three commands."""

import json
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from harness import WatchSession, eventually, run_once

START = """
    --- app.py
    VALUE = 1
    --- sub/test_deep.py
    def test_deep(): pass
    --- test_app.py
    import pytest
    from app import VALUE
    def test_value():
        assert VALUE == 1
    @pytest.mark.slow
    def test_slow(): pass
    --- pytest.ini
    [pytest]
    markers = slow
"""
ALL = ["sub/test_deep.py::test_deep", "test_app.py::test_slow", "test_app.py::test_value"]


@pytest.fixture
def started(project):
    project.apply(START)
    return project


def ran(session):
    return sorted(event["nodeid"] for event in session.events() if event["event"] == "test")


def command(directory, *arguments):
    """``python -m pytest_reloadwatch`` in *directory*, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "pytest_reloadwatch", *arguments],
        cwd=directory, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


class TestOnce:
    def test_runs_and_ends(self, started):
        session = run_once(started)
        assert session.process.returncode == 0
        assert ran(session) == ALL

    def test_runs_nothing_that_is_proven(self, started):
        run_once(started)
        again = run_once(started)
        assert again.process.returncode == 0
        assert ran(again) == []
        assert again.events()[-1]["outcomes"] == dict.fromkeys(ALL, "passed")

    def test_reruns_all_where_an_environment_variable_that_counts_is_another(self, started):
        started.write("pytest.ini", "[pytest]\nreload_env = SHOP_COUNTRY OTHER\n")
        run_once(started, environment={"SHOP_COUNTRY": "is"})
        assert ran(run_once(started, environment={"SHOP_COUNTRY": "is", "NO_MATTER": "1"})) == []
        assert ran(run_once(started, environment={"SHOP_COUNTRY": "no"})) == ALL
        assert ran(run_once(started, environment={"SHOP_COUNTRY": "is"})) == []

    def test_runs_what_an_edit_affects(self, started):
        run_once(started)
        started.write("app.py", "VALUE = 2\n")
        again = run_once(started)
        assert again.process.returncode == 1
        assert ran(again) == ALL[1:]

    def test_fails_as_long_as_a_test_fails(self, started):
        started.write("app.py", "VALUE = 2\n")
        assert run_once(started).process.returncode == 1
        again = run_once(started)
        assert again.process.returncode == 1
        assert ran(again) == ["test_app.py::test_value"]  # a failing verdict is never skipped

    @pytest.mark.parametrize("source", ["def broken(:\n", "import no_such_module\n"])
    def test_fails_where_a_file_cannot_be_collected(self, started, source):
        started.write("sub/test_deep.py", source)
        session = run_once(started)
        assert session.process.returncode == 1
        assert session.events()[-1]["outcomes"]["sub/test_deep.py"] == "error"

    def test_without_any_test_ends_with_pytest_s_own_code_for_that(self, project):
        assert run_once(project).process.returncode == 5

    @pytest.mark.parametrize(
        ("argument", "said"),
        [
            ("no_such_file.py", "no_such_file.py"),
            ("test_app.py::no_such_test", "no_such_test"),
            ("--no-such-option", "--no-such-option"),
            ("--reload-engine=nonsense", "nonsense"),
            ("--reload-select=nonsense", "nonsense"),
            ("--reload-events=no/such/place", "no/such/place cannot be written: No such file or directory"),
            ("-k=(", "-k"),
        ],
    )
    @pytest.mark.parametrize("option", ["--reload-once", "--reload-watch"])
    def test_a_wrong_command_line_ends_with_4(self, started, option, argument, said):
        with WatchSession(started, argument, option=option) as session:
            assert session.wait_for_end() == 4
            assert said in session.output()
            assert "Traceback" not in session.output()

    def test_of_a_wrong_ini_file_ends_with_4(self, started):
        started.write("pytest.ini", "[pytest]\nminversion = 999\n")
        assert run_once(started).process.returncode == 4

    def test_an_edit_while_it_runs_starts_nothing_over(self, started):
        started.apply("""
            --- test_edits.py
            import pathlib
            def test_edits(): pathlib.Path("app.py").write_text("VALUE = 3\\n")
        """)
        session = run_once(started)
        assert [event["event"] for event in session.events()].count("run_started") <= 3

    @pytest.mark.parametrize("value", ["true", "1", "yes", "woodpecker"])
    def test_is_what_watch_means_in_ci(self, started, value):
        with WatchSession(started, environment={"CI": value}) as session:
            assert session.wait_for_end() == 0
        assert ran(session) == ALL

    @pytest.mark.parametrize("value", ["false", "False", "0", ""])
    def test_is_not_what_watch_means_elsewhere(self, started, value):
        with WatchSession(started, environment={"CI": value}) as session:
            session.step()
            started.write("app.py", "VALUE = 2\n")
            assert session.settled_step().exit_code == 1


class TestEvents:
    def test_of_a_run_have_exactly_this_shape_and_order(self, project):
        project.write("app.py", "def value(): return 1\n")
        project.write("test_app.py", "import app\ndef test_value(): assert app.value() == 1\n")
        with WatchSession(project) as session:
            session.step()
            session.wait_until_idle()
            project.write("app.py", "def value(): return 2\n")
            events = session.settled_step().events
        seconds = [event.pop("seconds") for event in events if "seconds" in event]
        assert len(seconds) == 2
        assert all(isinstance(value, float) and 0 <= value < 60 for value in seconds)
        reexecuted = events[3].pop("reexecuted")
        assert "app" in reexecuted
        test, why = "test_app.py::test_value", "function value changed"
        assert events == [
            {
                "event": "selected",
                "run": 2,
                "direct": [test],
                "affected": {test: f"{test} ← app: {why}"},
                "modules": {"app": "app: changed", "test_app": "test_app ← app: changed"},
            },
            {"event": "run_started", "run": 2, "cause": ["app.py"], "tests": 1},
            {"event": "test", "run": 2, "nodeid": "test_app.py::test_value", "outcome": "failed"},
            {"event": "run_finished", "run": 2, "exit_code": 1, "cancelled": False},
            {"event": "settled", "exit_code": 1, "outcomes": {"test_app.py::test_value": "failed"}},
        ]

    def test_name_the_cause_however_soon_an_edit_comes(self, started):
        with WatchSession(started) as session:
            session.step()
            for value in (2, 3, 4, 5):
                started.write("app.py", f"VALUE = {value}\n")
                assert session.step().of("run_started")[0]["cause"] == ["app.py"]

    def test_of_the_first_run_name_no_cause(self, started):
        first = run_once(started).events()[0]
        assert first == {"event": "run_started", "run": 1, "cause": [], "tests": 3}

    def test_are_appended(self, started, tmp_path):
        events = tmp_path / "events"
        events.write_text('{"event": "mine"}\n')
        run_once(started, f"--reload-events={events}")
        lines = [json.loads(line) for line in events.read_text().splitlines()]
        assert lines[0] == {"event": "mine"}
        assert lines[-1]["event"] == "settled"

    def test_go_to_a_path_relative_to_where_pytest_began(self, started):
        with WatchSession(started, "--reload-events=../events", directory=started.path("sub"), option="--reload-once"):
            eventually("events", started.path("events").exists)

    def test_tell_the_worst_of_setup_call_and_teardown(self, project):
        project.apply("""
            --- test_outcomes.py
            import pytest
            @pytest.fixture
            def bad_setup(): raise ValueError
            @pytest.fixture
            def bad_teardown():
                yield
                raise ValueError
            def test_passed(): pass
            def test_failed(): assert False
            def test_skipped(): pytest.skip()
            @pytest.mark.skip
            def test_marked(): pass
            @pytest.mark.xfail
            def test_xfailed(): assert False
            @pytest.mark.xfail
            def test_xpassed(): pass
            @pytest.mark.xfail(strict=True)
            def test_strict(): pass
            def test_setup(bad_setup): pass
            def test_teardown(bad_teardown): pass
            def test_both(bad_teardown): assert False
        """)
        session = run_once(project)
        outcomes = {e["nodeid"].partition("::test_")[2]: e["outcome"] for e in session.events() if e["event"] == "test"}
        assert outcomes == {
            "passed": "passed", "failed": "failed", "skipped": "skipped", "marked": "skipped", "xfailed": "xfailed",
            "xpassed": "xpassed", "strict": "failed", "setup": "error", "teardown": "error", "both": "error",
        }  # fmt: skip
        assert session.events()[-1]["outcomes"] == {f"test_outcomes.py::test_{n}": o for n, o in outcomes.items()}

    def test_of_a_file_that_cannot_be_collected_name_the_file(self, started):
        started.write("sub/test_deep.py", "def broken(:\n")
        session = run_once(started)
        events = [event for event in session.events() if event["event"] == "test"]
        assert {e["nodeid"]: e["outcome"] for e in events if "::" not in e["nodeid"]} == {"sub/test_deep.py": "error"}
        assert ran(session) == ["sub/test_deep.py", *ALL[1:]]  # it hides no other file's tests


class TestCommands:
    def test_wait_prints_the_settled_object(self, started):
        with WatchSession(started) as session:
            session.step()
            done = command(started.root, "wait", "--json")
            assert done.returncode == 0
            expected = {"event": "settled", "exit_code": 0, "outcomes": dict.fromkeys(ALL, "passed")}
            assert json.loads(done.stdout) == expected
            started.write("app.py", "VALUE = 2\n")
            done = command(started.root, "wait", "--json")
            assert done.returncode == 1
            assert json.loads(done.stdout)["outcomes"]["test_app.py::test_value"] == "failed"

    def test_wait_blocks_until_then(self, started):
        """Asked while the first run is under way, and right after an edit: never the answer to an older tree."""
        with WatchSession(started) as session:
            session.wait_for_event("run_started")
            assert len(json.loads(command(started.root, "wait", "--json").stdout)["outcomes"]) == 3
            for value in (2, 1, 3):
                started.write("app.py", f"VALUE = {value}\n")
                assert command(started.root, "wait").returncode == (0 if value == 1 else 1)

    def test_wait_in_words_names_what_fails(self, started):
        started.write("app.py", "VALUE = 2\n")
        with WatchSession(started) as session:
            session.step()
            assert "test_app.py::test_value" in command(started.root, "wait").stdout

    @pytest.mark.parametrize("request_", ["wait", "status"])
    def test_answer_from_a_subdirectory(self, started, request_):
        with WatchSession(started) as session:
            session.step()
            done = command(started.path("sub"), request_, "--json")
            assert len(json.loads(done.stdout)["outcomes"]) == 3

    def test_status_does_not_block(self, started):
        started.write("test_sleeps.py", "import time\ndef test_sleeps(): time.sleep(3600)\n")
        with WatchSession(started) as session:
            session.wait_for_event("test", nodeid="test_app.py::test_value")
            assert json.loads(command(started.root, "status", "--json").stdout)["settled"] is False
            started.delete("test_sleeps.py")
            session.step()
            assert json.loads(command(started.root, "status", "--json").stdout) == {
                "event": "settled", "settled": True, "exit_code": 0, "outcomes": dict.fromkeys(ALL, "passed"),
            }  # fmt: skip

    @pytest.mark.parametrize("arguments", [["--json"], []])
    def test_wait_times_out_with_124(self, started, arguments):
        started.write("test_sleeps.py", "import time\ndef test_sleeps(): time.sleep(3600)\n")
        with WatchSession(started) as session:
            session.wait_for_event("run_started")
            done = command(started.root, "wait", *arguments, "--timeout", "0.2")
            assert done.returncode == 124
            assert "0.2 s" in done.stderr

    @pytest.mark.parametrize("request_", ["wait", "status", "stop"])
    def test_without_a_session_end_with_3(self, started, request_):
        done = command(started.root, request_)
        assert done.returncode == 3
        assert "pytest --reload-watch" in done.stderr

    def test_stop_ends_the_session(self, started):
        with WatchSession(started) as session:
            session.step()
            assert command(started.root, "stop").returncode == 0
            assert session.wait_for_end() == 0
            session.wait_until_nothing_remains()
            assert command(started.root, "stop").returncode == 3

    def test_stop_ends_a_session_in_a_run(self, started):
        started.write("test_sleeps.py", "import time\ndef test_sleeps(): time.sleep(3600)\n")
        with WatchSession(started) as session:
            session.wait_for_event("test")
            assert command(started.root, "stop").returncode == 0
            session.wait_for_end()
            session.wait_until_nothing_remains()

    def test_wait_for_a_session_that_is_stopped_meanwhile_ends_with_3(self, started):
        started.write("test_sleeps.py", "import time\ndef test_sleeps(): time.sleep(3600)\n")
        with WatchSession(started) as session:
            session.wait_for_event("test")
            waits = subprocess.Popen(
                [sys.executable, "-m", "pytest_reloadwatch", "wait"], cwd=started.root, stderr=subprocess.PIPE
            )
            command(started.root, "stop")
            waits.communicate(timeout=60)
            assert waits.returncode == 3
            session.wait_for_end()

    @pytest.fixture
    def sockets(self, monkeypatch):
        """Gives the paths of all sockets, in a place that no other session shares."""
        with tempfile.TemporaryDirectory(prefix="rw-", dir="/tmp") as place:
            monkeypatch.setenv("XDG_RUNTIME_DIR", place)
            yield lambda: sorted(Path(place).glob("*/*"))

    def test_socket_is_the_owner_s_alone(self, started, sockets):
        with WatchSession(started) as session:
            session.step()
            modes = {path.parent.stat().st_mode & 0o777 for path in sockets()}
            assert modes == {0o700}
            assert {path.stat().st_mode & 0o777 for path in sockets()} == {0o600}

    @pytest.mark.parametrize("arguments", [[], ["no_such_file.py"], ["--reload-events=no/such/place"]])
    def test_sockets_are_gone_afterwards(self, started, sockets, arguments):
        run_once(started, *arguments)
        assert sockets() == []

    def test_sockets_are_gone_after_a_watch_session(self, started, sockets):
        with WatchSession(started) as session:
            session.step()
        assert sockets() == []

    def test_work_in_a_place_with_a_very_long_path(self, started):
        deep = "/".join(["a" * 50] * 4)
        started.write(f"{deep}/pytest.ini", "[pytest]\n")
        started.write(f"{deep}/test_far.py", "def test_far(): pass\n")
        place = started.path(deep)
        with WatchSession(started, directory=place) as session:
            assert session.step().outcomes == {"test_far.py::test_far": "passed"}
            assert command(place, "wait").returncode == 0

    def test_nonsense_on_the_socket_harms_nothing(self, started, sockets):
        with WatchSession(started) as session:
            session.step()
            for path in sockets():
                for data in (b"", b"\n", b"\xff\x00\n", b"[]\n", b'{"request": "jump"}\n', b"x" * 200_000):
                    with socket.socket(socket.AF_UNIX) as connection:
                        connection.connect(str(path))
                        try:
                            connection.sendall(data)
                        except OSError:
                            continue
            started.write("app.py", "VALUE = 2\n")
            assert session.assert_equal_to_cold().exit_code == 1


class TestOptions:
    def test_the_cache_plugin_may_be_off(self, started):
        assert ran(run_once(started, "-p", "no:cacheprovider")) == ALL
        assert ran(run_once(started, "-p", "no:cacheprovider")) == []

    def test_cache_clear_clears_the_proofs(self, started):
        run_once(started)
        assert ran(run_once(started, "--cache-clear")) == ALL

    def test_reload_all_runs_everything_once_more(self, started):
        run_once(started)
        assert ran(run_once(started, "--reload-all")) == ALL
        assert ran(run_once(started)) == []

    def test_reload_all_holds_for_the_first_run_only(self, started):
        run_once(started)
        with WatchSession(started, "--reload-all") as session:
            assert sorted(session.step().ran) == ALL
            started.write("app.py", "VALUE = 2\n")
            assert sorted(session.step().ran) == ALL[1:]

    @pytest.mark.parametrize(
        ("arguments", "known"),
        [
            (["-k", "deep"], ALL[:1]),
            (["-k", "not deep"], ALL[1:]),
            (["-m", "slow"], ALL[1:2]),
            (["-m", "not slow"], [ALL[0], ALL[2]]),
            (["sub"], ALL[:1]),
            (["test_app.py"], ALL[1:]),
            (["test_app.py::test_value"], ALL[2:]),
            (["test_app.py::test_value", "sub"], [ALL[0], ALL[2]]),
            (["--deselect", "test_app.py::test_slow"], [ALL[0], ALL[2]]),
            (["--ignore", "sub"], ALL[1:]),
            (["-k", "nothing"], []),
        ],
    )
    def test_tests_that_are_not_asked_for_are_not_known(self, started, arguments, known):
        with WatchSession(started, *arguments) as session:
            step = session.assert_equal_to_cold(*arguments)
            assert sorted(step.outcomes) == known
            started.write("app.py", "VALUE = 2\n")
            step = session.assert_equal_to_cold(*arguments)
            assert sorted(step.ran) == [nodeid for nodeid in known if nodeid.startswith("test_app")]

    def test_what_another_selection_has_proven_is_proven(self, started):
        run_once(started)
        assert ran(run_once(started, "-k", "value")) == []
        assert ran(run_once(started, "test_app.py::test_value")) == []

    def test_a_new_test_counts_for_a_selection_too(self, started):
        with WatchSession(started, "-k", "fresh or deep") as session:
            session.step()
            started.write("test_new.py", "def test_fresh(): pass\ndef test_old(): pass\n")
            assert session.assert_equal_to_cold("-k", "fresh or deep").ran == ["test_new.py::test_fresh"]

    def test_stop_at_the_first_failure(self, project):
        project.write("test_a.py", "def test_a(): assert False\ndef test_b(): pass\n")
        session = run_once(project, "-x")
        assert session.process.returncode == 1
        assert ran(session) == ["test_a.py::test_a"]

    def test_verbose_names_the_tests(self, started):
        with WatchSession(started, "-v") as session:
            session.step()
            assert "test_app.py::test_value PASSED" in session.output()
            shown = len(session.output())
            started.write("app.py", "VALUE = 2\n")
            session.step()
            assert "test_app.py::test_value FAILED" in session.output()[shown:]
            assert "test_deep" not in session.output()[shown:]

    def test_output_is_captured_unless_asked(self, started):
        started.write("sub/test_deep.py", "def test_deep(): print('out' + 'spoken')\n")
        assert "outspoken" not in run_once(started).output()
        assert "outspoken" in run_once(started, "-s", "--reload-all").output()

    def test_another_option_that_may_change_verdicts_runs_everything(self, started):
        run_once(started)
        assert ran(run_once(started, "-W", "error")) == ALL

    @pytest.mark.parametrize("option", ["--help", "--version", "--collect-only", "--fixtures", "--markers"])
    def test_with_which_pytest_only_tells_something_watch_nothing(self, started, option):
        with WatchSession(started, option) as session:
            assert session.wait_for_end() == 0

    def test_settings_in_addopts_count(self, started):
        started.write("pytest.ini", "[pytest]\nmarkers = slow\naddopts = -m slow\n")
        assert ran(run_once(started)) == ALL[1:2]

    def test_a_changed_ini_file_starts_over_and_says_so(self, started):
        with WatchSession(started) as session:
            session.step()
            started.write("pytest.ini", "[pytest]\nmarkers = slow\naddopts = -m slow\n")
            session.wait_for_output("starting over: pytest.ini changed")
            assert sorted(session.assert_equal_to_cold().outcomes) == ALL[1:2]

    def test_direct_stops_after_the_nearest_tests(self, project):
        project.apply("""
            --- core.py
            VALUE = 1
            --- far.py
            from core import VALUE
            --- test_near.py
            import core
            def test_near(): assert core.VALUE
            --- test_far.py
            import far
            def test_one(): assert far.VALUE == 1
            def test_two(): pass
        """)
        with WatchSession(project, "--reload-select=direct") as session:
            assert len(session.step().ran) == 3
            project.write("core.py", "VALUE = 2\n")
            session.wait_for_event("run_finished", run=2)
            session.wait_for_output("2 not proven")
            assert session.status()["settled"] is False
            events = session.events()
            assert [e["nodeid"] for e in events if e["event"] == "test" and e["run"] == 2] == [
                "test_near.py::test_near"
            ]
            # Whoever asks for all verdicts gets them.
            assert session.assert_equal_to_cold().outcomes["test_far.py::test_one"] == "failed"


class TestSecondSession:
    def test_is_told_so_and_works(self, started):
        with WatchSession(started) as first:
            first.step()
            with WatchSession(started) as second:
                second.wait_for_output("another session of this directory")
                second.wait_for_event("settled")
                started.write("app.py", "VALUE = 2\n")
                second.wait_for_event("settled", exit_code=1)
                second.process.terminate()
                second.wait_for_end()
            assert first.step().exit_code == 1

    def test_once_beside_a_watch_session(self, started):
        with WatchSession(started) as session:
            session.step()
            assert run_once(started).process.returncode == 0
            started.write("app.py", "VALUE = 2\n")
            assert run_once(started).process.returncode == 1
            assert session.assert_equal_to_cold().exit_code == 1


class TestWithoutOurOptions:
    def test_nothing_of_ours_is_imported_but_the_plugin_and_its_options(self, project):
        project.write(
            "test_modules.py",
            """
            import sys
            def test_modules():
                ours = {name for name in sys.modules if name.startswith("pytest_reloadwatch")}
                assert ours <= {"pytest_reloadwatch", "pytest_reloadwatch.plugin", "pytest_reloadwatch.options"}
                assert "watchdog" not in sys.modules
                assert "sqlite3" not in sys.modules
                assert not [f for f in sys.meta_path if type(f).__module__.startswith("pytest_reloadwatch")]
            """,
        )
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:pytest_cov"],
            cwd=project.root, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        assert not project.path(".pytest_cache/d/reloadwatch").exists()

    @pytest.mark.parametrize("option", ["--reload-all", "--reload-poll", "--reload-select=direct"])
    def test_an_option_that_only_refines_starts_no_session(self, started, option):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", option],
            cwd=started.root, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0
        assert "3 passed" in done.stdout


def test_another_import_path_proves_nothing(project, tmp_path):
    for number in ("one", "two"):
        (tmp_path / number).mkdir()
        (tmp_path / number / "found.py").write_text(f"NAME = {number!r}\n", encoding="utf-8")
    project.write("test_a.py", "import found\ndef test_name(): assert found.NAME == 'one'\n")
    first = run_once(project, environment={"PYTHONPATH": str(tmp_path / "one")})
    assert first.process.returncode == 0
    second = run_once(project, environment={"PYTHONPATH": str(tmp_path / "two")})
    assert second.process.returncode == 1
