"""The pictures in a real browser, where there is one: nothing fails, search finds, what is shown is what happened."""

import re
import subprocess
import sys

import pytest
from browser import Browser, find_browser
from example import copy_of_example
from harness import ENGINE, TIMEOUT, Project, WatchSession

PROGRAM = find_browser()
AGAIN = r"\d+" if ENGINE else "9"  # modules that the edit executes again; a fresh process in place has more


def command(directory, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest_reloadwatch", *arguments],
        cwd=directory, capture_output=True, text=True, timeout=TIMEOUT, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The example after an edit and a flaky test: pictures of its running session, and the same when that is over."""
    place = tmp_path_factory.mktemp("pictures")
    project = copy_of_example(place)
    project.write(
        "tests/test_flaky.py",
        """
        def test_flaky(request):
            count = request.config.cache.get("flaky/count", 0) + 1
            request.config.cache.set("flaky/count", count)
            assert count > 1
        """,
    )
    with WatchSession(project) as session:
        session.step()
        assert command(project.root, "run", "tests/test_flaky.py").returncode == 0
        project.replace("shop/pricing.py", '"50.00"', '"60.00"')
        session.step()
        for name in ("graph", "report"):
            assert command(project.root, name, "-o", str(place / f"{name}.html")).returncode == 0
    assert command(project.root, "graph", "-o", str(place / "later.html")).returncode == 0
    return place


@pytest.fixture(scope="module")
def browser():
    if PROGRAM is None:
        pytest.skip("no Chromium is installed here")
    with Browser(PROGRAM) as browser:
        yield browser


@pytest.fixture(autouse=True)
def _no_problems(request):
    yield
    if "browser" in request.fixturenames:
        assert request.getfixturevalue("browser").problems == []


@pytest.mark.parametrize("name", ["graph", "report", "later"])
@pytest.mark.parametrize("dark", [False, True])
def test_pages_ask_for_nothing_but_themselves(drawn, browser, name, dark):
    browser.open(drawn / f"{name}.html", dark=dark)
    assert browser.requests() == [f"file://{drawn}/{name}.html"]
    ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) < 380) == dark


class TestGraph:
    def test_shows_the_last_edit(self, drawn, browser):
        browser.open(drawn / "graph.html")
        panel = browser.text("#panel")
        assert "shop/pricing.py" in panel
        assert re.search(f"{AGAIN} modules re-executed, 26 of 37 tests", panel)
        assert "from a running session" in panel

    def test_search_finds_a_module_and_shows_what_depends_on_it(self, drawn, browser):
        browser.open(drawn / "graph.html")
        browser.press("/")
        browser.type("pricing")
        assert browser.text("#matches li") == "shop.pricing"
        browser.press("Enter")
        panel = browser.text("#panel")
        assert panel.startswith("shop.pricing")
        assert "changed by the last edit" in panel
        assert "re-executes 9 modules" in panel
        assert "26 of 37 depend on it" in panel
        assert "tests/test_pricing.py: 10 tests" in panel
        browser.press("Escape")
        assert "Most costly to import" in browser.text("#panel")

    def test_who_pays_is_told_where_it_is_measured(self, drawn, browser):
        browser.open(drawn / "later.html")
        assert "from what is kept of the last session" in browser.text("#panel")
        browser.evaluate("choose(data.names.indexOf('shop.catalog'))")
        panel = browser.text("#panel")
        assert "paid by\ntests/conftest.py" in panel

    def test_each_way_of_colouring_has_its_legend(self, drawn, browser):
        browser.open(drawn / "graph.html")
        seen = set()
        for mode in ("edit", "cost", "tests", "hot"):
            browser.click(f"[data-mode={mode}]")
            seen.add(browser.text("#legend"))
        assert len(seen) == 4

    def test_what_a_search_does_not_find_is_said(self, drawn, browser):
        browser.open(drawn / "graph.html")
        browser.press("/")
        browser.type("nowhere")
        assert browser.text("#matches") == "no module is called that"


class TestReport:
    def test_tells_each_save_with_its_times(self, drawn, browser):
        browser.open(drawn / "report.html")
        rounds = browser.text(".rounds")
        assert "shop/pricing.py" in rounds
        assert re.search(f"26 of 37 tests, {AGAIN} modules re-executed", rounds)
        assert "a cold run" in rounds
        assert "saved" in rounds
        steps = browser.evaluate("data.sessions[0].rounds[2].split")
        assert sum(steps.values()) == pytest.approx(browser.evaluate("data.sessions[0].rounds[2].seconds"), rel=0.2)
        assert min(steps["re-execute"], steps["tests"], steps["notice"]) > 0

    def test_names_flaky_tests(self, drawn, browser):
        browser.open(drawn / "report.html")
        assert "tests/test_flaky.py::test_flaky" in browser.text("table")
        assert "failed" in browser.text("table tbody tr")


def test_names_are_never_markup(tmp_path, browser):
    project = Project(tmp_path / "<img src=x onerror=alert(1)>")
    project.write("test_a.py", "import pytest\n@pytest.mark.parametrize('x', ['</script><b>'])\ndef test_a(x): pass\n")
    with WatchSession(project) as session:
        session.step()
        assert command(project.root, "graph", "-o", str(tmp_path / "g.html")).returncode == 0
    browser.open(tmp_path / "g.html")
    assert browser.text("h1") == project.root.name
    browser.evaluate("choose(0)")
    assert browser.evaluate("document.querySelectorAll('img, b').length") == 0
    assert "test_a[</script><b>]" in browser.evaluate("document.querySelector('#panel').textContent")


def test_where_nothing_is_known_it_is_said_and_nothing_written(tmp_path):
    for name in ("graph", "report"):
        done = command(tmp_path, name)
        assert done.returncode == 3
        assert "pytest --reload-once" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_said(drawn):
    done = command(drawn / "shop", "graph", "-o", "no/such/place.html")
    assert done.returncode == 1
    assert "no/such/place.html cannot be written" in done.stderr
