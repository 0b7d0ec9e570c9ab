"""What pytest collects, and what conftests and hooks make of it."""

TRAPS = {
    "a directory of tests becomes a package": [
        """
        --- tests/test_name.py
        def test_name():
            assert __name__ == "test_name"
        --- more/test_other.py
        def test_other():
            pass
        """,
        """
        --- tests/__init__.py
        """,
        "--- tests/__init__.py deleted",
        "--- more/test_other.py renamed more/test_name.py",
        """
        --- more/__init__.py
        """,
        "--- more/__init__.py deleted",
    ],
    "test renamed, added, deleted": [
        """
        --- test_a.py
        def test_one(): pass
        def test_two(): pass
        """,
        "--- test_a.py: test_one => test_1",
        """
        --- test_a.py
        def test_1(): pass
        def test_two(): pass
        def test_three(): assert False
        """,
        """
        --- test_a.py
        def test_two(): pass
        """,
    ],
    "test moved to another file": [
        """
        --- values.py
        VALUE = 1
        --- test_a.py
        from values import VALUE
        def test_one():
            assert VALUE == 1
        def test_two():
            assert VALUE
        --- test_b.py
        def test_b(): pass
        """,
        """
        --- test_a.py
        from values import VALUE
        def test_two():
            assert VALUE
        --- test_b.py
        from values import VALUE
        def test_b(): pass
        def test_one():
            assert VALUE == 1
        """,
        "--- values.py: 1 => 2",
    ],
    "test file mended by an edit of another": [
        """
        --- values.py
        VALUE = 1
        --- test_a.py
        from values import MISSING
        def test_a():
            assert MISSING
        --- test_b.py
        import values
        def test_b():
            assert values.VALUE == 1
        """,
        """
        --- values.py
        VALUE = 1
        MISSING = 1
        """,
        "--- values.py: MISSING => OTHER",
    ],
    "test file mended by a module of a computed name": [
        """
        --- test_a.py
        import importlib
        values = importlib.import_module("va" + "lues")
        def test_a():
            assert values.VALUE == 1
        """,
        """
        --- values.py
        from inner import VALUE
        --- inner.py
        VALUE = 1
        """,
        "--- inner.py: 1 => 2",
    ],
    "pytest_plugins": [
        """
        --- conftest.py
        pytest_plugins = ["helpers"]
        --- helpers.py
        import pytest
        from values import VALUE
        @pytest.fixture
        def value():
            return VALUE
        --- values.py
        VALUE = 1
        --- test_value.py
        def test_value(value):
            assert value == 1
        """,
        "--- values.py: 1 => 2",
        "--- helpers.py: return VALUE => return 1",
    ],
    "conftest appears in a sub-directory": [
        """
        --- conftest.py
        import pytest
        @pytest.fixture
        def value():
            return 1
        --- deep/er/test_deep.py
        def test_deep(value):
            assert value == 1
        --- test_top.py
        def test_top(value):
            assert value == 1
        """,
        """
        --- deep/conftest.py
        import pytest
        @pytest.fixture
        def value():
            return 2
        """,
        "--- deep/conftest.py deleted",
    ],
    "items changed by a conftest": [
        """
        --- conftest.py
        import pytest
        def pytest_collection_modifyitems(items):
            for item in items:
                if "slow" in item.name:
                    item.add_marker(pytest.mark.skip)
        --- test_items.py
        def test_slow(): pass
        def test_fast(): pass
        """,
        '--- conftest.py: "slow" => "fast"',
        "--- conftest.py: pytest.mark.skip => pytest.mark.xfail",
    ],
    "parts of a document that go on from each other": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = venv/site-packages
        --- conftest.py
        pytest_plugins = ["scripts"]
        --- venv/pyvenv.cfg
        --- venv/site-packages/scripts.py
        import pytest
        class Script(pytest.File):
            def collect(self):
                self.names = {}
                for number, line in enumerate(self.path.read_text().splitlines(), 1):
                    yield Part.from_parent(self, name=f"line {number}", line=line)
        class Part(pytest.Item):
            def __init__(self, *, line, **arguments):
                super().__init__(**arguments)
                self.line = line
            def runtest(self):
                exec(self.line, self.parent.names)
        def pytest_collect_file(file_path, parent):
            return Script.from_parent(parent, path=file_path) if file_path.suffix == ".script" else None
        --- values.py
        VALUE = 1
        --- counted.py
        NUMBER = 2
        --- first.script
        from values import VALUE
        import counted; assert VALUE == counted.NUMBER
        --- second.script
        number = 1
        assert number
        """,
        "--- counted.py: 2 => 1",
        "--- counted.py: 1 => 2",
        "--- values.py: 1 => 2",
        "--- first.script: VALUE => LATER",
        "--- second.script: number = 1 => number = 0",
    ],
    "steps of which a conftest has one decide on the next": [
        """
        --- conftest.py
        import pytest
        def pytest_runtest_makereport(item, call):
            if "steps" in item.keywords and call.excinfo is not None:
                item.parent.failed = item.name
        def pytest_runtest_setup(item):
            if "steps" in item.keywords and getattr(item.parent, "failed", ""):
                pytest.xfail(item.parent.failed)
        --- pytest.ini
        [pytest]
        markers = steps
        --- one.txt
        1
        --- three.txt
        1
        --- test_steps.py
        import pathlib, pytest
        @pytest.mark.steps
        class TestSteps:
            def test_1(self):
                assert pathlib.Path("one.txt").read_text().strip() == "1"
            def test_2(self): pass
            def test_3(self):
                assert pathlib.Path("three.txt").read_text().strip() == "1"
        def test_other(): pass
        """,
        "--- one.txt: 1 => 2",
        "--- one.txt: 2 => 1",
        "--- three.txt: 1 => 2",
        "--- one.txt: 1 => 2",
    ],
    "a test file that doctest collects too": [
        """
        --- pytest.ini
        [pytest]
        addopts = --doctest-modules
        --- test_a.py
        def test_a(): pass
        --- test_b.py
        def test_b(): pass
        def test_other(): pass
        --- test_c.py
        def test_c(): pass
        """,
        "--- test_b.py: test_b(): pass => test_b(): assert False",
        "--- test_c.py: pass => assert False",
        "--- test_b.py: assert False => pass",
        "--- test_c.py: assert False => pass",
    ],
    "items changed by a conftest of another directory": [
        """
        --- first/conftest.py
        import pytest
        def pytest_collection_modifyitems(items):
            for item in items:
                if "slow" in item.name:
                    item.add_marker(pytest.mark.skip)
        --- first/test_first.py
        def test_first(): pass
        --- second/test_second.py
        def test_slow(): pass
        def test_fast(): pass
        """,
        '--- first/conftest.py: "slow" => "fast"',
        "--- first/conftest.py: pytest.mark.skip => pytest.mark.xfail",
    ],
    "tests generated by a conftest": [
        """
        --- numbers.txt
        1 2
        --- conftest.py
        import pathlib
        def pytest_generate_tests(metafunc):
            if "number" in metafunc.fixturenames:
                metafunc.parametrize("number", pathlib.Path("numbers.txt").read_text().split())
        --- test_numbers.py
        def test_number(number):
            assert int(number) < 3
        """,
        "--- numbers.txt: 1 2 => 1 3",
        "--- conftest.py: .split() => .split()[:1]",
    ],
    "setup hook of a conftest": [
        """
        --- blocked.txt
        test_b
        --- conftest.py
        import pathlib
        import pytest
        def pytest_runtest_setup(item):
            if item.name in pathlib.Path("blocked.txt").read_text():
                pytest.skip("blocked")
        --- test_a.py
        def test_a(): pass
        def test_b(): pass
        """,
        "--- blocked.txt: test_b => test_a",
        "--- conftest.py: pytest.skip => pytest.fail",
    ],
    "hook that takes part in the report": [
        """
        --- verdicts.txt
        plain
        --- conftest.py
        import pathlib
        import pytest
        @pytest.hookimpl(wrapper=True)
        def pytest_runtest_makereport(item, call):
            report = yield
            if call.when == "call" and pathlib.Path("verdicts.txt").read_text() == "strict\\n":
                report.outcome = "failed"
            return report
        --- test_a.py
        def test_a(): pass
        """,
        "--- verdicts.txt: plain => strict",
    ],
    "doctest and what it imports": [
        """
        --- pytest.ini
        [pytest]
        addopts = --doctest-modules
        --- shop.py
        def price():
            '''
            >>> import importlib
            >>> importlib.import_module("val" + "ues").VALUE
            1
            '''
        --- values.py
        from limits import VALUE
        --- limits.py
        VALUE = 1
        """,
        "--- limits.py: 1 => 2",
        "--- shop.py:     1 =>     2",
    ],
    "a module of two test files that goes, comes back, and then one of them": [
        """
        --- shop.py
        PRICE = 1
        --- test_a.py
        import shop
        def test_a():
            assert shop.PRICE
        --- test_b.py
        import shop
        def test_b():
            assert 1 == 1
        """,
        "--- shop.py deleted",
        """
        --- shop.py
        PRICE = 1
        """,
        "--- test_b.py: 1 == 1 => 1 == 2",
        "--- test_b.py: 1 == 2 => 2 == 2",
    ],
    "examples in a source that are named by their lines": [
        """
        --- pytest.ini
        [pytest]
        pythonpath = venv/site-packages
        addopts = -p examples
        --- venv/site-packages/examples.py
        import pytest
        class Examples(pytest.File):
            def collect(self):
                for number, line in enumerate(self.path.read_text().splitlines(), 1):
                    if ">>>" in line:
                        yield Example.from_parent(self, name=f"line:{number}")
        class Example(pytest.Item):
            def runtest(self): pass
        def pytest_collect_file(file_path, parent):
            if file_path.name == "shop.py":
                return Examples.from_parent(parent, path=file_path)
        --- shop.py
        def price():
            '''
            >>> price()
            1
            '''
            return 1
        --- test_other.py
        def test_other(): pass
        """,
        """
        --- shop.py
        # A comment.
        def price():
            '''
            >>> price()
            1
            '''
            return 1
        """,
    ],
    "new test file, and a directory of them": [
        """
        --- test_a.py
        def test_a(): pass
        """,
        """
        --- deep/er/test_b.py
        def test_b(): assert False
        """,
        "--- deep renamed test_deep",
    ],
}

SPARED: dict[str, tuple[str, ...]] = {}
