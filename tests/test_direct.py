"""Direct tests first: those that executed or read what has changed, then the rest of the affected; and why."""

import json
import subprocess
import sys

import pytest
from harness import Screen, WatchSession, run_once

SHOP = """
    --- shop/__init__.py
    from shop.cart import Cart
    --- shop/pricing.py
    TAX = 2

    def tax(price):
        return price * TAX

    def discount(price):
        return price - 1

    def shipping():
        return 5
    --- shop/cart.py
    from shop.pricing import discount, shipping, tax

    class Cart:
        def total(self, price):
            return tax(discount(price))

        def ship(self):
            return shipping()
    --- data.txt
    1
    --- conftest.py
    import pytest
    from shop.cart import Cart

    @pytest.fixture(scope="session")
    def shipped():
        return Cart().ship()
    --- test_cart.py
    from shop import Cart

    def test_total():
        assert Cart().total(3) == 4

    def test_kind():
        assert Cart.__name__ == "Cart"
    --- test_ship.py
    def test_first(shipped):
        assert shipped == 5

    def test_second(shipped):
        assert shipped == 5
    --- test_data.py
    import os
    import threading
    import shop.pricing

    def test_data():
        with open("data.txt") as file:
            assert file.read() == "1\\n"

    def test_thread():
        seen = []
        thread = threading.Thread(target=lambda: seen.append(shop.pricing.discount(3)))
        thread.start()
        thread.join()
        assert seen == [2]

    def test_nothing():
        pass
"""
ALL = [
    "test_cart.py::test_kind",
    "test_cart.py::test_total",
    "test_data.py::test_data",
    "test_data.py::test_nothing",
    "test_data.py::test_thread",
    "test_ship.py::test_first",
    "test_ship.py::test_second",
]
DISCOUNT = "shop/pricing.py", "price - 1", "price - 1 + 0"


@pytest.fixture
def shop(project):
    project.apply(SHOP)
    return project


@pytest.fixture
def session(shop):
    with WatchSession(shop) as session:
        assert sorted(session.step().ran) == ALL
        yield session


def direct(step):
    (selected,) = step.of("selected")
    found = selected["direct"]
    assert set(found) <= set(selected["affected"])
    assert set(step.ran[: len(found)]) == set(found), "they did not run first"
    return sorted(found)


class TestDirect:
    @pytest.mark.parametrize(
        ("edit", "expected"),
        [
            (DISCOUNT, ["test_cart.py::test_total", "test_data.py::test_thread"]),
            (("shop/cart.py", "return shipping()", "return 0 + shipping()"), ALL[5:]),
            (("shop/pricing.py", "return 5", "return 2 + 3"), ALL[5:]),
            (("shop/pricing.py", "TAX = 2", "TAX = 1 + 1"), [ALL[1], *ALL[4:]]),
            (("shop/pricing.py", "def shipping()", "def shipping(*, to=None)"), [ALL[1], *ALL[4:]]),
            (("conftest.py", "return Cart().ship()", "return Cart().ship() + 0"), ALL[5:]),
            (("data.txt", "1", "2"), ["test_data.py::test_data"]),
            (("test_cart.py", "total(3) == 4", "total(4) == 6"), ["test_cart.py::test_total"]),
        ],
        ids=["function", "of a fixture", "of a fixture, deeper", "constant", "signature", "fixture", "data", "test"],
    )
    def test_is_who_executed_or_read_what_changed(self, shop, session, edit, expected):
        shop.replace(*edit)
        assert direct(session.assert_equal_to_cold()) == expected

    def test_is_nobody_who_only_asks_whether_the_file_is_there(self, shop):
        shop.write("test_asks.py", "import os\ndef test_asks(): assert os.path.exists('data.txt')\n")
        with WatchSession(shop) as session:
            session.step()
            shop.replace("data.txt", "1", "2")
            assert direct(session.assert_equal_to_cold()) == ["test_data.py::test_data"]

    def test_is_a_new_test(self, shop, session):
        shop.write("test_new.py", "def test_new(): pass\n")
        shop.replace(*DISCOUNT)
        ran = session.assert_equal_to_cold().ran
        assert set(ran[:3]) == {"test_new.py::test_new", "test_cart.py::test_total", "test_data.py::test_thread"}

    def test_comes_after_what_failed(self, shop, session):
        shop.replace("data.txt", "1", "2")
        session.step()
        shop.replace(*DISCOUNT)
        assert session.assert_equal_to_cold().ran[0] == "test_data.py::test_data"

    def test_is_nobody_where_nobody_executed_what_changed(self, project):
        project.apply("""
            --- values.py
            VALUE = 1
            --- far.py
            from values import VALUE
            --- test_far.py
            from far import VALUE
            def test_far(): assert VALUE
            --- test_near.py
            from values import VALUE
            def test_near(): assert VALUE
        """)
        with WatchSession(project) as session:
            session.step()
            project.replace("values.py", "1", "2")
            step = session.assert_equal_to_cold()
            assert direct(step) == []
            assert step.ran == ["test_near.py::test_near", "test_far.py::test_far"]

    def test_is_remembered_by_the_next_session(self, shop):
        run_once(shop)
        shop.replace(*DISCOUNT)
        with WatchSession(shop) as session:
            assert direct(session.assert_equal_to_cold()) == ["test_cart.py::test_total", "test_data.py::test_thread"]

    def test_moves_with_its_function(self, shop, session):
        """Functions are told apart by name, wherever they stand."""
        shop.replace("shop/pricing.py", "TAX = 2\n", "TAX = 2\n\n\n# Prices are in cents.\n")
        assert session.step().ran == []
        shop.replace(*DISCOUNT)
        assert direct(session.assert_equal_to_cold()) == ["test_cart.py::test_total", "test_data.py::test_thread"]

    def test_is_everybody_where_another_has_the_place_that_is_needed(self, shop):
        taken = "import sys, threading\nsys.setprofile(lambda *_: None)\n"
        if sys.version_info >= (3, 12):
            taken = "import sys\nsys.monitoring.use_tool_id(3, 'mine')\n"
        shop.write("conftest.py", taken + shop.read("conftest.py"))
        with WatchSession(shop) as session:
            session.step()
            session.wait_for_output("what tests execute is not recorded, all that import a change are direct: ")
            shop.replace(*DISCOUNT)
            assert direct(session.assert_equal_to_cold()) == ALL


class TestExecutedCode:
    def test_counts_though_nobody_imports_it(self, project):
        """It came into a registry through another test's imports."""
        project.apply("""
            --- registry.py
            HANDLERS = {}
            --- plugin.py
            import detail
            from registry import HANDLERS
            HANDLERS["x"] = lambda: detail.value()
            --- detail.py
            def value():
                return 1
            --- test_a.py
            import plugin
            def test_plugin(): assert plugin
            --- test_b.py
            from registry import HANDLERS
            def test_handler(): assert HANDLERS["x"]() == 1
        """)
        with WatchSession(project) as session:
            session.step()
            project.replace("detail.py", "return 1", "return 2")
            assert session.assert_equal_to_cold().outcomes["test_b.py::test_handler"] == "failed"

    def test_does_not_wait_for_another_run_where_others_need_what_it_defines(self, project):
        project.apply("""
            --- hooks.py
            HOOKS = []
            --- shop.py
            import hooks
            def total(): return sum(hook() for hook in hooks.HOOKS)
            --- test_a.py
            import hooks
            def one(): return 1
            hooks.HOOKS.append(one)
            def test_a(): assert one()
            --- test_b.py
            import shop
            def test_b(): assert shop.total() == 1
        """)
        with WatchSession(project) as session:
            session.step()
            project.write("hooks.py", "HOOKS = list()\n")
            step = session.step()
        assert sorted(step.ran) == ["test_a.py::test_a", "test_b.py::test_b"]
        assert len(step.runs) == 1


class TestTerminal:
    def test_says_when_they_are_through(self, shop):
        with Screen(shop) as screen:
            screen.see("waiting for changes")
            shop.replace(*DISCOUNT)
            assert "passed" not in screen.see("direct: 2 passed").replace("direct: 2 passed", "")
            screen.see("all 7 tests proven")

    def test_w_says_why(self, shop):
        with Screen(shop, columns=120) as screen:
            screen.see("waiting for changes")
            shop.replace(*DISCOUNT)
            screen.see("all 7 tests proven")
            screen.press("w")
            screen.see("test_cart.py::test_total ← shop ← shop.cart ← shop.pricing: function discount changed\n")
            screen.see("executed again: shop.cart ← shop.pricing: changed\n")

    def test_w_says_that_nothing_ran(self, shop):
        run_once(shop)
        with Screen(shop) as screen:
            screen.see("waiting for changes")
            screen.press("w")
            screen.see("nothing has run since the last change")


class TestSelectDirect:
    def test_stops_there_and_says_what_is_not_proven(self, shop):
        with WatchSession(shop, "--reload-select=direct") as session:
            session.step()
            shop.replace(*DISCOUNT)
            session.wait_for_event("run_finished", run=2)
            session.wait_for_output("2 of 7 tests proven; 5 not proven")
            assert session.status()["settled"] is False
            assert len(session.assert_equal_to_cold().outcomes) == 7

    def test_in_once_mode(self, shop):
        run_once(shop)
        shop.replace("shop/pricing.py", "price - 1", "price - 2")
        session = run_once(shop, "--reload-select=direct")
        assert session.process.returncode == 1
        ran = {event["nodeid"]: event["outcome"] for event in session.events() if event["event"] == "test"}
        assert ran == {"test_cart.py::test_total": "failed", "test_data.py::test_thread": "failed"}
        assert "2 of 7 tests fail; 5 not proven" in session.output()


class TestWhy:
    def ask(self, session, question, *options):
        done = subprocess.run(
            [sys.executable, "-m", "pytest_reloadwatch", "why", question, *options],
            cwd=session.project.root, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def test_of_what_ran_and_what_did_not(self, shop, session):
        shop.replace("data.txt", "1", "2")
        session.step()
        assert self.ask(session, "test_data.py::test_data") == (0, "test_data.py::test_data ← data.txt: changed\n")
        code, said = self.ask(session, "test_cart.py::test_total")
        assert code == 0
        assert "test_cart.py::test_total: not run: passed before, and none of the 5 files" in said
        assert self.ask(session, "test_none.py") == (4, "no test or re-executed module is called test_none.py\n")

    def test_of_a_test_reached_by_imports_only(self, shop, session):
        shop.replace(*DISCOUNT)
        session.step()
        _, said = self.ask(session, "test_data.py::test_nothing")
        assert said == "test_data.py::test_nothing ← shop.pricing: function discount changed (by import only)\n"

    def test_of_a_module(self, shop, session):
        shop.replace(*DISCOUNT)
        session.step()
        assert self.ask(session, "shop.cart") == (0, "shop.cart ← shop.pricing: changed\n")
        assert self.ask(session, "shop.pricing") == (0, "shop.pricing: changed\n")

    def test_as_an_object(self, shop, session):
        shop.replace("data.txt", "1", "2")
        session.step()
        code, said = self.ask(session, "test_data.py::test_data", "--json")
        name = "test_data.py::test_data"
        assert code == 0
        reasons = {name: f"{name} ← data.txt: changed"}
        assert json.loads(said) == {"event": "why", "question": name, "tests": reasons, "modules": {}}

    def test_without_a_session(self, shop):
        code = subprocess.run(
            [sys.executable, "-m", "pytest_reloadwatch", "why", "x"],
            cwd=shop.root, capture_output=True, timeout=60, check=False,
        ).returncode  # fmt: skip
        assert code == 3

    def test_in_the_events(self, shop, session):
        shop.replace(*DISCOUNT)
        (selected,) = session.step().of("selected")
        name = "test_cart.py::test_total"
        assert selected["affected"][name] == f"{name} ← shop ← shop.cart ← shop.pricing: function discount changed"


SHARED = """
    --- conftest.py
    import time
    import pytest
    @pytest.fixture(scope="session")
    def database():
        time.sleep(0.4)
    --- shop.py
    def price():
        return 1
    def tax():
        return 1
    --- test_a.py
    import shop
    def test_a(database):
        assert shop.price() == 1
    --- test_b.py
    import shop
    def test_b(database):
        assert shop.tax() == 1
"""


@pytest.mark.parametrize(("fixture", "runs"), [("database", 1), ("", 2)])
def test_what_takes_long_to_set_up_is_set_up_once_for_direct_tests_and_others(project, fixture, runs):
    project.apply(SHARED)
    project.replace("test_b.py", "(database)", f"({fixture})")
    with WatchSession(project) as session:
        session.step()
        project.replace("shop.py", "return 1\ndef", "return 2\ndef")
        step = session.assert_equal_to_cold()
    assert step.ran == ["test_a.py::test_a", "test_b.py::test_b"]
    assert len(step.runs) == runs
