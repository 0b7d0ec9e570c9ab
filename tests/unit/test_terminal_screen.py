"""What is shown of long lists, a page at a time."""

import io

import pytest

from pytest_reloadwatch.session.screen import Summary
from pytest_reloadwatch.terminal.screen import PlainScreen

REASONS = [f"test_{number}.py ← app: changed" for number in range(70)]


@pytest.fixture
def shown():
    """A screen, and what it has shown since the last question, by lines."""
    out = io.StringIO()

    def lines():
        text = out.getvalue()
        out.seek(0)
        out.truncate()
        return text.splitlines()

    return PlainScreen(out), lines


def test_why_goes_on_with_the_next_page_until_all_has_been_shown(shown):
    screen, lines = shown
    pages = []
    for _ in range(3):
        screen.why(REASONS)
        pages.append(lines())
    assert "a ← b" in pages[0].pop(0)
    assert [page[0] for page in pages] == [f"  {REASONS[number]}" for number in (0, 30, 60)]
    assert pages[0][-1].startswith("  and 40 more: w shows the next")
    assert pages[1][-1].startswith("  and 10 more: ")
    assert pages[2][-1] == f"  {REASONS[-1]}"
    screen.why(REASONS)
    assert lines()[1:] == pages[0]


def test_why_begins_anew_where_something_else_has_been_shown(shown):
    screen, lines = shown
    screen.why(REASONS)
    first = lines()
    screen.note("something else")
    lines()
    screen.why(REASONS)
    assert lines() == first


@pytest.mark.parametrize(("known", "text"), [(0, "no tests"), (1, "the only test proven"), (2, "all 2 tests proven")])
def test_the_closing_line_counts_as_people_do(shown, known, text):
    screen, lines = shown
    screen.summary(
        Summary(
            exit_code=0, known=known, failing=(), unproven=0, ran=known, seconds=0.1, reexecuted=1, interrupted=False,
            filter="", held_back=0, places={}, problem="",
        )
    )  # fmt: skip
    assert lines() == [f"reloadwatch: {text} ({known} run, 1 module re-executed, 0.10 s)"]
