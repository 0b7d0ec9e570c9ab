"""What a run that is alive has come to."""

import pytest

from pytest_reloadwatch.rewind.messages import TestEnded as Ended
from pytest_reloadwatch.session.rounds import MANY, SHORT, Current
from pytest_reloadwatch.session.run_record import RunRecord


@pytest.mark.parametrize(
    ("ended", "left", "last", "is_amid"),
    [
        (0, 3 * MANY, 0.0, False),
        (MANY - 1, MANY, 0.0, False),
        (MANY, MANY, SHORT / 2, True),
        (MANY, MANY - 1, 0.0, False),
        (MANY, MANY, SHORT, False),
    ],
)
def test_it_is_amid_short_tests_with_many_behind_and_before_it(ended, left, last, is_amid):
    current = Current(RunRecord(1), checkpoint=0, cause=[], planned=ended + left)
    for number in range(ended):
        seconds = last if number == ended - 1 else 9.0
        current.record.add_ended(Ended(1, f"t.py::{number}", "t.py", "passed", seconds, [], opaque=False))
    assert current.is_amid_short_tests() == is_amid


def test_it_is_not_while_nobody_knows_how_many_there_are():
    assert not Current(RunRecord(1), checkpoint=0, cause=[]).is_amid_short_tests()
