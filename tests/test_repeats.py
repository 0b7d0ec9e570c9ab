"""It costs to watch a test: one that will execute what it did before is not watched again."""

import pytest
from harness import WatchSession

SHOP = """
    --- conftest.py
    import os
    import sys
    import pytest

    def is_watched(config):  # nobody can tell from outside where monitoring does it
        if sys.version_info < (3, 12):
            return sys.getprofile() is not None
        owners = [p for p in config.pluginmanager.get_plugins() if type(p).__name__ == "Owners"]
        return not all(one._is_known for one in owners)

    @pytest.fixture(autouse=True)
    def told(request):
        with open(os.environ.get("WATCHED", os.devnull), "a") as file:
            print(request.node.name, end=" " if is_watched(request.config) else "- ", file=file)

    @pytest.fixture(scope="session")
    def shelf():
        import shop
        return shop.stack()
    --- shop.py
    LIMIT = 5
    UNUSED = 1

    def register(function):
        return function

    def never():
        return 0

    def stack():
        return 3

    @register
    def price():
        return LIMIT

    def tax():
        return 2
    --- test_price.py
    import shop

    def test_price():
        assert shop.price()
    --- test_tax.py
    import shop

    def test_tax():
        assert shop.tax()

    def test_shelf(shelf):
        assert shelf
"""
PRICE, TAX, SHELF = "test_price", "test_tax", "test_shelf"
ALL = {PRICE, TAX, SHELF}


@pytest.fixture
def watch(project, tmp_path):
    project.apply(SHOP)
    project.watched = tmp_path / "watched.txt"
    with WatchSession(project, environment={"WATCHED": str(project.watched)}) as session:
        assert session.step().exit_code == 0
        assert watched(project) == ALL
        yield session


def watched(project):
    """The tests that were watched since the last time; all of them have run."""
    words = project.watched.read_text().split()
    project.watched.write_text("")
    assert {word.rstrip("-") for word in words} == ALL
    return {word for word in words if not word.endswith("-")}


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ("return 2 => return 2 + 1", {TAX}),
        ("return LIMIT => return LIMIT + 1", {PRICE}),
        ("return 3 => return 4", {SHELF}),
        ("LIMIT = 5 => LIMIT = 6", {PRICE}),
        ("UNUSED = 1 => UNUSED = 2", set()),
        ("UNUSED = 1 => def unused(): pass", set()),
        ("UNUSED = 1 => UNUSED = str(1)", ALL),
        ("return function => return [function][0]", ALL),
        ("return 0 => return 1", ALL),
    ],
    ids=[
        "a body", "another body", "of a shared fixture", "a constant", "one that nobody uses", "a new function",
        "module level", "executed at import", "perhaps executed by a hook",
    ],
)  # fmt: skip
def test_only_who_may_execute_something_else_is_watched(watch, project, edit, expected):
    project.apply(f"--- shop.py: {edit}")
    watch.assert_equal_to_cold()
    assert watched(project) == expected


def test_what_is_known_stays_known(watch, project):
    for number in (6, 7):
        project.apply(f"--- shop.py: LIMIT = {number - 1} => LIMIT = {number}")
        watch.assert_equal_to_cold()
        assert watched(project) == {PRICE}
    project.apply("--- shop.py: return 2 => return 0")
    step = watch.assert_equal_to_cold()
    assert step.ran[0] == "test_tax.py::test_tax"
    assert watched(project) == {TAX}


def test_a_test_that_failed_is_watched(watch, project):
    project.apply("--- shop.py: return 2 => return 0")
    assert watch.assert_equal_to_cold().outcomes["test_tax.py::test_tax"] == "failed"
    assert watched(project) == {TAX}
    project.apply("--- shop.py: UNUSED = 1 => UNUSED = 2")
    watch.assert_equal_to_cold()
    assert watched(project) == {TAX}


def test_the_next_session_knows(project, tmp_path):
    project.apply(SHOP)
    project.watched = tmp_path / "watched.txt"
    for edit, expected in (("UNUSED = 1 => UNUSED = 3", ALL), ("return 2 => return 5", {TAX})):
        project.apply(f"--- shop.py: {edit}")
        with WatchSession(project, environment={"WATCHED": str(project.watched)}) as session:
            session.assert_equal_to_cold()
        assert watched(project) == expected
