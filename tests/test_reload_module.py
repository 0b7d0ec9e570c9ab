"""The fixture reload_module and assert_no_stale_references, in a pytest of their own."""

import importlib
import re
import sys

import pytest
from worlds import World

from pytest_reloadwatch import assert_no_stale_references, reload_module
from pytest_reloadwatch.exceptions import ReloadFailedError


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    world = World(tmp_path)
    yield world
    world.close()


class TestReloadModule:
    def test_executes_what_depends_on_it_and_undoes_that(self, world):
        world.write(a="X = 1\n", b="from a import X\n", c="")
        a, b, _ = world.start("a", "b", "c")
        world.write(a="X = 2\n")
        with reload_module(a) as reloaded:
            assert str(reloaded) == "reloaded a: changed\nreloaded b: imports a, which changed"
            assert (a.X, b.X) == (2, 2)
        assert (a.X, b.X) == (1, 1)

    def test_keeps_what_it_is_told_to_keep(self, world):
        world.write(a="X = 1\n", b="from a import X\n")
        a, b = world.start("a", "b")
        world.write(a="X = 2\n")
        with reload_module("a", keep=[b]) as reloaded:
            assert (reloaded.names, a.X, b.X) == (("a",), 2, 1)

    def test_undoes_in_spite_of_an_error(self, world):
        world.write(a="X = 1\n")
        (a,) = world.start("a")
        with pytest.raises(AttributeError), reload_module(a):
            a.X = a.no_such_name
        assert a.X == 1

    def test_undoes_what_was_assigned_meanwhile(self, world):
        world.write(a="X = 1\n")
        (a,) = world.start("a")
        with reload_module(a):
            a.X = a.NEW = 3
        assert (a.X, hasattr(a, "NEW")) == (1, False)

    def test_a_failure_leaves_all_as_it_was(self, world):
        world.write(a="X = 1\n")
        (a,) = world.start("a")
        world.write(a="X = 2\n1 / 0\n")
        with pytest.raises(ReloadFailedError), reload_module(a):
            pass
        assert a.X == 1

    @pytest.mark.parametrize(
        ("name", "said"), [("nothing_like_it", "is not loaded"), ("json", "no module of your own")]
    )
    def test_refuses_what_it_cannot_reload(self, world, name, said):
        importlib.import_module("json")
        with pytest.raises(ValueError, match=said), reload_module(name):
            pass

    def test_as_a_fixture(self, pytester):
        pytester.makepyfile(
            shop="CURRENCY = 'EUR'\n",
            cart="from shop import CURRENCY\n",
            conftest="import cart\n",
            test_hot="""
                import cart
                import shop

                def test_reloads(reload_module):
                    with open("shop.py", "w") as file:
                        file.write("CURRENCY = 'USD'")
                    assert reload_module(shop).names == ("shop", "cart")
                    assert cart.CURRENCY == "USD"

                def test_is_undone():
                    assert (shop.CURRENCY, cart.CURRENCY) == ("EUR", "EUR")
            """,
        )
        pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)

    def test_assertions_stay_rewritten_and_no_bytecode_is_too_old(self, pytester):
        pytester.makepyfile(
            conftest="import pytest\npytest.register_assert_rewrite('helper')\n",
            helper="def check(x):\n    assert x == 1\n",
            test_helper="""
                import pytest
                import helper

                @pytest.mark.parametrize("limit", [2, 3])  # of the same size, within a second
                def test_check(reload_module, limit):
                    loader = helper.__loader__
                    with open("helper.py", "w") as file:
                        file.write(f"def check(x):\\n    assert x == {limit}\\n")
                    reload_module(helper)
                    assert helper.__loader__ is loader
                    with pytest.raises(AssertionError, match=f"assert 5 == {limit}"):
                        helper.check(5)
            """,
        )
        pytester.runpytest_subprocess().assert_outcomes(passed=2)


class TestNoStaleReferences:
    def assert_held(self, said):
        with pytest.raises(AssertionError, match=re.escape(said)):
            assert_no_stale_references("a")

    def start(self, world):
        world.write(a="class A:\n    def m(self):\n        return 1\ndef f(): return A\n", keeper="KEPT = []\n")
        return world.start("a", "keeper")

    def test_nothing_is_held(self, world):
        a, keeper = self.start(world)
        keeper.KEPT += [a.f, a.A()]
        assert_no_stale_references(a)
        keeper.KEPT.clear()
        importlib.reload(a)
        assert_no_stale_references("a")

    def test_after_importlib_reload(self, world):
        a, keeper = self.start(world)
        keeper.KEPT.append(a.f)
        importlib.reload(a)
        self.assert_held("list keeper.KEPT holds function a.f of an older generation")

    def test_dataclasses_whose_functions_are_generated(self, world):
        world.write(a="import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int = 1\n", keeper="KEPT = []\n")
        a, keeper = world.start("a", "keeper")
        keeper.KEPT.append(a.A())
        assert_no_stale_references(a)
        importlib.reload(a)
        self.assert_held("list keeper.KEPT holds a.A of an older generation")

    def test_after_an_import_anew(self, world):
        a, keeper = self.start(world)
        keeper.KEPT.append(a.A())
        keeper.module = a
        del sys.modules["a"], a
        importlib.import_module("a")
        self.assert_held("list keeper.KEPT holds a.A of an older generation")
        self.assert_held("name 'module' in keeper is module a of an older generation")

    def test_after_a_reload_in_place(self, world):
        a, keeper = self.start(world)
        keeper.KEPT.append(a.A)
        with reload_module(a):
            self.assert_held("list keeper.KEPT holds class a.A of generation 1")
        assert_no_stale_references(a)

    def test_functions_that_no_name_leads_to_are_current(self, world):
        world.write(
            a="import keeper\ndef make():\n    def inner(): pass\n    return inner\n"
            "keeper.KEPT.append(make())\nkeeper.KEPT.append(lambda: 1)\n",
            keeper="KEPT = []\n",
        )
        world.start("a")
        assert_no_stale_references("a")

    def test_names_a_fixture(self, pytester):
        pytester.makepyfile(
            shop="class User: pass\n",
            test_users="""
                import importlib
                import pytest
                import shop
                from pytest_reloadwatch import assert_no_stale_references

                @pytest.fixture(scope="session")
                def db():
                    return {"ann": shop.User()}

                def test_users(db):
                    assert_no_stale_references(shop)
                    importlib.reload(shop)
                    assert_no_stale_references(shop)
            """,
        )
        result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
        result.stdout.fnmatch_lines(["*session fixture 'db' holds shop.User of an older generation"])
        result.assert_outcomes(failed=1)
