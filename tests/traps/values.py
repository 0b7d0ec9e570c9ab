"""Values that tests are made of: constants, attributes, parameters, conditions, the text of a source."""

TRAPS = {
    "numbers of lines in what is printed of a log and a traceback": [
        """
        --- shop.py
        import logging
        def warn():
            logging.warning("dear")
        --- test_log.py
        import shop
        def test_log(caplog):
            shop.warn()
            assert "shop.py:3" in caplog.text
        --- test_trace.py
        import traceback, shop
        def test_trace(monkeypatch):
            monkeypatch.delattr("logging.warning")
            try:
                shop.warn()
            except AttributeError:
                assert "line 3, in warn" in traceback.format_exc()
        """,
        """
        --- shop.py
        import logging
        # A comment.
        def warn():
            logging.warning("dear")
        """,
    ],
    "number of a line": [
        """
        --- shop.py
        import warnings
        def price():
            warnings.warn("old")
        --- test_shop.py
        import shop, pytest
        def test_line():
            with pytest.warns(UserWarning) as seen:
                shop.price()
            assert seen[0].lineno == 3
        --- test_apart.py
        import shop
        def test_apart():
            pass
        """,
        """
        --- shop.py
        # why it warns
        import warnings
        def price():
            warnings.warn("old")
        """,
        """
        --- shop.py
        import warnings
        def price():
            warnings.warn("old")
        """,
    ],
    "number of a line, where a source was read": [
        """
        --- shop.py
        import warnings
        with open(__file__) as file:
            LINES = len(file.readlines())
        def price():
            warnings.warn("old")
        --- test_shop.py
        import shop, pytest
        def test_line():
            with pytest.warns(UserWarning) as seen:
                shop.price()
            assert seen[0].lineno == shop.LINES
        """,
        """
        --- shop.py
        # why it warns
        import warnings
        with open(__file__) as file:
            LINES = len(file.readlines())
        def price():
            warnings.warn("old")
        # and no more
        """,
    ],
    "imported constant": [
        """
        --- limits.py
        LIMIT = 3
        --- prices.py
        from limits import LIMIT
        def cut(price):
            return min(price, LIMIT)
        --- test_prices.py
        from prices import cut
        def test_cut():
            assert cut(5) == 3
        --- test_apart.py
        def test_apart(): pass
        """,
        "--- limits.py: 3 => 4",
        "--- limits.py: 4 => 3.0",
    ],
    "class attribute seen through a subclass": [
        """
        --- base.py
        class Base:
            rate = 2
        --- shop.py
        from base import Base
        class Shop(Base):
            pass
        --- test_shop.py
        import shop
        def test_rate():
            assert shop.Shop().rate == 2
        """,
        "--- base.py: rate = 2 => rate = 3",
        "--- base.py: rate = 3 => rate = 1 + 1",
    ],
    "parametrize values from a module": [
        """
        --- cases.py
        CASES = [1, 2]
        --- test_cases.py
        import pytest
        from cases import CASES
        @pytest.mark.parametrize("case", CASES)
        def test_case(case):
            assert case < 3
        """,
        "--- cases.py: [1, 2] => [1, 2, 3]",
        "--- cases.py: [1, 2, 3] => [2]",
    ],
    "condition of a skipif mark": [
        """
        --- features.py
        SLOW = True
        --- test_features.py
        import pytest
        import features
        needs_speed = pytest.mark.skipif(features.SLOW, reason="slow")
        @needs_speed
        def test_speed(): pass
        def test_other(): pass
        """,
        "--- features.py: True => False",
    ],
    "decorator from a module, at import": [
        """
        --- wrappers.py
        def doubled(function):
            return lambda: function() * 2
        --- shop.py
        from wrappers import doubled
        @doubled
        def price():
            return 1
        --- test_shop.py
        from shop import price
        def test_price():
            assert price() == 2
        """,
        "--- wrappers.py: * 2 => * 3",
        "--- wrappers.py: * 3 => + 1",
    ],
    "default argument worked out at import": [
        """
        --- settings.py
        def default():
            return 1
        --- shop.py
        import settings
        def price(value=settings.default()):
            return value
        --- test_shop.py
        import shop
        def test_price():
            assert shop.price() == 1
        """,
        "--- settings.py: 1 => 2",
    ],
    "text of a source, comments included": [
        """
        --- shop.py
        def price():
            return 1  # in cents
        --- test_text.py
        import inspect
        import shop
        def test_unit():
            assert "cents" in inspect.getsource(shop.price)
        def test_price():
            assert shop.price() == 1
        --- test_value.py
        import shop
        def test_value():
            assert shop.price() == 1
        """,
        "--- shop.py: cents => euros",
        "--- shop.py: euros => cents and euros",
    ],
    "imports for a type checker": [
        """
        --- names.py
        NAME = "a"
        --- shop.py
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from names import NAME
        def name() -> "NAME":
            return "a"
        --- test_shop.py
        import shop
        def test_name():
            assert shop.name() == "a"
        """,
        '--- names.py: "a" => "b"',
        "--- names.py: NAME => raise",
    ],
    "edit undone": [
        """
        --- limits.py
        LIMIT = 3
        --- test_limits.py
        from limits import LIMIT
        def test_limit():
            assert LIMIT == 3
        def test_other():
            assert LIMIT < 5
        """,
        "--- limits.py: 3 => 4",
        "--- limits.py: 4 => 3",
        "--- limits.py: 3 => 5",
        "--- limits.py: 5 => 4",
    ],
    "failing test whose cause nobody sees": [
        """
        --- test_flag.py
        import pathlib
        def test_flag():
            assert pathlib.Path(".tox/flag").exists()
        --- test_other.py
        def test_other(): pass
        """,
        """
        --- .tox/flag
        --- test_other.py
        def test_other():
            assert True
        """,
    ],
}

UNMOVED = ("imports for a type checker",)

SPARED = {
    "number of a line": ("test_apart.py::test_apart",),
    "imported constant": ("test_apart.py::test_apart",),
    "text of a source, comments included": ("test_value.py::test_value",),
    "imports for a type checker": ("test_shop.py::test_name",),
}
