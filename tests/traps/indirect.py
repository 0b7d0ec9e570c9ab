"""Code that a test reaches without importing it: registries, callbacks, subclasses, patches, conftests."""

TRAPS = {
    "a pool of processes that serves several tests": [
        """
        --- pools.py
        import importlib
        import multiprocessing
        POOL = []
        def value_of(name):
            return importlib.import_module(name).VALUE
        def ask(name):
            if not POOL:
                POOL.append(multiprocessing.get_context("spawn").Pool(1))
            return POOL[0].apply(value_of, [name])
        --- first.py
        VALUE = 1
        --- second.py
        VALUE = 1
        --- test_pools.py
        from pools import ask
        def test_first():
            assert ask("first") == 1
        def test_second():
            assert ask("second") == 1
        def test_again():
            assert ask("second") > 0
        """,
        "--- second.py: 1 => 2",
        "--- first.py: 1 => 2",
        "--- second.py: 2 => 0",
    ],
    "data that an installed library keeps": [
        """
        --- installed/site-packages/keeper.py
        kept = {}
        def get(path):
            if path not in kept:
                with open(path) as file:
                    kept[path] = file.read().strip()
            return kept[path]
        --- conftest.py
        import sys
        sys.path.append("installed/site-packages")
        --- data.txt
        1
        --- test_a.py
        import keeper
        def test_first(): assert keeper.get("data.txt") == "1"
        def test_second(): assert keeper.get("data.txt") == "1"
        --- test_b.py
        import keeper
        def test_third(): assert keeper.get("data.txt") == "1"
        """,
        "--- data.txt: 1 => 2",
        '--- test_b.py: "1" => "2"',
        "--- data.txt: 2 => 1",
    ],
    "data that is not there, as an installed library has learned while a module was imported": [
        """
        --- installed/site-packages/keeper.py
        kept = {}
        def has(path):
            if path not in kept:
                try:
                    open(path).close()
                    kept[path] = True
                except FileNotFoundError:
                    kept[path] = False
            return kept[path]
        --- conftest.py
        import sys
        sys.path.append("installed/site-packages")
        --- data.txt
        1
        --- test_a.py
        import keeper
        HAS = keeper.has("other.txt")
        def test_first(): assert not HAS
        --- test_b.py
        import keeper
        def test_second(): assert not keeper.has("other.txt")
        """,
        "--- other.txt\n1",
    ],
    "lines that the standard library keeps": [
        """
        --- data.txt
        1
        --- test_a.py
        import linecache
        def test_first(): assert linecache.getline("data.txt", 1).strip() == "1"
        def test_second(): assert linecache.getline("data.txt", 1).strip() == "1"
        """,
        "--- data.txt: 1 => 2",
    ],
    "application reached only through a conftest": [
        """
        --- app.py
        from limits import LIMIT
        class App:
            limit = LIMIT
        --- limits.py
        LIMIT = 3
        --- conftest.py
        import pytest
        from app import App
        @pytest.fixture
        def app():
            return App()
        --- test_app.py
        def test_limit(app):
            assert app.limit == 3
        """,
        "--- limits.py: 3 => 2",
        "--- app.py: limit = LIMIT => limit = LIMIT + 1",
    ],
    "registry filled by a conftest's import": [
        """
        --- registry.py
        HANDLERS = {}
        --- handlers.py
        import registry
        def handle():
            return 1
        registry.HANDLERS["one"] = handle
        --- conftest.py
        import handlers
        --- test_registry.py
        import registry
        def test_handler():
            assert registry.HANDLERS["one"]() == 1
        """,
        "--- handlers.py: return 1 => return 2",
    ],
    "registry filled by another test file's import": [
        """
        --- registry.py
        HANDLERS = {}
        --- handlers.py
        import registry
        def handle():
            return 1
        registry.HANDLERS["one"] = handle
        --- test_a.py
        import handlers
        def test_here():
            assert handlers.handle()
        --- test_b.py
        import registry
        def test_handler():
            assert registry.HANDLERS["one"]() == 1
        """,
        "--- handlers.py: return 1 => return 2",
    ],
    "edit of a test that needs another file's import": [
        """
        --- registry.py
        HANDLERS = {}
        --- handlers.py
        import registry
        def handle():
            return 1
        registry.HANDLERS["one"] = handle
        --- test_a.py
        import handlers
        def test_here():
            assert handlers.handle()
        --- test_b.py
        import registry
        def test_handler():
            assert registry.HANDLERS["one"]() == 1
        """,
        "--- test_b.py: == 1 => == 2",
        "--- test_b.py: == 2 => < 3",
    ],
    "callback handed over by another test file's import": [
        """
        --- bus.py
        LISTENERS = []
        def emit(value):
            return [listener(value) for listener in LISTENERS]
        --- audit.py
        import bus
        bus.LISTENERS.append(lambda value: value + 1)
        --- test_a.py
        import audit
        def test_here(): pass
        --- test_b.py
        import bus
        def test_emit():
            assert bus.emit(1) == [2]
        """,
        "--- audit.py: value + 1 => value + 2",
        "--- audit.py: value + 2 => value * 2",
    ],
    "subclass found by __subclasses__": [
        """
        --- base.py
        class Base:
            pass
        --- shapes.py
        from base import Base
        class Square(Base):
            def corners(self):
                return 4
        --- test_a.py
        import shapes
        def test_here(): pass
        --- test_b.py
        from base import Base
        def test_corners():
            assert [kind().corners() for kind in Base.__subclasses__()] == [4]
        """,
        "--- shapes.py: 4 => 5",
        "--- shapes.py: 5 => 2 + 2",
    ],
    "constant in a registry of a conftest in another directory": [
        """
        --- registry.py
        NAMES = []
        --- first/conftest.py
        import registry
        registry.NAMES.append("one")
        --- first/test_first.py
        def test_first(): pass
        --- second/test_second.py
        import registry
        def test_second():
            assert registry.NAMES == ["one"]
        """,
        '--- first/conftest.py: "one" => "two"',
        '--- first/conftest.py: "two" => "o" + "ne"',
    ],
    "environment set by a conftest in another directory": [
        """
        --- first/conftest.py
        import os
        os.environ["SHOP_MODE"] = "one"
        --- first/test_first.py
        def test_first(): pass
        --- second/test_second.py
        import os
        def test_second():
            assert os.environ["SHOP_MODE"] == "one"
        """,
        '--- first/conftest.py: "one" => "two"',
        '--- first/conftest.py: "two" => "o" + "ne"',
    ],
    "function that a dispatcher finds by its name": [
        """
        --- app/__init__.py
        --- app/views.py
        from app.prices import price
        def index():
            return price()
        --- app/prices.py
        def price():
            return 1
        --- app/urls.py
        ROUTES = {"/": "app.views:index"}
        --- app/dispatch.py
        import importlib
        from app.urls import ROUTES
        def get(path):
            module, _, name = ROUTES[path].partition(":")
            return getattr(importlib.import_module(module), name)()
        --- test_first.py
        from app.dispatch import get
        def test_first():
            assert get("/")
        --- test_index.py
        from app.dispatch import get
        def test_index():
            assert get("/") == 1
        """,
        "--- app/prices.py: 1 => 2",
        "--- app/views.py: return price() => return 1",
    ],
    "patched object named by a string": [
        """
        --- app/__init__.py
        --- app/mail.py
        def send():
            return "sent"
        --- app/orders.py
        from app import mail
        def order():
            return mail.send()
        --- test_orders.py
        from unittest import mock
        def test_order():
            from app.orders import order
            with mock.patch("app.mail.send", lambda: "patched"):
                assert order() == "patched"
        """,
        "--- app/mail.py: def send => def submit",
    ],
    "a test's own file that a helper imports, and reads": [
        """
        --- helper.py
        from importlib import import_module
        def names(module):
            return import_module(module).NAMES
        def text(path):
            return open(path).read()
        --- test_own.py
        import helper
        NAMES = "a"
        def test_names():
            assert helper.names(__name__) == "a"
        def test_text():
            assert "b" * 3 not in helper.text(__file__)
        --- test_apart.py
        import helper
        def test_apart():
            assert helper.names and helper.text
        """,
        '--- test_own.py: NAMES = "a" => NAMES = "bbb"',
        '--- test_own.py: NAMES = "bbb" => NAMES = "b"',
    ],
}

SPARED = {"a test's own file that a helper imports, and reads": ("test_apart.py::test_apart",)}
