"""Whether it matters that a module imports others than it did."""

import sys
import types

import pytest

from pytest_reloadwatch.worker.effects import effect_of
from pytest_reloadwatch.worker.imports import ImportChanges, imported


@pytest.fixture
def loaded(monkeypatch):
    """Sources by module name, loaded as far as names go."""

    def load(sources):
        for name in sources:
            module = types.ModuleType(name)
            module.__package__ = name.rpartition(".")[0]
            monkeypatch.setitem(sys.modules, name, module)
        return {name: source.encode() for name, source in sources.items()}

    return load


def problem(now, before, effects=()):
    changes = ImportChanges(now, lambda name: "has an effect" if name in effects else "")
    return changes.problem("app", before)


def test_imports_of_the_top_level_in_order():
    source = b"import a.b\ntry:\n    from .c import d\nexcept ImportError:\n    pass\ndef f():\n    import e\n"
    assert list(imported(source, "pkg")) == ["a.b", "pkg.c"]


@pytest.mark.parametrize(
    ("app", "before", "effects", "said"),
    [
        ("import a", b"import a; X = 1", (), ""),
        ("import a", b"import a, b", (), "no longer imports b"),
        ("import a, b", b"import b, a", (), ""),
        ("import a, b", b"import b, a", ("b",), "b has an effect"),
        ("import a, b", b"import a", ("b",), "b has an effect"),
        ("import b, a, json", b"import b, a", (), ""),
    ],
)
def test_what_is_imported_no_more_or_at_another_moment(loaded, app, before, effects, said):
    found = problem(loaded({"app": app, "a": "", "b": ""}), before, effects)
    assert said in found
    assert bool(found) == bool(said)


def test_what_others_import_may_go(loaded):
    assert problem(loaded({"app": "", "other": "import a", "a": ""}), b"import a") == ""


@pytest.mark.parametrize(
    ("source", "has_one"),
    [
        ("import os\nX = 1\ndef f(): pass\n", False),
        ("class A(Exception):\n    pass\n", False),
        ("class A(Plain):\n    def f(self): pass\n", False),
        ("class A(Told):\n    pass\n", True),
        ("register(1)\n", True),
        ("X = register(1)\n", True),
        ("import other\nother.x = 1\n", True),
        ("@register\ndef f(): pass\n", True),
        ("x =", True),
    ],
)
def test_effects(source, has_one):
    class Plain:
        pass

    class Told:
        def __init_subclass__(cls):
            pass

    module = types.ModuleType("subject")
    module.A = type("A", (Told if "Told" in source else Plain,), {})
    assert bool(effect_of(source.encode(), module)) == has_one
