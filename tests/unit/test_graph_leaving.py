"""What a source leaves behind for others, and what a failure says is missing."""

import pytest

from pytest_reloadwatch.graph import leaving
from pytest_reloadwatch.graph.inert import only_binds
from pytest_reloadwatch.graph.leaving import keeps_state, missing_module

KEEPS = [
    "SEEN = []\ndef test(): SEEN.append(1)",
    "N = 0\ndef test():\n    global N\n    N += 1",
    "import app\ndef test(): app.state.ready = True",
    "import app\ndef test(): app.NAMES['a'] = 1",
    "CACHE = {}\ndef test():\n    del CACHE['a']",
    "class TestIt:\n    def test(self): type(self).done = True",
    "class TestIt:\n    def test(self): self.__class__.done = True",
    "class TestIt:\n    @classmethod\n    def setup_class(cls): cls.value = 1",
    "class TestIt:\n    def test(self): TestIt.done.add(1)",
    "NUMBERS = iter([1])\ndef test(): assert next(NUMBERS)",
    "import app\nclient = app.Client()\ndef test(): client.get('/')",
    "@pytest.fixture(scope='module')\ndef seen(): return []",
]
KEEPS_NOT = [
    "CASES = [1]\ndef test():\n    assert CASES",
    "import app\ndef test():\n    state = app.make()\n    state.ready = True\n    state.names.append(1)",
    "SEEN = []\ndef test(SEEN): SEEN.append(1)",
    "class TestIt:\n    def test(self): self.value = 1",
    "LIMIT = 3\ndef test(): assert abs(LIMIT)",
    "NUMBERS = iter([1])\ndef test(NUMBERS): assert next(NUMBERS)",
    "@pytest.fixture(scope='function')\ndef seen(): return []",
    "def test(:",
]


@pytest.mark.parametrize("source", KEEPS)
def test_tests_that_write_what_outlives_them(source):
    assert keeps_state(source.encode())


@pytest.mark.parametrize("source", KEEPS_NOT)
def test_tests_that_do_not(source):
    assert not keeps_state(source.encode())


def test_an_import_that_others_may_feel():
    assert not only_binds(b"import registry\nregistry.register('a')")
    assert not only_binds(b"import sys\nsys.path[0] = 'a'")
    assert not only_binds(b"from app import Model\nclass User(Model): pass")
    assert only_binds(b"import pytest, app\nAPP = app.make()\n@pytest.mark.parametrize('n', [1])\ndef test(n): pass")
    assert only_binds(b"def test(:")


@pytest.mark.parametrize(
    ("message", "module"),
    [
        ("AttributeError: module 'click' has no attribute 'testing'", "click.testing"),
        ("ModuleNotFoundError: No module named 'helpers'", "helpers"),
        ("AttributeError: 'int' object has no attribute 'testing'", ""),
        ("AssertionError: assert 1 == 2", ""),
    ],
)
def test_the_module_that_a_failure_misses(message, module):
    assert missing_module(message) == module


def test_each_function_of_a_long_file_is_looked_at_once_however_often_it_is_asked(monkeypatch):
    looked = []
    find = leaving._locals
    monkeypatch.setattr(leaving, "_locals", lambda function: looked.append(function) or find(function))
    source = b"X = []\ndef one():\n" + b"    a = 1\n    assert a\n" * 50 + b"def two(): pass\n"
    assert not any(keeps_state(source) for _ in range(3))
    assert len(looked) == 2
