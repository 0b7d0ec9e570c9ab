"""``fresh_import`` outside of pytest's fixtures: whatever happens, nothing of it stays."""

import importlib
import importlib.util
import sys

import pytest

from pytest_reloadwatch import fresh_import

SHOP = {
    "shop/__init__.py": "",
    "shop/money.py": "RATE = 1\n",
    "shop/tax/__init__.py": "",
    "shop/tax/vat.py": "from shop import money\n",
    "shop/cart.py": "from shop import money\nfrom shop.tax import vat\n",
    "shop/broken.py": "import shop.tax.vat\nimport helper\nraise RuntimeError('no')\n",
    "helper.py": "import colorsys\n",
}


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """The package, loaded with ``money`` only; at the end nothing of it is left."""
    for name, text in SHOP.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    importlib.import_module("shop.money")
    yield sys.modules["shop"]
    for name in [name for name in sys.modules if name.partition(".")[0] in ("shop", "helper")]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def nothing_left(shop):
    """The acceptance: entries, and attributes of all packages, are the same objects as before."""
    before = everything()
    yield
    assert everything() == before


def everything():
    modules = {name: id(module) for name, module in sys.modules.items()}
    packages = [(name, module) for name, module in sys.modules.items() if name.partition(".")[0] == "shop"]
    return modules, {(name, key): id(value) for name, module in packages for key, value in vars(module).items()}


def test_a_new_object_for_the_module_and_what_is_below_it(shop):
    with fresh_import("shop") as fresh:
        assert fresh is not shop
        assert sys.modules["shop"] is fresh
        assert "shop.money" not in sys.modules


def test_its_dependencies_are_those_that_are_loaded(shop):
    with fresh_import("shop.cart") as cart:
        assert cart.money is shop.money
        assert shop.cart is cart
        assert shop.tax.vat is cart.vat  # came in with it, and goes with it


def test_fresh_dependencies(shop):
    before = shop.money
    with fresh_import("shop.cart", fresh=["shop.money"]) as cart:
        assert cart.money is not before
        assert cart.money is cart.vat.money
        assert cart.money is sys.modules["shop.money"]


def test_blocked_dependencies_are_missing_from_their_package_too(shop):
    with pytest.raises(ImportError, match="money"), fresh_import("shop.cart", blocked=["shop.money"]):
        pytest.fail("it imports what is blocked")


def test_a_block_is_in_force_as_long_as_the_import(shop):
    with fresh_import("shop.tax", blocked=["shop.money"]), pytest.raises(ModuleNotFoundError):
        importlib.import_module("shop.money")


def test_a_failing_import(shop):
    with pytest.raises(RuntimeError, match="no"), fresh_import("shop.broken"):
        pytest.fail("it raises at its import")


def test_a_missing_module(shop):
    with pytest.raises(ModuleNotFoundError), fresh_import("shop.nothing", fresh=["shop.money"], blocked=["helper"]):
        pytest.fail("there is no such module")


def test_a_failing_body(shop):
    def fails():
        with fresh_import("shop.cart"):
            importlib.import_module("helper")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()


def test_what_was_removed_meanwhile_comes_back(shop):
    with fresh_import("shop.cart"):
        del sys.modules["shop.money"], sys.modules["shop"].money


def test_one_within_the_other(shop):
    with fresh_import("shop.cart") as outer:
        with fresh_import("shop.cart", blocked=["helper"]) as inner:
            assert inner is not outer
        assert sys.modules["shop.cart"] is outer


def test_the_name_of_a_package_s_own_function_is_left_to_it(shop):
    """It is no submodule, though one of the same name exists."""
    shop.cart = own = lambda: None
    with fresh_import("shop.cart"):
        pass
    assert shop.cart is own
    del shop.cart


def test_extension_modules_of_others_stay_for_they_cannot_be_loaded_twice(shop, tmp_path):
    candidates = [name for name in ("_testbuffer", "xxlimited", "_crypt", "_dbm") if name not in sys.modules]
    name = next((name for name in candidates if importlib.util.find_spec(name) is not None), None)
    if name is None:
        pytest.skip("no extension module is there to be loaded")
    (tmp_path / "shop" / "quick.py").write_text(f"import {name}\n", encoding="utf-8")
    with fresh_import("shop.quick"):
        loaded = sys.modules[name]
    assert sys.modules.pop(name) is loaded
