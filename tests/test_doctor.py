"""What keeps a project from being faster, as the doctor finds it after a real run."""

import json
import subprocess
import sys

import pytest
from harness import TIMEOUT, Project, WatchSession, run_once

from pytest_reloadwatch.doctor import plugins
from pytest_reloadwatch.doctor.findings import findings, no_bytecode, standing, unknown
from pytest_reloadwatch.facts.known import Known, Module
from pytest_reloadwatch.proof.model import Proof

ILL = """
    --- slow.py
    import time
    time.sleep(0.1)
    --- package/__init__.py
    import slow
    import threading
    threading.Thread(target=threading.Event().wait, name="mailer", daemon=True).start()
    --- test_package.py
    import package
    def test_package(): pass
    --- test_child.py
    import subprocess, sys
    def test_child():
        subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
    --- test_slow.py
    import time
    def test_slow(): time.sleep(0.6)
"""


def doctor(directory, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest_reloadwatch", "doctor", *arguments],
        cwd=directory, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def ill(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("ill") / "project")
    project.apply(ILL)
    with WatchSession(project) as session:
        session.step()
    return project


@pytest.fixture(scope="module")
def found(ill):
    answer = json.loads(doctor(ill.root, "--json").stdout)
    return {finding["kind"]: finding for finding in answer["findings"]}


def test_slow_imports_and_who_pays(found):
    (item,) = found["slow-imports"]["items"]
    assert item.endswith("slow, imported by package")
    assert found["slow-imports"]["seconds"] >= 0.1


def test_impure_moments_with_the_word_that_allows_them(found):
    assert found["impure"]["items"] == [
        "a thread is running (mailer); if that is harmless, put into the ini file: reload_allow = thread"
    ]


def test_tests_that_rest_on_everything_with_the_program_that_is_silent(found):
    (item,) = found["opaque"]["items"]
    assert item.startswith("1 test: python")
    assert item.endswith(" -I")
    assert "test_child.py::test_child" in found["opaque"]["advice"]


def test_slow_tests(found):
    (item,) = found["slow-tests"]["items"]
    assert item.endswith("test_slow.py::test_slow")


def test_in_words_each_finding_has_its_advice(ill, found):
    done = doctor(ill.root)
    assert done.returncode == 0
    for finding in found.values():
        assert finding["advice"] in done.stdout
        assert all(item in done.stdout for item in finding["items"] if finding["kind"] != "slow-plugins")
    assert "a cold run took" in done.stdout
    assert "? no save is on record yet" in done.stdout


def test_what_was_mended_is_found_no_more(tmp_path):
    project = Project(tmp_path / "project")
    project.apply(ILL)
    with WatchSession(project) as session:
        session.step()
    run_once(project, "--reload-all")  # takes no checkpoint, so it says nothing of what stands in their way
    assert "reload_allow = thread" in doctor(project.root).stdout
    project.write("test_child.py", "def test_child(): pass\n")
    project.write("package/__init__.py", "import slow\n")
    with WatchSession(project, "--reload-all") as session:
        session.step()
    kinds = {finding["kind"] for finding in json.loads(doctor(project.root, "--json").stdout)["findings"]}
    assert not kinds & {"impure", "opaque"}
    assert "slow-tests" in kinds


def test_where_nothing_is_known_it_says_what_to_do(tmp_path):
    done = doctor(tmp_path)
    assert done.returncode == 3
    assert "pytest --reload-once" in done.stderr


def made_up(modules, proofs=(), rounds=()):
    return Known("/p", tuple(modules), tuple(rounds), (), {proof.nodeid: proof for proof in proofs})


def test_the_import_that_brings_everything_is_named():
    names = [f"/p/app/m{n}.py" for n in range(30)]
    modules = [
        Module("app", "/p/app/__init__.py", "", 0.0, 0.0, tuple(names)),
        *(Module(f"app.m{n}", path, "app", 0.0, 0.0, ()) for n, path in enumerate(names)),
        Module("conftest", "/p/tests/conftest.py", "", 0.0, 0.0, ("/p/app/__init__.py",)),
        Module("test_a", "/p/tests/test_a.py", "", 0.0, 0.0, (names[0],)),
    ]
    group = frozenset((f"<code>{module.path}", "x") for module in modules)
    known = made_up(modules, [Proof("tests/test_a.py::test_a", "/p/tests/test_a.py", (group,), "passed", 0.0)])
    (finding,) = findings(known)
    assert finding.kind == "wide"
    assert finding.items == ("1 tests: tests/conftest.py imports app/__init__.py, which brings 31 modules",)


def test_nothing_known_is_no_finding():
    known = made_up([])
    assert findings(known) == []
    assert len(unknown(known)) == 4
    assert standing(known) == "0 modules, 0 tests"


def test_plugins_are_measured_in_a_fresh_interpreter(tmp_path):
    measured = plugins.measure(str(tmp_path))
    assert measured[0][:2] == ("pytest", "pytest itself")
    assert "reloadwatch" in [name for name, _, _ in measured]
    assert all(seconds > 0 for _, _, seconds in measured)


def test_only_plugins_that_are_noticed_are_named():
    finding = plugins.judge([("pytest", "pytest itself", 0.3), ("quick", "a", 0.001), ("dear", "b", 0.4)])
    assert finding.items == ("0.40 s  dear (of b)",)
    assert plugins.judge([("pytest", "pytest itself", 0.3)]) is None


def test_bytecode_that_may_not_be_written_is_a_finding():
    assert "PYTHONDONTWRITEBYTECODE" in no_bytecode(True).advice
    assert no_bytecode(False) is None
