"""What is proven in one way of starting pytest, and what that says of another way."""

import re
import uuid
from xml.etree import ElementTree

import pytest
from harness import WatchSession, run_once

INTERPRETER = """
    --- shop.py
    def check(number):
        assert number > 0
    --- test_shop.py
    import sys, warnings
    import pytest, shop
    def test_check():
        with pytest.raises(AssertionError):
            shop.check(0)
    def test_warns():
        warnings.warn("old")
    def test_mode():
        assert not sys.flags.dev_mode
"""
TWO = """
    --- test_a.py
    def test_one(): assert 1 == 2
    def test_two(): assert 1 == 1
"""


def outcomes(session):
    return session.settled_step().outcomes


def failing(session):
    return sorted(nodeid for nodeid, outcome in outcomes(session).items() if outcome != "passed")


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"PYTHONOPTIMIZE": "1"}, ["test_shop.py::test_check"]),
        ({"PYTHONWARNINGS": "error"}, ["test_shop.py::test_warns"]),
        ({"PYTHONDEVMODE": "1"}, ["test_shop.py::test_mode"]),
    ],
)
def test_what_the_interpreter_is_told_is_part_of_every_proof(project, variables, expected):
    project.apply(INTERPRETER)
    assert failing(run_once(project)) == []
    told = run_once(project, environment=variables)
    assert failing(told) == expected
    assert "Traceback" not in told.output().partition("test session starts")[0]
    assert failing(run_once(project)) == []
    assert re.search(r"3 tests proven \(0 run", run_once(project).output())


def test_an_interpreter_that_makes_an_error_of_each_warning_writes_its_store_too(project):
    project.apply(INTERPRETER)
    variables = {"PYTHONWARNINGS": "error"}
    assert failing(run_once(project, environment=variables)) == ["test_shop.py::test_warns"]
    assert "(1 run" in run_once(project, environment=variables).output()  # what fails is looked at again


def test_the_directory_that_relative_names_begin_in_is_part_of_every_proof(project):
    project.apply("""
        --- data.txt
        1
        --- tests/test_data.py
        import os
        def test_data(): assert os.path.exists("data.txt")
    """)
    assert failing(run_once(project)) == []
    with WatchSession(project, option="--reload-once", directory=project.path("tests")) as below:
        below.wait_for_end()
    assert failing(below) == ["tests/test_data.py::test_data"]
    assert failing(run_once(project)) == []


def test_nothing_is_proven_by_what_somebody_steps_through(project):
    project.apply(TWO)
    run_once(project, "--trace")  # the debugger finds no input, and leaves the test
    assert failing(run_once(project)) == ["test_a.py::test_one"]


@pytest.mark.parametrize("option", ["--last-failed", "--stepwise"])
def test_what_failed_last_time_goes_first_and_hides_nothing(project, option):
    project.apply(TWO)
    assert failing(run_once(project, option)) == ["test_a.py::test_one"]
    project.write("test_a.py", "def test_one(): assert 2 == 2\ndef test_two(): assert 1 == 3\n")
    session = run_once(project, option)
    assert failing(session) == failing(run_once(project)) == ["test_a.py::test_two"]
    assert f"{option}: what failed last time runs first, and nothing is left out for it" in session.output()


REPORTED = """
    --- price.py
    def price(): return 1
    --- sub/test_price.py
    import pytest, price
    class TestPrice:
        @pytest.mark.parametrize("name", ["a::b", "c"])
        def test_price(self, name): assert price.price() == 1
    --- test_other.py
    import pytest
    @pytest.fixture
    def failing():
        yield
        raise OSError
    def test_pass(): print("said")
    def test_fail(): assert 1 == 2
    def test_fail_twice(failing): assert 1 == 2
    def test_error(failing): pass
    @pytest.mark.skip
    def test_skip(): pass
    @pytest.mark.xfail
    def test_xfail(): assert 1 == 2
    @pytest.mark.xfail
    def test_xpass(): pass
    @pytest.mark.xfail(strict=True)
    def test_strict(): pass
    --- test_broken.py
    import nothing
    --- test_left_out.py
    import pytest
    pytest.skip("as a whole", allow_module_level=True)
"""


def cold_report(project, *options):
    """Of a cold run of the tree as it is; a file of its own for each."""
    path = project.root.parent / f"{uuid.uuid4().hex}.xml"
    project.cold(f"--junitxml={path}", *options)
    return report_of(path)


def report_of(path):
    """What a file of --junitxml says, without times and messages."""
    suite = ElementTree.parse(path).getroot().find("testsuite")
    counts = {name: suite.get(name) for name in ("name", "tests", "errors", "failures", "skipped")}
    cases = [(case.get("classname"), case.get("name"), [child.tag for child in case]) for case in suite]
    return counts, sorted(cases)


@pytest.mark.parametrize("options", [[], ["-n2"]])
def test_the_report_for_a_ci_server_is_of_all_tests(project, tmp_path, options):
    project.apply(REPORTED)
    ours = tmp_path / "ours.xml"

    def compare():
        session = run_once(project, f"--junitxml={ours}", "--junitprefix=here", *options)
        assert report_of(ours) == cold_report(project, "--junitprefix=here")
        return session

    compare()
    compare()
    ours.unlink()
    compare()
    project.replace("price.py", "return 1", "return 2")
    compare()
    assert "assert 2 == 1" in ours.read_text(encoding="utf-8")
    project.replace("price.py", "return 2", "return 1")
    assert "(4 run" in compare().output()  # what fails


def test_the_report_follows_a_session(project, tmp_path):
    project.apply(REPORTED)
    ours = tmp_path / "ours.xml"
    with WatchSession(project, f"--junitxml={ours}") as session:
        for before, after in (("1", "1 + 0"), ("1 + 0", "2"), ("2", "1")):
            session.step()
            assert report_of(ours) == cold_report(project)
            project.replace("price.py", f"return {before}", f"return {after}")
        session.step()
        assert report_of(ours) == cold_report(project)


def test_a_report_that_cannot_be_written_is_told_and_costs_nothing_else(project, tmp_path):
    project.apply(TWO)
    (tmp_path / "file").write_text("", encoding="utf-8")
    session = run_once(project)
    session = run_once(project, f"--junitxml={tmp_path / 'file' / 'report.xml'}")
    assert "cannot be written" in session.output()


@pytest.mark.parametrize("options", [["-c", "ci/pytest.ini", "tests"], ["--rootdir=ci", "tests"]])
def test_tests_may_lie_outside_of_the_rootdir(project, options):
    project.apply("""
        --- ci/pytest.ini
        [pytest]
        --- tests/number.py
        ONE = 1
        --- tests/test_number.py
        import number
        def test_number(): assert number.ONE == 1
    """)
    project.delete("pytest.ini")
    assert list(outcomes(run_once(project, *options)).values()) == ["passed"]
    project.replace("tests/number.py", "1", "2")
    assert list(outcomes(run_once(project, *options)).values()) == ["failed"]


def test_random_numbers_differ_from_run_to_run_unless_they_are_seeded(project):
    project.write("conftest.py", "import random\nBEFORE = random.random()\n")
    project.write(
        "test_random.py",
        """
        import random
        def test_random():
            with open("numbers.txt", "a", encoding="utf-8") as file:
                print(random.random(), file=file)
    """,
    )
    with WatchSession(project) as session:
        for number in range(3):
            session.step()
            project.replace("test_random.py", "def test", f"NUMBER_{number} = {number}\ndef test")
        session.step()
        assert len(set(project.read("numbers.txt").split())) == 4
        project.write("numbers.txt", "")
        project.write("conftest.py", "import random\nrandom.seed(7)\n")
        session.step()
        project.replace("test_random.py", "NUMBER_0 = 0", "NUMBER_0 = 10")
        session.step()
        assert len(project.read("numbers.txt").split()) == 2
        assert len(set(project.read("numbers.txt").split())) == 1
