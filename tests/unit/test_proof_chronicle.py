"""What is kept for pictures is bounded, and comes back as it was."""

import pytest

from pytest_reloadwatch.exceptions import StoreUnusableError
from pytest_reloadwatch.proof.chronicle import ROUNDS_KEPT
from pytest_reloadwatch.proof.store import Store


@pytest.fixture
def chronicle():
    store = Store(None)
    yield store.chronicle
    store.close()


def test_rounds_come_back_and_the_oldest_go(chronicle):
    chronicle.save("e", [(float(n), {"number": n}) for n in range(ROUNDS_KEPT + 20)], [])
    assert [found["number"] for found in chronicle.rounds()] == list(range(20, ROUNDS_KEPT + 20))
    assert chronicle.rounds()[0]["at"] == 20.0


def test_modules_are_known_as_they_were_last_and_for_one_environment(chronicle):
    row = ("/p/a.py", "a", "conftest", 0.5, 0.25, ["/p/b.py"])
    chronicle.save("before", [], [row])
    chronicle.save("e", [], [row, ("numpy", "numpy", "a", 0.125, 0.0625, [])])
    chronicle.save("e", [], [(*row[:3], 0.75, 0.5, [])])
    assert chronicle.modules("before") == []
    assert sorted(chronicle.modules("e")) == [
        ("/p/a.py", "a", "conftest", 0.75, 0.5, []), ("numpy", "numpy", "a", 0.125, 0.0625, []),
    ]  # fmt: skip


def test_remarks_are_kept_until_they_do_not_hold(chronicle):
    chronicle.save_remarks("e", [("opaque", "t::x", "git"), ("opaque", "t::y", "sh")])
    chronicle.save_remarks("e", [("opaque", "t::y", "bash")], [("opaque", "t::x")])
    assert chronicle.remarks("e") == [("opaque", "t::y", "bash")]


def test_the_environment_is_that_of_the_last_round(chronicle):
    assert chronicle.environment() == ""
    chronicle.save("a", [(1.0, {})], [])
    chronicle.save("b", [(2.0, {})], [])
    assert chronicle.environment() == "b"


def test_a_store_that_is_gone_is_told(chronicle):
    chronicle._db.close()
    with pytest.raises(StoreUnusableError):
        chronicle.rounds()
    with pytest.raises(StoreUnusableError):
        chronicle.save("e", [(1.0, {})], [])
