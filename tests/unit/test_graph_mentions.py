"""Who can see what a module binds to a name: functions whose bodies mention it, or whatever executes at import."""

import textwrap

import pytest

from pytest_reloadwatch.graph.mentions import lines_mentioning


def lines(source):
    return lines_mentioning(textwrap.dedent(source).encode(), "LIMIT")


@pytest.mark.parametrize(
    "use",
    ["return LIMIT", "return settings.LIMIT", "return getattr(settings, 'LIMIT')", "LIMIT = 1", "return lambda: LIMIT"],
)
def test_bodies_are_told_by_their_lines(use):
    assert lines(f"def f():\n    pass\n    {use}") == [3]


@pytest.mark.parametrize(
    "harmless", ["LIMIT = 5", "LIMIT: int = 5", "from settings import LIMIT", "__all__ = ['LIMIT']", "# LIMIT"]
)
def test_to_bind_import_or_export_it_is_nothing(harmless):
    assert lines(harmless) == []


@pytest.mark.parametrize(
    "felt",
    [
        "OTHER = LIMIT + 1",
        "from settings import LIMIT as OTHER",
        "def f(n=LIMIT): pass",
        "@retry(LIMIT)\ndef f(): pass",
        "class C:\n    limit = settings.LIMIT",
        "setattr(settings, 'LIMIT', 3)",
        "if",
    ],
)
def test_whatever_executes_at_import_sees_it(felt):
    assert lines(felt) is None
