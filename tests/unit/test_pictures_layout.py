"""Columns of an import graph: whoever imports stands to the left, and circles share a column."""

from pytest_reloadwatch.pictures.layout import levels, place


def test_levels_count_steps_to_what_imports_nothing():
    assert levels([[1, 2], [2], [], [0]]) == [2, 1, 0, 3]


def test_circles_share_a_level():
    assert levels([[1], [2], [0, 3], [], [1]]) == [1, 1, 1, 0, 2]


def test_a_chain_longer_than_the_stack():
    size = 5000
    assert levels([[n + 1] if n + 1 < size else [] for n in range(size)])[0] == size - 1


def test_importers_stand_to_the_left():
    edges = [[1, 2], [2], []]
    columns = [found.column for found in place(["a", "b", "c"], edges)]
    assert columns == sorted(columns) == [0, 1, 2]


def test_no_two_share_a_place_and_a_wide_level_is_folded():
    paths = [f"p/{n % 5}/m{n}" for n in range(500)]
    found = place(paths, [[] for _ in paths])
    assert len({(one.column, one.row) for one in found}) == 500
    assert len({one.column for one in found}) > 3


def test_nothing_has_no_places():
    assert place([], []) == []
