"""pytest-xdist's options and hooks, each in a session of ours next to plain pytest with the same command line."""

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from harness import run_once

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
# Of xdist's options, those that say how many workers there are, and how tests come to them.
OPTIONS = {
    "-n": ["-n", "2"],
    "-n auto": ["-n", "auto", "--maxprocesses", "2"],
    "-n logical": ["-n", "logical", "--maxprocesses=3"],
    "-d and --tx": ["-d", "--tx", "2*popen"],
    "load": ["-n2", "--dist", "load", "--maxschedchunk=1"],
    "loadscope": ["-n2", "--dist=loadscope", "--no-loadscope-reorder"],
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
