"""Coverage of the whole suite while only some of it runs: always that of a cold run."""

import os
import shutil
import subprocess
import sys

import pytest
from coverage import CoverageData
from harness import TIMEOUT, WatchSession, run_once

SHOP = """
    --- shop/__init__.py
    --- shop/pricing.py
    TAX = 2

    def tax(price):
        if price < 0:
            return 0
        return price * TAX

    def open_till():
        return {"sum": 0}

    def close_till(till):
        for _ in range(2):
            till.clear()

    def discount(price):
        if price > 10:
            return (
                price
                - 1
            )
        return price
    --- shop/gift.py
    WRAPPED = [
        name
        for name in ("book", "ball")
    ]

    def wrap(name):
        return name in WRAPPED
    --- shop/cart.py
    from shop import pricing

    def total(price):
        return pricing.tax(price)

    def give(name):
        from shop import gift

        return gift.wrap(name)
    --- shop/unused.py
    NOBODY = 1
    --- conftest.py
    import pytest
    from shop import pricing

    def pytest_collection_modifyitems(items):
        items.sort(key=lambda item: item.name)

    @pytest.fixture(scope="session")
    def till():
        till = pricing.open_till()
        yield till
        pricing.close_till(till)
    --- test_cart.py
    import pytest
    from shop import cart

    def test_a_gift():
        assert cart.give("book")

    def test_another_gift():
        assert not cart.give("car")

    @pytest.mark.parametrize("price", [-1, 3])
    def test_total(price):
        assert cart.total(price) >= 0
    --- test_till.py
    from shop import pricing

    def test_discount():
        assert pricing.discount(20) == 19

    def test_empty(till):
        assert till["sum"] == 0

    def test_last(till):
        assert till == {"sum": 0}
"""

PRICING, CART, TILL = "shop/pricing.py", "test_cart.py", "test_till.py"
EDITS = {  # a file, what is replaced there, and by what; the whole file where nothing is replaced
    "a comment moves everything": (PRICING, "TAX = 2", "# percent\n\n\nTAX = 2"),
    "an untested function comes": (PRICING, "def open_till", "def refund():\n    return 1\n\n\ndef open_till"),
    "a body changes": (PRICING, "return price * TAX", "price = price + 1\n    return price * TAX"),
    "a test that imported a module first goes": (CART, "def test_a_gift", "def a_gift"),
    "the last user of a fixture goes": (TILL, "def test_last", "def last"),
    "the only test of a function goes": (TILL, "def test_discount", "def discount"),
    "a module comes that nobody imports": ("shop/late.py", "", "LATE = 1\n"),
    "functions change places": (PRICING, "def refund():\n    return 1\n\n\n", ""),
}

OPTIONS = ("--cov=shop", "--cov-report=")


def figures(directory):
    """Lines or arcs by context and file, as the data file in *directory* has them."""
    data = CoverageData(basename=os.path.join(directory, ".coverage"))
    data.read()
    found = {os.path.relpath(path, os.path.realpath(directory)): {} for path in data.measured_files()}
    for context in data.measured_contexts():
        data.set_query_context(context)
        for path in data.measured_files():
            if covered := data.arcs(path) if data.has_arcs() else data.lines(path):
                found[os.path.relpath(path, os.path.realpath(directory))][context] = sorted(covered)
    data.close()
    return found


def cold_figures(project, *arguments, environment=None):
    """The same from a cold run of a copy of the tree."""
    place = project.root.with_name("cold")
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(project.root, place, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", ".coverage*"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:reloadwatch", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(
        command, cwd=place, env={**os.environ, **(environment or {})}, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return figures(place)


def test_every_edit_leaves_the_figures_of_a_cold_run(project):
    project.apply(SHOP)
    options = (*OPTIONS, "--cov-branch")
    with WatchSession(project, *options) as session:
        session.step()
        assert figures(project.root) == cold_figures(project, *options)
        for name, (path, old, new) in EDITS.items():
            project.write(path, new) if not old else project.replace(path, old, new)
            session.step()
            assert figures(project.root) == cold_figures(project, *options), name
