"""Objects of an edited module that live on elsewhere: classes, registrations, caches, patches."""

HAZARDS = {
    "class identity": [
        """
        --- model.py
        class Item:
            price = 1
        --- factory.py
        from model import Item
        def make():
            return Item()
        --- test_items.py
        import pickle
        import factory
        import model
        def test_one_class():
            assert type(factory.make()) is model.Item
        def test_pickle():
            assert pickle.loads(pickle.dumps(factory.make())).price
        def test_price():
            assert factory.make().price == 1
        """,
        "--- model.py: price = 1 => price = 2",
        "--- model.py: price = 2 => price = 1.0",
    ],
    "except clause": [
        """
        --- errors.py
        class Missing(LookupError):
            code = 404
        --- lookup.py
        from errors import Missing
        def find():
            raise Missing
        --- test_lookup.py
        import errors
        import lookup
        def test_caught():
            try:
                lookup.find()
            except errors.Missing as error:
                assert error.code == 404
        def test_caught_as_base():
            try:
                lookup.find()
            except LookupError:
                pass
        """,
        "--- errors.py: 404 => 410",
        "--- errors.py: LookupError => Exception",
    ],
    "enum": [
        """
        --- color.py
        from enum import Enum
        class Color(Enum):
            RED = 1
            BLUE = 2
        --- paint.py
        from color import Color
        DEFAULT = Color.RED
        --- test_paint.py
        import paint
        from color import Color
        def test_same_member():
            assert paint.DEFAULT is Color.RED
            assert paint.DEFAULT in {Color.RED: "red"}
        def test_two_members():
            assert len(Color) == 2
        """,
        "--- color.py: BLUE = 2 => BLUE, GREEN = 2, 3",
        "--- color.py: BLUE, GREEN = 2, 3 => BLUE = 3",
    ],
    "singledispatch registration": [
        """
        --- show.py
        from functools import singledispatch
        @singledispatch
        def show(value):
            return "object"
        --- shapes.py
        from show import show
        class Circle:
            pass
        @show.register
        def show_circle(value: Circle):
            return "circle"
        --- test_show.py
        from shapes import Circle
        from show import show
        def test_circle():
            assert show(Circle()) == "circle"
        """,
        """
        --- shapes.py
        class Circle:
            pass
        """,
        '--- show.py: "object" => "circle"',
        """
        --- shapes.py
        from show import show
        class Circle:
            pass
        @show.register
        def show_circle(value: Circle):
            return "round"
        """,
    ],
    "ABC registration": [
        """
        --- port.py
        from abc import ABC
        class Port(ABC):
            speed = 1
        --- serial_port.py
        from port import Port
        class Serial:
            pass
        Port.register(Serial)
        --- test_port.py
        from port import Port
        from serial_port import Serial
        def test_is_port():
            assert isinstance(Serial(), Port)
        def test_speed():
            assert Port.speed == 1
        """,
        "--- serial_port.py: Port.register(Serial) => pass",
        "--- port.py: speed = 1 => speed = 2",
    ],
    "__subclasses__": [
        """
        --- base.py
        class Base:
            pass
        --- plugins.py
        from base import Base
        class A(Base):
            pass
        class B(Base):
            pass
        --- test_plugins.py
        import plugins
        from base import Base
        def test_names():
            assert sorted(c.__name__ for c in Base.__subclasses__()) == ["A", "B"]
        """,
        "--- plugins.py: class B => class C",
        "--- plugins.py: class C => class B",
    ],
    "__init_subclass__": [
        """
        --- base.py
        class Base:
            names = []
            def __init_subclass__(cls):
                Base.names.append(cls.__name__)
        --- plugins.py
        from base import Base
        class A(Base):
            pass
        --- test_plugins.py
        import plugins
        from base import Base
        def test_names():
            assert Base.names == ["A"]
        """,
        "--- plugins.py: class A => class B",
        '--- test_plugins.py: ["A"] => ["B"]',
    ],
    "registry filled by decorators": [
        """
        --- registry.py
        HANDLERS = {}
        def handler(name):
            return lambda function: HANDLERS.setdefault(name, function)
        --- handlers.py
        from registry import handler
        @handler("add")
        def add():
            return "added"
        @handler("drop")
        def drop():
            return "dropped"
        --- test_handlers.py
        import handlers
        from registry import HANDLERS
        def test_names():
            assert sorted(HANDLERS) == ["add", "drop"]
        def test_add():
            assert HANDLERS["add"]() == "added"
        """,
        '--- handlers.py: "drop" => "remove"',
        '--- handlers.py: return "added" => return "new"',
    ],
    "logging handler added at import": [
        """
        --- log.py
        import logging
        LEVEL = 1
        logging.getLogger("shop").addHandler(logging.NullHandler(LEVEL))
        --- test_log.py
        import logging
        import log
        def test_one_handler():
            assert len(logging.getLogger("shop").handlers) == 1
        def test_level():
            assert logging.getLogger("shop").handlers[0].level == 1
        """,
        "--- log.py: LEVEL = 1 => LEVEL = 2",
        "--- test_log.py: level == 1 => level == 2",
        "--- log.py: LEVEL = 2 => LEVEL = 3",
    ],
    "module-level cache": [
        """
        --- rates.py
        RATE = 2
        --- prices.py
        from functools import lru_cache
        import rates
        @lru_cache
        def price(amount):
            return amount * rates.RATE
        --- warm.py
        from prices import price
        price(10)
        --- test_prices.py
        import warm
        from prices import price
        def test_price():
            assert price(10) == 20
        """,
        "--- rates.py: RATE = 2 => RATE = 3",
        "--- test_prices.py: == 20 => == 30",
        "--- rates.py: RATE = 3 => RATE = 4",
    ],
    "monkeypatch at import of another module": [
        """
        --- target.py
        def greet():
            return "plain"
        --- patch.py
        import target
        target.greet = lambda: "patched"
        --- test_greet.py
        import patch
        import target
        def test_greet():
            assert target.greet() == "patched"
        """,
        '--- patch.py: target.greet = lambda: "patched" => pass',
        "--- target.py: plain => patched",
    ],
    "monkeypatch at import of a standard module": [
        """
        --- patch.py
        import string
        string.digits = "012"
        --- test_digits.py
        import string
        import patch
        def test_digits():
            assert string.digits == "012"
        """,
        '--- patch.py: string.digits = "012" => pass',
        '--- patch.py: pass => string.digits = "01" + "2"',
    ],
    "name deleted from a module": [
        """
        --- names.py
        A = 1
        B = 2
        --- test_names.py
        import names
        def test_b():
            assert names.B == 2
        """,
        "--- names.py: B = 2 => C = 2",
        "--- names.py: C = 2 => B = 2",
    ],
    "random state seeded at import": [
        """
        --- seed.py
        import random
        random.seed(1)
        FIRST = random.random()
        --- test_seed.py
        import random
        import seed
        def test_second():
            second = random.random()
            random.seed(1)
            assert (seed.FIRST, second) == (random.random(), random.random())
        """,
        "--- seed.py: random.seed(1) => random.seed(2)",
        "--- test_seed.py:     random.seed(1) =>     random.seed(2)",
    ],
    "os.environ set before another import": [
        """
        --- env.py
        import os
        os.environ["SHOP_MODE"] = "quick"
        --- settings.py
        import os
        MODE = os.environ.get("SHOP_MODE", "plain")
        --- app.py
        import env
        import settings
        --- test_app.py
        import app
        def test_mode():
            assert app.settings.MODE == "quick"
        """,
        "--- env.py: quick => slow",
        "--- test_app.py: quick => slow",
        """
        --- app.py
        import settings
        import env
        """,
    ],
    "import removed whose side effect mattered": [
        """
        --- registry.py
        NAMES = []
        --- effects.py
        from registry import NAMES
        NAMES.append("effect")
        --- app.py
        import effects
        --- test_app.py
        import app
        import registry
        def test_effect():
            assert registry.NAMES == ["effect"]
        """,
        "--- app.py: import effects => pass",
        "--- app.py: pass => import effects",
    ],
    "inherited attribute": [
        """
        --- base.py
        class Base:
            limit = 1
        --- middle.py
        from base import Base
        class Middle(Base):
            pass
        --- test_limit.py
        from middle import Middle
        class Leaf(Middle):
            pass
        def test_limit():
            assert Leaf().limit == 1
        """,
        "--- base.py: limit = 1 => limit = 2",
        "--- middle.py: pass => limit = 1",
    ],
}
