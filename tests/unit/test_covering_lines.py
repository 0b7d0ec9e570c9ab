"""Where lines of one text stand in another."""

import textwrap

from pytest_reloadwatch.covering.figures import combine, pack, unpack
from pytest_reloadwatch.covering.lines import line_map, outline
from pytest_reloadwatch.proof.covered import LineSet, to_bytes

BEFORE = """
    import os

    LIMIT = 3

    def first(x):
        if x:
            return 1
        return 2

    class Cart:
        @property
        def total(self):
            return sum(
                self.prices,
            )
"""


def texts(before, after):
    return line_map(*(outline(textwrap.dedent(text).lstrip().encode()) for text in (before, after)))


def moved(before, after, *, at_import=False):
    """Old line: new line, for lines that are to be found."""
    found = texts(before, after)
    count = before.count("\n") + 1
    lines = {line: found.line(line, at_import=at_import) for line in range(1, count)}
    return {line: now for line, now in lines.items() if now is not None}


def test_comments_and_blank_lines_move_everything_along():
    after = BEFORE.replace("    import os", "    # why\n    import os").replace(
        "return 1\n", "return 1\n\n        # so\n"
    )
    found = moved(BEFORE, after)
    assert found[1] == 2  # import os
    assert found[6] == 7  # if x
    assert found[8] == 11  # return 2
    assert found[12] == 15  # def total


def test_what_has_changed_is_nowhere_and_the_rest_has_moved():
    after = BEFORE.replace("return 2", "y = 2\n        return y")
    found = moved(BEFORE, after)
    assert not {6, 7, 8} & found.keys()
    assert found[5] == 5  # its head is the module level's
    assert found[13] == 14


def test_a_new_function_leaves_bodies_alone_and_forgets_the_module_level():
    after = BEFORE.replace("    def first", "    def zeroth():\n        pass\n\n    def first")
    found = moved(BEFORE, after)
    assert found[6] == 9
    assert 1 not in found
    assert 5 not in found


def test_neighbouring_functions_that_change_places():
    before = "def a():\n    return 1\n\ndef b():\n    return 2\n"
    after = "def b():\n    return 2\n\n# here\ndef a():\n    return 1\n"
    assert moved(before, after) == {1: 5, 2: 6, 4: 1, 5: 2}


def test_a_line_of_a_head_and_a_body_is_meant_as_what_executes():
    before, after = "def a(): return 1\n\n", "def a():\n    return 1\n"
    assert moved(before, after)[1] == 2
    assert moved(before, after, at_import=True)[1] == 1


def test_arcs_into_and_out_of_code():
    after = BEFORE.replace("    def first", "    # a\n    # b\n    def first").replace(
        "@property", "# c\n        @property"
    )
    found = texts(BEFORE, after)
    assert found.arc(-5, 6, at_import=False) == (-7, 8)
    assert found.arc(13, -11, at_import=False) == (16, -14)
    assert found.arc(-1, 1, at_import=True) == (-1, 1)


def test_an_arc_of_which_one_end_is_gone_is_gone():
    after = BEFORE.replace("return 2", "return 3")
    assert texts(BEFORE, after).arc(-5, 6, at_import=False) is None


def test_what_does_not_parse_has_no_outline():
    assert outline(b"def (") is None


def test_arcs_are_packed_both_ways():
    for arc in ((1, 2), (-1, 7), (12, -3), (-9, -9)):
        assert unpack(pack(*arc)) == arc


class FakeSources:
    """One file, of which there is a text now and maybe a map from the one before."""

    def __init__(self, now, found=None):
        self._now, self._found = now, found

    def digest(self, path):
        return self._now

    def line_map(self, path, text):
        return self._found


def test_sets_of_older_texts_are_moved_and_joined_with_those_of_the_text_now():
    sets = [
        LineSet("a.py", "old", "", to_bytes([1, 6])),
        LineSet("a.py", "new", "", to_bytes([5])),
        LineSet("a.py", "new", "c", to_bytes([5])),
    ]
    found = combine(sets, FakeSources("new", texts(BEFORE, "    # why\n" + BEFORE)), arcs=False, at_import=False)
    assert found == {"": {"a.py": {3, 5, 8}}, "c": {"a.py": {5}}}


def test_sets_of_a_file_that_is_gone_or_whose_text_is_not_known_do_not_count():
    sets = [LineSet("a.py", "old", "", to_bytes([1, 6]))]
    assert combine(sets, FakeSources(""), arcs=False, at_import=False) == {}
    assert combine(sets, FakeSources("new"), arcs=False, at_import=False) == {}
