"""Ways to lay out, to collect and to run tests that change what is imported when, and by whom."""

HAZARDS = {
    "importmode importlib": [
        """
        --- pytest.ini
        [pytest]
        addopts = --import-mode=importlib
        pythonpath = .
        --- shop/__init__.py
        --- shop/prices.py
        PRICE = 1
        --- tests/unit/test_price.py
        from shop.prices import PRICE
        def test_price():
            assert PRICE == 1
        --- tests/other/test_price.py
        def test_price():
            from shop import prices
            assert prices.PRICE < 3
        """,
        "--- shop/prices.py: 1 => 2",
        "--- shop/prices.py: 2 => 3",
        "--- tests/unit/test_price.py: == 1 => == 3",
    ],
    "source layout": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = src
        testpaths = tests
        --- src/shop/__init__.py
        from shop.prices import PRICE
        --- src/shop/prices.py
        PRICE = 1
        --- tests/test_price.py
        import shop
        def test_price():
            assert shop.PRICE == 1
        """,
        "--- src/shop/prices.py: 1 => 2",
        "--- tests/test_price.py: == 1 => == 2",
        "--- src/shop/__init__.py: import PRICE => import PRICE as OTHER",
    ],
    "doctests in modules": [
        """
        --- pytest.ini
        [pytest]
        addopts = --doctest-modules
        --- shop.py
        from prices import PRICE
        def price():
            '''
            >>> price()
            1
            '''
            return PRICE
        --- prices.py
        PRICE = 1
        """,
        "--- prices.py: 1 => 2",
        "--- shop.py:     1 =>     2",
        """
        --- shop.py
        def price():
            return 1
        """,
    ],
    "doctest in a text file": [
        """
        --- prices.py
        PRICE = 1
        --- test_guide.txt
        >>> import prices
        >>> prices.PRICE
        1
        """,
        "--- prices.py: 1 => 2",
        "--- test_guide.txt: 1 => 2",
        "--- test_guide.txt deleted",
        """
        --- test_other.txt
        >>> 1
        2
        """,
    ],
    "unittest with a module's setup": [
        """
        --- prices.py
        PRICE = 1
        --- test_price.py
        import unittest
        import prices
        def setUpModule():
            prices.LOADED = prices.PRICE
        class TestPrice(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.price = prices.LOADED
            def test_price(self):
                self.assertEqual(self.price, 1)
            def test_parts(self):
                for number in range(2):
                    with self.subTest(number=number):
                        self.assertLess(self.price, 3)
        """,
        "--- prices.py: 1 => 2",
        "--- prices.py: 2 => 3",
    ],
    "xdist in the ini file": [
        """
        --- pytest.ini
        [pytest]
        addopts = -n 2
        --- prices.py
        PRICE = 1
        --- test_price.py
        import prices
        def test_price():
            assert prices.PRICE == 1
        def test_other(): pass
        """,
        "--- prices.py: 1 => 2",
        "--- test_price.py: == 1 => == 2",
    ],
    "code executed in a forked child": [
        """
        --- prices.py
        def price():
            return 1
        --- test_price.py
        import os
        def test_price():
            child = os.fork()
            if not child:
                import prices
                os._exit(prices.price())
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
        """,
        "--- prices.py: 1 => 2",
        "--- prices.py: 2 => 1 + 0",
    ],
    "code executed in a multiprocessing pool": [
        """
        --- prices.py
        def price(number):
            return number
        --- test_price.py
        import multiprocessing
        import prices
        def test_prices():
            with multiprocessing.get_context("fork").Pool(2) as pool:
                assert pool.map(prices.price, [1, 2]) == [1, 2]
        """,
        "--- prices.py: return number => return number + 1",
        "--- prices.py: return number + 1 => return number + 0",
    ],
    "code executed in a thread": [
        """
        --- prices.py
        PRICE = 1
        --- test_price.py
        import threading
        def test_price():
            found = []
            def look():
                import prices
                found.append(prices.PRICE)
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
            assert found == [1]
        """,
        "--- prices.py: 1 => 2",
        "--- prices.py: 2 => 1 + 0",
    ],
    "items chosen by a conftest from a file": [
        """
        --- skipped.txt
        test_one
        --- conftest.py
        import pathlib
        import pytest
        def pytest_collection_modifyitems(items):
            names = pathlib.Path(__file__).with_name("skipped.txt").read_text().split()
            for item in items:
                if item.name in names:
                    item.add_marker(pytest.mark.skip)
        --- test_all.py
        def test_one(): pass
        def test_two(): pass
        """,
        "--- skipped.txt: one => two",
        "--- skipped.txt: test_two => test_one test_two",
        "--- skipped.txt: test_one test_two => nothing",
    ],
    "files ignored by a conftest": [
        """
        --- tests/conftest.py
        collect_ignore = ["test_ignored.py"]
        --- tests/test_ignored.py
        def test_ignored(): pass
        --- tests/test_kept.py
        def test_kept(): pass
        """,
        '--- tests/conftest.py: ["test_ignored.py"] => []',
        "--- tests/conftest.py: [] => ['test_kept.py']",
    ],
    "files no longer ignored": [
        """
        --- tests/conftest.py
        collect_ignore = []
        --- tests/test_ignored.py
        def test_ignored(): pass
        --- tests/test_kept.py
        def test_kept(): pass
        --- other/conftest.py
        collect_ignore_glob = ["*"]
        --- other/test_other.py
        def test_other(): pass
        """,
        "--- tests/conftest.py: [] => ['test_ignored.py']",
        "--- tests/conftest.py: ['test_ignored.py'] => []",
        '--- other/conftest.py: ["*"] => []',
    ],
    "a fixture with parameters from another module": [
        """
        --- cases.py
        CASES = [1, 2]
        --- conftest.py
        import pytest
        from cases import CASES
        @pytest.fixture(params=CASES, scope="module")
        def case(request):
            return request.param
        --- test_cases.py
        def test_case(case):
            assert case < 3
        class TestMore:
            def test_again(self, case):
                assert case != 4
        """,
        "--- cases.py: [1, 2] => [1, 3]",
        "--- cases.py: [1, 3] => [4]",
        "--- cases.py: [4] => []",
    ],
    "a test file run as a package's module": [
        """
        --- pkg/__init__.py
        VALUE = 1
        --- pkg/tests/__init__.py
        from pkg import VALUE
        --- pkg/tests/helpers.py
        from . import VALUE as CHECKED
        --- pkg/tests/test_value.py
        from .helpers import CHECKED
        def test_value():
            assert CHECKED == 1
        """,
        "--- pkg/__init__.py: 1 => 2",
        "--- pkg/tests/helpers.py: VALUE as CHECKED => VALUE as CHECKED; CHECKED -= 1",
        "--- pkg/tests/__init__.py: import VALUE => import VALUE as OTHER; VALUE = 9",
    ],
    "assertions in a helper that is rewritten": [
        """
        --- conftest.py
        import pytest
        pytest.register_assert_rewrite("checks")
        --- checks.py
        def check(value):
            assert value == 1
        --- test_value.py
        import pytest
        import checks
        def test_value():
            with pytest.raises(AssertionError, match="assert 2 == 1"):
                checks.check(2)
        """,
        "--- checks.py: value == 1 => value in (1,)",
        "--- test_value.py: 2 == 1 => 2 in",
    ],
    "a decorator that hides the function": [
        """
        --- tools.py
        import functools
        def twice(function):
            @functools.wraps(function)
            def inner(*args):
                return function(*args) * 2
            return inner
        --- app.py
        from tools import twice
        @twice
        def answer():
            return 21
        --- test_app.py
        import app
        def test_answer():
            assert app.answer() == 42
        """,
        "--- tools.py: * 2 => * 3",
        "--- tools.py: * 3 => * 4 // 2",
        "--- app.py: @twice => # @twice",
    ],
}
