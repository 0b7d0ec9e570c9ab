"""Fixtures: set up for one test, used by others; what they take in belongs to all of their users."""

TRAPS = {
    "second user of a session fixture": [
        """
        --- data.txt
        one
        --- conftest.py
        import pytest
        @pytest.fixture(scope="session")
        def data():
            with open("data.txt") as file:
                return file.read().strip()
        --- test_first.py
        def test_first(data):
            assert data
        --- test_second.py
        def test_second(data):
            assert data == "one"
        def test_apart(): pass
        """,
        "--- data.txt: one => two",
    ],
    "fixture asked for by name, set up by another test": [
        """
        --- data.txt
        one
        --- conftest.py
        import pytest
        @pytest.fixture(scope="session")
        def raw():
            with open("data.txt") as file:
                return file.read().strip()
        @pytest.fixture(scope="session")
        def data(request):
            return request.getfixturevalue("r" + "aw").upper()
        --- test_first.py
        def test_first(raw):
            assert raw
        --- test_second.py
        def test_second(data):
            assert data
        def test_again(data):
            assert data == "ONE"
        --- test_third.py
        def test_third(request):
            assert request.getfixturevalue("data") == "ONE"
        """,
        "--- data.txt: one => two",
    ],
    "fixture of the class and of the module": [
        """
        --- rows.txt
        one
        --- lines.txt
        one
        --- test_rows.py
        import pathlib
        import pytest
        @pytest.fixture(scope="module")
        def rows():
            return pathlib.Path("rows.txt").read_text()
        @pytest.fixture(scope="class")
        def lines():
            return pathlib.Path("lines.txt").read_text()
        class TestRows:
            def test_first(self, rows, lines):
                assert rows and lines
            def test_second(self, rows):
                assert rows == "one\\n"
            def test_third(self, lines):
                assert lines == "one\\n"
        """,
        "--- rows.txt: one => two",
        "--- lines.txt: one => two",
    ],
    "fixture with parameters": [
        """
        --- a.txt
        a
        --- b.txt
        b
        --- conftest.py
        import pytest
        @pytest.fixture(scope="session", params=["a", "b"])
        def text(request):
            with open(f"{request.param}.txt") as file:
                return request.param, file.read().strip()
        --- test_text.py
        def test_text(text):
            assert text[0]
        def test_equal(text):
            assert text[0] == text[1]
        """,
        "--- a.txt: a => c",
        "--- b.txt: b => c",
        "--- a.txt: c => a",
    ],
    "fixture for all tests, which none names": [
        """
        --- data.txt
        one
        --- conftest.py
        import pytest
        @pytest.fixture(scope="session", autouse=True)
        def prepared():
            import state
            with open("data.txt") as file:
                state.TEXT = file.read().strip()
        --- state.py
        TEXT = ""
        --- test_first.py
        def test_first(): pass
        --- test_second.py
        import state
        def test_second():
            assert state.TEXT == "one"
        """,
        "--- data.txt: one => two",
        "--- data.txt: two => one",
    ],
    "fixture that uses another of a wider scope": [
        """
        --- data.txt
        one
        --- conftest.py
        import pytest
        @pytest.fixture(scope="session")
        def raw():
            with open("data.txt") as file:
                return file.read().strip()
        @pytest.fixture(scope="module")
        def data(raw):
            return raw * 2
        @pytest.fixture
        def last(data):
            return data[-3:]
        --- test_first.py
        def test_first(raw): pass
        --- test_second.py
        def test_second(last):
            assert last == "one"
        def test_third(last):
            assert last == "one"
        """,
        "--- data.txt: one => two",
    ],
    "teardown that imports": [
        """
        --- cleaning.py
        def clean():
            return True
        --- conftest.py
        import importlib
        import pytest
        @pytest.fixture
        def place():
            yield
            assert importlib.import_module("clean" + "ing").clean()
        --- test_place.py
        def test_place(place): pass
        def test_other(place): pass
        """,
        "--- cleaning.py: True => False",
        "--- cleaning.py: False => 1",
    ],
    "teardown of a session's fixture that reads": [
        """
        --- closing.txt
        fine
        --- conftest.py
        import pytest
        @pytest.fixture(scope="session")
        def place():
            yield 1
            with open("closing.txt") as file:
                assert file.read() == "fine\\n"
        --- test_place.py
        def test_first(place): pass
        def test_last(place): pass
        """,
        "--- closing.txt: fine => broken",
    ],
    "setup of a module and of a class": [
        """
        --- module.txt
        one
        --- class.txt
        one
        --- test_setup.py
        def read(name):
            with open(name) as file:
                return file.read().strip()
        def setup_module(module):
            module.TEXT = read("module.txt")
        class TestSetup:
            @classmethod
            def setup_class(cls):
                cls.text = read("class.txt")
            def test_first(self):
                assert self.text
            def test_class(self):
                assert self.text == "one"
            def test_module(self):
                assert TEXT == "one"
        """,
        "--- module.txt: one => two",
        "--- class.txt: one => two",
    ],
    "setUpClass of unittest": [
        """
        --- data.txt
        one
        --- test_case.py
        import pathlib
        import unittest
        class TestCase(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                cls.text = pathlib.Path("data.txt").read_text()
            def setUp(self):
                self.upper = self.text.upper()
            def test_first(self):
                self.assertTrue(self.text)
            def test_second(self):
                self.assertEqual(self.upper, "ONE\\n")
        """,
        "--- data.txt: one => two",
    ],
    "child process of a session's fixture": [
        """
        --- helper.py
        VALUE = 1
        --- conftest.py
        import subprocess
        import sys
        import pytest
        CODE = "import helper; print(helper.VALUE)"
        @pytest.fixture(scope="session")
        def printed():
            return subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True).stdout
        --- test_first.py
        def test_first(printed):
            assert printed
        --- test_second.py
        def test_second(printed):
            assert printed == "1\\n"
        """,
        "--- helper.py: 1 => 2",
    ],
    "module imported by a session's fixture": [
        """
        --- engines/fast.py
        SPEED = 1
        --- conftest.py
        import importlib
        import pytest
        @pytest.fixture(scope="session", params=["fast"])
        def engine(request):
            return importlib.import_module(f"engines.{request.param}")
        --- test_first.py
        def test_first(engine): pass
        --- test_second.py
        def test_second(engine):
            assert engine.SPEED == 1
        """,
        "--- engines/fast.py: 1 => 2",
    ],
    "fixture of a module whose other users have fixtures of their own": [
        """
        --- engine.py
        def speed(): return 1
        --- conftest.py
        import pytest
        @pytest.fixture(scope="module")
        def engine(request):
            import engine
            return engine
        --- test_first.py
        import pytest
        @pytest.fixture(scope="module", autouse=True)
        def limit():
            return 1
        def test_first(limit, engine):
            assert limit == 1
        --- test_second.py
        def test_second(engine):
            assert engine.speed() == 1
        """,
        "--- test_first.py: return 1 => return 2",
    ],
    "process that an installed package starts while a test imports it": [
        """
        --- libs/site-packages/installed.py
        import subprocess
        subprocess.run(["true"], check=True)
        --- conftest.py
        import os
        import sys
        sys.path.insert(0, os.path.join(os.path.dirname(__file__), "libs", "site-packages"))
        --- shop.py
        PRICE = 1
        --- test_first.py
        def test_first():
            import installed
        --- test_second.py
        import shop
        def test_second():
            assert shop.PRICE == 1
        """,
        "--- shop.py: 1 => 2",
    ],
}

SPARED = {
    "second user of a session fixture": ("test_second.py::test_apart",),
    "fixture of a module whose other users have fixtures of their own": ("test_second.py::test_second",),
    "process that an installed package starts while a test imports it": ("test_first.py::test_first",),
}
