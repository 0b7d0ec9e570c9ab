"""pytest-xdist's options and hooks, each in a session of ours next to plain pytest with the same command line."""

import json
import os
import subprocess
import sys
from collections import Counter
from importlib import metadata

import pytest
from harness import WatchSession, run_once

# Notes what xdist's hooks and reports say, one line of JSON each, from the controller and from workers.
CONFTEST = """
    import json, os, pytest

    def note(*what):
        with open(os.environ["NOTES"], "a") as file:
            file.write(json.dumps(what) + "\\n")

    def pytest_xdist_setupnodes(config, specs):
        note("setupnodes", [str(spec.popen) for spec in specs])
    def pytest_xdist_newgateway(gateway):
        note("newgateway", gateway.id)
    def pytest_configure_node(node):
        node.workerinput["given"] = node.gateway.id * 2
        note("configure_node", sorted(node.workerinput.keys() - {"mainargv"}))
    def pytest_testnodeready(node):
        note("testnodeready", node.gateway.id, sorted(node.workerinfo))
    def pytest_testnodedown(node, error):
        note("testnodedown", node.gateway.id, bool(error), getattr(node, "workeroutput", {}).get("given"))
    def pytest_xdist_node_collection_finished(node, ids):
        note("collection_finished", node.gateway.id, ids)
    def pytest_handlecrashitem(crashitem, report, sched):
        note("handlecrashitem", crashitem, type(sched).__name__)
    def pytest_runtest_logreport(report):
        if hasattr(report, "node"):
            note("report", report.nodeid, report.when, report.outcome)
    def pytest_sessionfinish(session):
        config = session.config
        if hasattr(config, "workerinput"):
            config.workeroutput["given"] = config.workerinput["given"]
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(item):
        config = item.config
        if hasattr(config, "workerinput"):
            note("ran", config.workerinput["workerid"], item.nodeid, config.workerinput["workercount"],
                 os.environ["PYTEST_XDIST_WORKER"], os.environ["PYTEST_XDIST_WORKER_COUNT"])
"""
TESTS = """
    import time, pytest, random

    @pytest.fixture(scope="session")
    def number():
        return random.random()

    class TestScope:
        @pytest.mark.parametrize("n", range(4))
        def test_in(self, n, worker_id, testrun_uid, tmp_path, number):
            assert worker_id.startswith("gw") and testrun_uid and worker_id in str(tmp_path)
        @pytest.mark.xdist_group("together")
        def test_grouped(self): pass

    @pytest.mark.xdist_group("together")
    @pytest.mark.parametrize("n", range(4))
    def test_out(n):
        assert n != 2
    def test_skipped():
        pytest.skip("not now")
    @pytest.mark.xfail
    def test_expected():
        assert False
"""
START = {"conftest.py": CONFTEST, "test_one.py": TESTS, "sub/test_two.py": TESTS.replace("together", "others")}
VERSION = tuple(map(int, metadata.version("pytest-xdist").split(".")[:2]))
UNORDERED = ["--no-loadscope-reorder"] if VERSION >= (3, 7) else []  # since then
# Of xdist's options, those that say how many workers there are, and how tests come to them.
OPTIONS = {
    "-n": ["-n", "2"],
    "-n auto": ["-n", "auto", "--maxprocesses", "2"],
    "-n logical": ["-n", "logical", "--maxprocesses=3"],
    "-d and --tx": ["-d", "--tx", "2*popen"],
    "load": ["-n2", "--dist", "load", "--maxschedchunk=1"],
    "loadscope": ["-n2", "--dist=loadscope", *UNORDERED],
    "loadfile": ["-n2", "--dist=loadfile"],
    "loadgroup": ["-n2", "--dist=loadgroup"],
    "worksteal": ["-n2", "--dist=worksteal"],
    "each": ["--dist=each", "--tx", "2*popen"],
    "--testrunuid": ["-n2", "--testrunuid=mine"],
}
ENVIRONMENT = {"PYTEST_XDIST_AUTO_NUM_WORKERS": "3"}


class Notes(list):
    """What was noted by one pytest, in a copy of the project or by a session."""

    def of(self, kind):
        return [what[1:] for what in self if what[0] == kind]

    def counted(self, *kinds):
        return Counter(json.dumps(what) for what in self if what[0] in kinds)

    def worker_of(self):
        """The names of the workers that ran each test."""
        found = {}
        for worker, nodeid, *_ in self.of("ran"):
            found.setdefault(nodeid, set()).add(worker)
        return found


@pytest.fixture
def noted(project, tmp_path):
    """Run plain pytest or a session of ours with some options; the notes, and how it ended."""
    for name, text in START.items():
        project.write(name, text)

    def run(*options, plain):
        path = tmp_path / f"notes-{plain}"
        environment = {"NOTES": str(path), **ENVIRONMENT}
        if plain:
            command = [sys.executable, "-m", "pytest", "-p", "no:reloadwatch", "-p", "no:cacheprovider", *options]
            done = subprocess.run(
                command, cwd=project.root, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
                capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
            code, output = done.returncode, done.stdout
        else:
            session = run_once(project, "--reload-all", *options, environment=environment)
            code, output = session.process.returncode, session.output()
        return Notes(map(json.loads, path.read_text().splitlines())), code, output

    return run


HOOKS = ("setupnodes", "newgateway", "configure_node", "testnodeready", "testnodedown", "collection_finished")


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_options_and_hooks_are_as_with_plain_xdist(noted, options):
    plain, plain_code, _ = noted(*options, plain=True)
    ours, code, output = noted(*options, plain=False)
    assert "start cold" not in output
    assert code == plain_code == 1
    assert ours.counted(*HOOKS) == plain.counted(*HOOKS)
    assert ours.counted("report") == plain.counted("report")
    assert len(ours.of("ran")) == len(plain.of("ran"))
    assert {len(workers) for workers in ours.worker_of().values()} == {
        len(workers) for workers in plain.worker_of().values()
    }


OWN = """
    import pytest
    from xdist.scheduler import LoadFileScheduling

    class OwnScheduling(LoadFileScheduling):
        pass

    def pytest_xdist_make_scheduler(config, log):
        return OwnScheduling(config, log)
    def pytest_xdist_auto_num_workers(config):
        return 2
    def pytest_xdist_node_collection_finished(node, ids):
        print("scheduled by", type(node.config.pluginmanager.getplugin("dsession").sched).__name__)
"""


def test_own_scheduler_and_number_of_workers(project):
    project.write("conftest.py", OWN)
    project.write("test_a.py", "def test_a(worker_id): assert worker_id in ('gw0', 'gw1')\ndef test_b(): pass\n")
    project.write("test_b.py", "def test_a(worker_id): assert worker_id in ('gw0', 'gw1')\ndef test_b(): pass\n")
    session = run_once(project, "-n", "auto", "-s")
    assert session.process.returncode == 0
    assert session.output().count("scheduled by OwnScheduling") == 2


def test_own_remote_module_has_cold_workers(project):
    project.write("own_remote.py", "import xdist.remote, inspect\nexec(inspect.getsource(xdist.remote))\n")
    project.write("conftest.py", """
        import pytest, own_remote
        @pytest.hookimpl(tryfirst=True)
        def pytest_xdist_getremotemodule():
            return own_remote
    """)  # fmt: skip
    project.write("test_a.py", "def test_a(worker_id): assert worker_id != 'master'\ndef test_b(): pass\n")
    session = run_once(project, "-n2")
    assert "conftest.py has them execute a module of its own" in session.output()
    assert session.process.returncode == 0


def test_pdb_and_workers_exclude_each_other_as_in_xdist(project):
    project.write("test_a.py", "def test_a(): pass\n")
    assert "--pdb is incompatible with distributing tests" in run_once(project, "-n2", "--pdb").output()
    assert run_once(project, "-nauto", "--pdb").process.returncode == 0


SLOW = """
    import time, app
    def test_slow():
        assert app.VALUE
        time.sleep(0.6)
    def test_slow_too():
        assert app.VALUE
        time.sleep(0.6)
"""
QUICK = """
    import app
    def test_value(worker_id):
        assert app.VALUE == 1 and worker_id == "master"
    def test_other(): pass
"""


def test_a_run_has_the_workers_that_it_is_worth(project):
    project.apply("--- app.py\nVALUE = 1\n")
    project.write("test_slow.py", SLOW)
    project.write("test_quick.py", QUICK.replace("master", "gw0").replace("==", "!="))
    with WatchSession(project, "-n8") as session:
        session.step()
        session.wait_for_output("4 workers [4 items]")
        project.write("test_quick.py", QUICK)
        step = session.step()
        assert step.ran == ["test_quick.py::test_value", "test_quick.py::test_other"]
        assert step.exit_code == 0
        since = len(session.output())
        project.write("app.py", "VALUE = 1.0\n")
        assert session.step().exit_code == 0
        session.wait_for_output("2 workers [2 items]", since)


BUSY = """
    import atexit, os, time, pytest
    names = []
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    @atexit.register
    def leave():
        with open(os.environ["LEFT"], "a") as file:
            file.writelines(names)
    @pytest.mark.parametrize("number", range(8))
    def test_busy(number, worker_id):
        names[:] = [worker_id + "\\n"]
        end = time.thread_time() + 0.1
        while time.thread_time() < end: pass
"""


@pytest.mark.skipif(sys.platform != "linux" or (os.cpu_count() or 1) < 2, reason="needs two processors, and to know")
def test_busy_tests_have_no_more_workers_than_processors_and_each_ends_properly(project, tmp_path):
    project.write("test_busy.py", BUSY)
    left = tmp_path / "left"
    for count in (4, 2):
        left.write_text("")
        session = run_once(project, "-n4", "--reload-all", environment={"LEFT": str(left)})
        assert session.process.returncode == 0
        assert ("2 workers, not 4" in session.output()) == (count == 2)
        assert sorted(left.read_text().split()) == [f"gw{number}" for number in range(count)]


RECORDED = """
    --- one.py
    def value(): return 1
    --- two.py
    def value(): return open("data.txt").read()
    --- data.txt
    2
    --- conftest.py
    import pytest
    @pytest.fixture(scope="session")
    def shared():
        import one
        return one.value()
    --- test_first.py
    def test_shared(shared): assert shared == 1
    def test_nothing(): pass
    --- test_second.py
    import two
    def test_shared(shared): assert shared == 1
    def test_reads(): assert two.value().strip() == "2"
"""


def selected_after_edits(project, workers):
    """What is selected after each of some edits, where the first run had so many workers."""
    project.apply(RECORDED)
    with WatchSession(project, "-n", workers, "--cache-clear") as session:
        session.step()
        if workers != "0":
            session.wait_for_output("2 workers [4 items]")
        steps = []
        for name, text in (("data.txt", "3\n"), ("one.py", "def value(): return 0\n"), ("two.py", "value = str\n")):
            project.write(name, text)
            selected = session.assert_equal_to_cold().of("selected")[0]
            steps.append((set(selected["direct"]), set(selected["affected"])))
        return steps


def test_what_workers_record_selects_as_after_a_run_alone(project):
    assert selected_after_edits(project, "2") == selected_after_edits(project, "0")


def test_random_numbers_differ_unless_they_are_seeded(project):
    project.write("test_random.py", """
        import random, pytest
        random.random()
        @pytest.mark.parametrize("n", range(2))
        def test_number(n):
            print("number", random.random())
    """)  # fmt: skip

    def numbers():
        output = run_once(project, "--reload-all", "--dist=each", "--tx=2*popen", "-rP").output()
        return sorted(line for line in output.splitlines() if line.startswith("number"))

    assert len(set(numbers())) == 4
    project.write("conftest.py", "import random\nrandom.seed(7)\n")
    assert len(set(numbers())) == 2


def test_the_person_sees_what_xdist_prints(project):
    project.write("test_a.py", "def test_a(): pass\ndef test_b(): assert False\n")
    output = run_once(project, "-n2", "-v").output()
    assert "scheduling tests via LoadScheduling" in output
    assert "] PASSED test_a.py::test_a" in output
    assert "[gw" in output[output.index("= FAILURES =") :]


DJANGO = {
    "settings.py": """
        SECRET_KEY = "x"
        DATABASES = {"default": {
            "ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite", "TEST": {"NAME": "test.sqlite"}}}
        INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
        DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
    """,
    "test_a.py": """
        import pytest
        from django.contrib.auth.models import User
        from django.db import connection

        @pytest.mark.django_db
        @pytest.mark.parametrize("n", range(6))
        def test_own_database(n, worker_id):
            assert worker_id in str(connection.settings_dict["NAME"])
            assert not User.objects.exists()
            User.objects.create(username=f"somebody {n}")
    """,
    "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = settings\npythonpath = .\n",
}


def test_each_worker_has_a_database_of_its_own_with_pytest_django(project):
    """Only where it is installed: every session of the suite would load it; .ci/run has a step for this test."""
    pytest.importorskip("pytest_django.plugin")
    for name, text in DJANGO.items():
        project.write(name, text)
    session = run_once(project, "-n2")
    assert "start cold" not in session.output()
    assert session.process.returncode == 0
    assert session.events()[-1]["outcomes"] == project.cold("-n2")["outcomes"]


JUNIT = """
    import pytest
    @pytest.fixture(scope="session")
    def place(tmp_path_factory, worker_id):
        return tmp_path_factory.getbasetemp()
    @pytest.mark.parametrize("n", range(4))
    def test_place(place, n, worker_id, record_property):
        record_property("number", n)
        assert place.name == f"popen-{worker_id}"
"""


def test_plugins_that_ask_for_their_role_while_they_are_configured(project):
    """As junitxml does: its report is one, made by the run."""
    project.write("test_a.py", JUNIT)
    project.write("conftest.py", """
        def pytest_configure(config):
            if hasattr(config, "workerinput"):
                config.stash_for_test = config.workerinput["workerid"]
        def pytest_runtest_setup(item):
            assert item.config.stash_for_test == item.config.workerinput["workerid"]
    """)  # fmt: skip
    session = run_once(project, "-n2", "--junitxml=report.xml")
    assert "start cold" not in session.output()
    assert session.process.returncode == 0
    report = project.read("report.xml")
    assert report.count("<testcase ") == 4
    assert report.count('<property name="number"') == 4


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (
            "import os\nNAME = os.environ.get('PYTEST_XDIST_WORKER')\n",
            "conftest.py, line 2, asks which worker it is in",
        ),
        (
            "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n",
            "a thread is running",
        ),
    ],
    ids=["asks at import", "impure"],
)
def test_cold_workers_where_none_can_be_forked(project, what, said):
    project.write("conftest.py", what)
    project.write("app.py", "def one(): return 1\n")
    project.write("test_a.py", """
        import app, conftest, pytest
        def test_one(worker_id): assert app.one() == 1 and getattr(conftest, "NAME", worker_id) == worker_id != "master"
        def test_two(worker_id): assert getattr(conftest, "NAME", worker_id) == worker_id != "master"
    """)  # fmt: skip
    session = run_once(project, "-n2")
    assert f"workers start cold, each imports and collects for itself: {said}" in session.output()
    assert session.process.returncode == 0
    assert not [event for event in run_once(project, "-n2").events() if event["event"] == "test"]
    project.write("app.py", "def one(): return 2\n")
    again = run_once(project, "-n2").events()
    selected = next(event for event in again if event["event"] == "selected")
    assert selected["direct"] == ["test_a.py::test_one"]


def test_cold_workers_run_what_is_left_of_a_file(project):
    project.write("conftest.py", "import os\nNAME = os.environ.get('PYTEST_XDIST_WORKER')\n")
    project.write("test_a.py", """
        import pytest, time
        def test_passes(): pass
        @pytest.mark.parametrize("number", range(3))
        def test_fails(number):
            time.sleep(0.2)
            assert number > 3
        def test_passes_too(): pass
    """)  # fmt: skip
    run_once(project, "-n2")
    again = run_once(project, "-n2")
    ran = [event["nodeid"] for event in again.events() if event["event"] == "test"]
    assert sorted(ran) == [f"test_a.py::test_fails[{number}]" for number in range(3)]
    assert "start cold" in again.output()
    assert "INTERNALERROR" not in again.output()


def test_reload_in_place_has_cold_workers(project):
    project.write("test_a.py", "def test_a(worker_id): assert worker_id != 'master'\ndef test_b(worker_id): pass\n")
    with WatchSession(project, "-n2", "--reload-engine=inplace") as session:
        assert session.step().exit_code == 0
        session.wait_for_output("workers start cold, each imports and collects for itself: modules are reloaded")
        project.write("test_a.py", "def test_a(worker_id): assert worker_id == 'master'\ndef test_b(worker_id): pass\n")
        assert session.step().exit_code == 0
