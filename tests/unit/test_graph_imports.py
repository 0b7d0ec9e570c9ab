"""Import statements found in source text."""

import pytest

from pytest_reloadwatch.graph.imports import Import, source_imports


def imports(source):
    return list(source_imports(source).imports)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import a.b, c", [Import("a.b", (), 0), Import("c", (), 0)]),
        ("from a import b as c, d", [Import("a", ("b", "d"), 0)]),
        ("from a import *", [Import("a", ("*",), 0)]),
        ("from . import b", [Import("", ("b",), 1)]),
        ("from ..a import b", [Import("a", ("b",), 2)]),
        ("def f():\n    import a", [Import("a", (), 0)]),
        (
            "class C:\n    try:\n        import a\n    except ImportError:\n        import b",
            [Import("a", (), 0), Import("b", (), 0)],
        ),
        ("import_module('.x', __package__)", [Import("x", (), 1)]),
    ],
)
def test_statements_wherever_they_stand(source, expected):
    assert imports(source) == expected


@pytest.mark.parametrize("guard", ["TYPE_CHECKING", "typing.TYPE_CHECKING", "t.TYPE_CHECKING"])
def test_type_checking_is_left_out_but_not_its_else(guard):
    assert imports(f"if {guard}:\n    import a\nelse:\n    import b") == [Import("b", (), 0)]


def test_source_that_does_not_parse_imports_nothing():
    assert imports("def f(:") == []


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 'shop.models'", ["shop.models"]),
        ("'a sentence. with dots'", []),
        ("pytest_plugins = ['one', 'two.three']", ["one", "two.three"]),
        ("pytest_plugins = 'one'", ["one"]),
        ("importlib.import_module('plain')", ["plain"]),
        ("pytest.importorskip('plain')", ["plain"]),
        ("f('plain')", []),
    ],
)
def test_strings_that_may_name_a_module(source, expected):
    assert list(source_imports(source).strings) == expected
