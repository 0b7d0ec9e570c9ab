"""Coverage of the whole suite while only some of it runs: always that of a cold run."""

import json
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

    def test_another_gift():
        assert not cart.give("car")

    @pytest.mark.parametrize("price", [-1, 3])
    def test_total(price):
        assert cart.total(price) >= 0
    --- shop/stamps.py
    STAMP = "paid"
    --- test_alone.py
    from shop import cart, stamps

    def test_a_gift():
        assert cart.give("book")
        assert stamps
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
    "the test that imported a module first goes": ("test_alone.py", 'cart.give("book")', "cart"),
    "the last user of a fixture goes": (TILL, "def test_last", "def last"),
    "the only test of a function goes": (TILL, "def test_discount", "def discount"),
    "a module comes that nobody imports": ("shop/late.py", "", "LATE = 1\n"),
    "a function goes": (PRICING, "def refund():\n    return 1\n\n\n", ""),
    "nobody imports a module any more": ("test_alone.py", "import cart, stamps", "import cart as stamps, cart"),
}

CHILD = """
    import subprocess
    import sys

    def test_child():
        subprocess.run([sys.executable, "-c", "import shop.unused"], check=True)
"""

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
    shutil.copytree(
        project.root, place, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache", ".coverage", ".coverage.*")
    )
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
        assert "tests coverage" not in session.output()
    once = run_once(project, *options)  # the next session knows all of it
    assert figures(project.root) == cold_figures(project, *options)
    assert "(0 run" in once.output()


CORES = [
    ("pytrace", ("-n", "2")),
    ("pytrace", ("--cov-branch", "--cov-context=test")),
    ("ctrace", ("--cov-context=test",)),
]
if sys.version_info >= (3, 12):
    CORES.append(("sysmon", ()))


@pytest.mark.parametrize(("core", "more"), CORES)
def test_the_figures_are_a_cold_runs_with_every_core(project, core, more):
    project.apply(SHOP.replace("session", "module"))  # contexts of what is shared are those of the run that executed it
    options, environment = (*OPTIONS, *more), {"COVERAGE_CORE": core}
    with WatchSession(project, *options, environment=environment) as session:
        session.step()
        assert figures(project.root) == cold_figures(project, *options, environment=environment)
        project.replace(TILL, "def test_last", "# the rest\ndef test_other")
        step = session.step()
        assert sorted(step.ran) == [
            "test_till.py::test_discount",
            "test_till.py::test_empty",
            "test_till.py::test_other",
        ]
        assert figures(project.root) == cold_figures(project, *options, environment=environment)
        assert "start cold" not in session.output()


def test_once_reports_the_whole_suite_and_fails_under_its_minimum(project):
    project.apply(SHOP)
    whole = run_once(project, "--cov=shop", "--cov-report=term-missing", "--cov-report=json:cov.json")
    assert whole.process.returncode == 0
    assert whole.output().count("tests coverage") == 1
    assert "TOTAL" in whole.output()
    again = run_once(project, "--cov=shop", "--cov-fail-under=99")
    assert again.process.returncode == 1
    assert "(0 run" in again.output()
    assert "FAIL Required test coverage of 99% not reached. Total coverage: 9" in again.output()
    totals = json.loads(project.read("cov.json"))["totals"]
    assert totals["missing_lines"] == 2
    assert run_once(project, "--cov=shop", "--cov-fail-under=90", "--cov-report=").process.returncode == 0


def test_without_cov_nothing_of_this_is_there(project):
    project.write("test_a.py", """
        import sys

        def test_modules():
            names = ("coverage", "pytest_reloadwatch.covering")
            assert not [name for name in sys.modules if name.startswith(names)]
    """)  # fmt: skip
    assert run_once(project).process.returncode == 0
    lost = run_once(project, "--reload-cov-diff")
    assert lost.process.returncode == 4
    assert "--reload-cov-diff reports what is measured: add --cov (of pytest-cov)" in lost.output()


def test_after_an_edit_the_terminal_tells_what_is_not_covered_in_it(project):
    project.apply(SHOP)
    with WatchSession(project, "--cov=shop", "--cov-report=", "--reload-select=direct") as session:
        session.step()
        project.replace(PRICING, "return price * TAX", "if price > 99:\n        return 3\n    return price * TAX")
        session.wait_for_output("shop/pricing.py: 87% covered; not covered in what changed: tax 7")
        project.replace(PRICING, "TAX = 2", "TAX = int(2)")
        session.wait_for_output("tests are not measured for the files on disk")


def test_another_configuration_starts_over_and_processes_measure_too(project):
    project.apply(SHOP)
    project.write("test_child.py", CHILD)
    project.write(".coveragerc", "[run]\npatch = subprocess\n[report]\nexclude_also =\n    NOBODY\n")
    with WatchSession(project, *OPTIONS) as session:
        session.step()
        assert figures(project.root) == cold_figures(project, *OPTIONS)
        project.replace("test_till.py", "def test_last", "def test_other")
        session.step()
        assert figures(project.root)["shop/unused.py"][""] == [1]
        project.replace(".coveragerc", "[run]", "[run]\nomit =\n    shop/gift.py")
        session.wait_for_output(".coveragerc changed")
        session.step()
        assert figures(project.root) == cold_figures(project, *OPTIONS)


def test_changes_since_a_revision_have_a_minimum(project):
    project.apply(SHOP)
    git = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    for command in (("init", "-q"), ("add", "."), ("commit", "-q", "-m", "Shop")):
        subprocess.run([*git, *command], cwd=project.root, check=True)
    project.replace(PRICING, "return price * TAX", "price = price + 1\n    return price * TAX")
    project.replace(PRICING, "def open_till", "def refund():\n    return 1\n\ndef open_till")
    half = run_once(project, *OPTIONS, "--reload-cov-diff", "--reload-cov-min=80")
    assert "shop/pricing.py: changed and not covered: 10\n" in half.output()
    assert "changes since HEAD: 67% of 3 changed statements are covered" in half.output()
    assert half.process.returncode == 1
    assert run_once(project, *OPTIONS, "--reload-cov-diff", "--reload-cov-min=50").process.returncode == 0
    lost = run_once(project, *OPTIONS, "--reload-cov-diff=nowhere")
    assert "no coverage of changes since nowhere: fatal: " in lost.output()


def test_what_is_closed_by_a_collection_of_garbage_is_covered(project):
    """It may begin with any function, and nothing is measured while a callback of sys.monitoring executes."""
    leak = "def leak():\n    try:\n        yield\n    except BaseException:\n        raise\n"
    project.write("leak.py", leak + "".join(f"def some{number}():\n    return []\n" for number in range(1500)))
    project.write("test_leak.py", """
        import gc
        import leak

        def test_leak():
            gc.set_threshold(300)
            cycle = []
            cycle += [leak.leak(), cycle]
            next(cycle[0])
            del cycle
            assert [getattr(leak, f"some{number}")() for number in range(1500)]
    """)  # fmt: skip
    run_once(project, "--cov=leak", "--cov-report=")
    assert figures(project.root) == cold_figures(project, "--cov=leak", "--cov-report=")
