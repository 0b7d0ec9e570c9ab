"""Where our lines end in a terminal."""

from pytest_reloadwatch.terminal.wrapping import NARROWEST, wrap

LONG = "tests/checkout/test_a_file_with_a_long_name.py::test_with_a_long_name"


def test_what_fits_is_left_alone():
    assert wrap("a  b\n  c " + "x" * 56, 60) == "a  b\n  c " + "x" * 56


def test_lines_end_between_words_and_go_on_further_to_the_right():
    lines = wrap("\n  test_a ← shop.report ← shop.pricing: code outside of functions changed", 40).split("\n")
    assert lines == ["", "  test_a ← shop.report ← shop.pricing:", "      code outside of functions changed"]


def test_a_node_id_stays_whole_also_where_it_is_wider_than_the_terminal():
    assert wrap(f"reloadwatch: 1 of 36 tests fails: {LONG} (1 run)", 60).split("\n") == [
        "reloadwatch: 1 of 36 tests fails:", f"    {LONG}", "    (1 run)",
    ]  # fmt: skip


def test_parameters_with_spaces_belong_to_their_node_id():
    nodeid = "test_a.py::test_total[one and two or three]"
    assert f"    {nodeid}" in wrap(f"reloadwatch: failure 1 of 2: {nodeid}", 60).split("\n")


def test_a_line_for_an_ini_file_stays_whole():
    assert wrap("put into the ini file of the project: reload_allow = thread", 54).split("\n") == [
        "put into the ini file of the project:", "    reload_allow = thread",
    ]  # fmt: skip


def test_a_number_stays_with_its_unit():
    text = "x" * 35 + " for 0.18 s)"
    assert wrap(text, 44).split("\n") == ["x" * 35 + " for", "    0.18 s)"]


def test_a_terminal_that_is_hardly_there_is_taken_for_a_narrow_one():
    lines = wrap("word " * 20, 1).split("\n")
    assert len(lines) == 3
    assert max(map(len, lines)) <= NARROWEST
