"""With --cov, what tests execute is known by what they cover: it is what would be recorded without."""

import os
import sqlite3
import sys
from array import array

import pytest
from harness import Project, run_once

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 14), reason="there it is recorded as without --cov")

NASTY = """
    --- shop/__init__.py
    --- shop/odd.py
    import functools

    def only_text():
        \"\"\"Says nothing.\"\"\"

    def short(): return 1

    def wrapped(function):
        @functools.wraps(function)
        def inner(*args):
            return function(*args)
        return inner

    @wrapped
    def many(
        first,
        second=(lambda: 3)(),
    ):
        return [one for one in (first, second)]

    double = lambda value: value * 2

    class Shelf:
        size = max(1, 2)

        def __len__(self): return self.size

        @property
        def label(self):
            class Inner:
                def text(self):
                    return "label"
            return Inner().text()

    def steps():
        yield short(), (yield 1)

    async def later():
        return await sooner()

    async def sooner():
        return 2

    def closing():
        return 3
    --- shop/late.py
    from shop import odd

    LATE = odd.double(4)
    def never(): return 5
    def unused():
        return 6
    --- helper.py
    import functools

    @functools.lru_cache
    def helped():
        return "helped"
    --- conftest.py
    import pytest
    from shop import odd

    @pytest.fixture(scope="session")
    def shelf():
        yield odd.Shelf()
        odd.closing()

    @pytest.fixture
    def text():
        return odd.only_text()
    --- test_odd.py
    import asyncio
    import threading
    import helper
    from shop import odd

    begun = []

    def test_text(text):
        assert text is None

    def test_begins():
        begun.append(odd.steps())
        assert next(begun[0]) == 1

    def test_goes_on():
        assert next(begun[0]) == (1, None)
        begun.clear()

    def test_short():
        assert odd.short() == 1

    def test_many():
        assert odd.many(1) == [1, 3]

    def test_double():
        assert odd.double(2) == 4

    def test_shelf(shelf):
        assert len(shelf) == 2

    def test_label(shelf):
        assert shelf.label == "label"

    def test_later():
        assert asyncio.run(odd.later()) == 2

    def test_thread():
        thread = threading.Thread(target=odd.Shelf().__len__)
        thread.start()
        thread.join()

    def test_helped():
        assert helper.helped() == "helped"

    def test_imports():
        from shop import late
        assert late.LATE == 8
    --- test_nothing.py
    import sys

    def test_nothing():
        pass
"""


def executed(project, *options):
    """The functions that each test executed when it was run with these options, None where that is not known."""
    (project.root / ".pytest_cache" / "d" / "reloadwatch" / "store.sqlite").unlink(missing_ok=True)
    run_once(project, *options)
    database = sqlite3.connect(project.root / ".pytest_cache" / "d" / "reloadwatch" / "store.sqlite")
    names = {
        n: (os.path.relpath(path, project.root), name) for n, path, name in database.execute("select * from function")
    }
    told = database.execute("select nodeid, functions from executed where nodeid != ''").fetchall()
    database.close()
    return {nodeid: None if found is None else set(map(names.get, array("i", found))) for nodeid, found in told}


@pytest.fixture(scope="module")
def nasty(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("nasty") / "project")
    project.apply(NASTY)
    return project, executed(project)


# Counts for whoever uses the fixture, and for the test after which it is torn down: with ``-n``, for another one.
TEARDOWN = {("shop/odd.py", "closing"), ("conftest.py", "shelf")}
# Defined and written in one line, so that only one of the two can be told where a test has it imported.
ONE_LINE = {("shop/late.py", "never")}


@pytest.mark.parametrize("more", [(), ("--cov-branch",), ("--cov-branch", "-n", "2")], ids=" ".join)
def test_what_is_covered_says_what_was_executed(nasty, more):
    project, recorded = nasty
    found = executed(project, "--cov=shop", "--cov-report=", *more)
    assert found["test_odd.py::test_shelf"] > TEARDOWN
    assert {nodeid: functions - TEARDOWN - ONE_LINE for nodeid, functions in found.items()} == {
        nodeid: functions - TEARDOWN for nodeid, functions in recorded.items()
    }


BLIND = """
    --- other.py
    def other():
        return 1
    --- greenlet/__init__.py
    --- test_blind.py
    import sys

    import pytest

    def add(one, other):
        \"\"\"
        >>> add(1, 2)
        3
        \"\"\"
        return one + other

    def test_seen():
        assert add(1, 2) == 3

    def test_takes_the_place():
        before = sys.gettrace()
        sys.settrace(None)
        sys.settrace(before)

    @pytest.mark.no_cover
    def test_not_covered():
        assert add(1, 2) == 3

    def test_switches_stacks():
        import greenlet
        assert greenlet

    def test_may_be_switched():
        pass
"""


def test_where_coverage_was_blind_a_test_rests_on_everything(project):
    """A debugger had its place for a moment, or something may have switched between stacks: nothing else looked."""
    project.apply(BLIND)
    options = "--cov=test_blind", "--cov-report=", "--doctest-modules", "test_blind.py"
    found = executed(project, *options)
    blind = {nodeid for nodeid, functions in found.items() if functions is None}
    assert len(found) - len(blind) == 2, "the doctest, and test_seen"
    project.replace("other.py", "return 1", "return 2")
    ran = [event["nodeid"] for event in run_once(project, *options).events() if event["event"] == "test"]
    assert set(ran) == blind
    assert len(blind) == 4
