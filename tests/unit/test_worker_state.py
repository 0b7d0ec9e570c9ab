"""States of modules, compared: what tests can leave behind is found, what they only look at is not."""

import sqlite3
import sys
import types

import pytest

from pytest_reloadwatch.worker.state import State

SOURCE = """
import functools, itertools, threading
from dataclasses import dataclass, field

NAMES = ["a"]
TABLE = {"a": {"b": [1]}}
SEEN = {1}
COUNT = 0
LOCK = threading.Lock()
NUMBERS = itertools.count()

@dataclass
class Item:
    tags: list = field(default_factory=list)

ITEM = Item()

class Base:
    known = []

@functools.lru_cache
def cached(x):
    return x

def counted(kept=[]):
    kept.append(1)

def make():
    inner = []
    def add():
        inner.append(1)
    return add

add = make()
"""


@pytest.fixture
def module():
    made = types.ModuleType("subject")
    sys.modules["subject"] = made
    exec(SOURCE, vars(made))
    yield made
    del sys.modules["subject"]


def difference(module, change):
    before = State({"subject": module}, frozenset())
    assert before.blind == ""
    change(module)
    return before.difference(State({"subject": module}, frozenset()))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("NAMES", lambda m: m.NAMES.append("b")),
        ("NAMES", lambda m: m.NAMES.__setitem__(0, "b")),
        ("TABLE", lambda m: m.TABLE["a"]["b"].append(2)),
        ("SEEN", lambda m: m.SEEN.add(2)),
        ("COUNT", lambda m: setattr(m, "COUNT", 1)),
        ("COUNT", lambda m: delattr(m, "COUNT")),
        ("NEW", lambda m: setattr(m, "NEW", 1)),
        ("LOCK", lambda m: m.LOCK.acquire()),
        ("NUMBERS", lambda m: next(m.NUMBERS)),
        ("ITEM", lambda m: m.ITEM.tags.append("x")),
        ("ITEM", lambda m: setattr(m.ITEM, "other", 1)),
        ("Base", lambda m: m.Base.known.append(1)),
        ("Base", lambda m: setattr(m.Base, "patched", 1)),
        ("counted", lambda m: m.counted()),
        ("counted", lambda m: setattr(m.counted, "calls", 1)),
        ("add", lambda m: m.add()),
    ],
)
def test_a_change_is_found(module, name, change):
    assert difference(module, change) == f"subject.{name}"


@pytest.mark.parametrize(
    "change",
    [
        lambda m: None,
        lambda m: m.Item(["x"]),
        lambda m: m.NAMES == ["a"],
        lambda m: setattr(m, "submodule", types.ModuleType("subject.submodule")),
        lambda m: (m.NAMES.append("b"), m.NAMES.pop()),
        lambda m: isinstance(m.ITEM, m.Base),
        lambda m: vars(m.ITEM),
    ],
)
def test_what_is_none_is_not(module, change):
    assert difference(module, change) == ""


def test_a_cache_that_was_empty_is_emptied(module):
    before = State({"subject": module}, frozenset())
    module.cached(1)
    assert before.difference(State({"subject": module}, frozenset())) == "subject.cached"
    before.empty_caches()
    assert before.difference(State({"subject": module}, frozenset())) == ""
    assert module.cached.cache_info().currsize == 0


def test_a_patch_of_the_standard_library_is_found(module, monkeypatch):
    assert difference(module, lambda _: monkeypatch.setattr("string.digits", "01")) == "string.digits"


@pytest.mark.parametrize("value", [iter([1]), sqlite3.connect(":memory:"), sys.__stdout__, (n for n in ())])
def test_what_cannot_be_seen_is_said(module, value):
    module.VALUE = [value]
    assert "subject.VALUE leads to a " in State({"subject": module}, frozenset()).blind


def test_modules_that_are_not_counted_are_left_out(module):
    before = State({"subject": module}, frozenset())
    module.COUNT = 1
    after = State({"subject": module}, frozenset())
    assert before.difference(after, lambda name: name != "subject") == ""
