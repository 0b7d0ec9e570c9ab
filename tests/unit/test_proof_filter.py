"""Filters: which nodeids they let through."""

import pytest

from pytest_reloadwatch.proof.filter import Filter

NODEID = "tests/checkout/test_cart.py::TestTotal::test_tax[de-19]"


@pytest.mark.parametrize(
    ("wanted", "lets_through"),
    [
        (Filter(), True),
        (Filter(file="cart"), True),
        (Filter(file="CHECK cart"), True),
        (Filter(file="check*cart"), True),
        (Filter(file="tax"), False),
        (Filter(name="tax"), True),
        (Filter(name="total de"), True),
        (Filter(name="cart"), False),
        (Filter(name="tax[de*9]"), True),
        (Filter(name="tax[*fr]"), False),
        (Filter(file="cart", name="coupon"), False),
        (Filter(marker="slow or db"), True),
        (Filter(marker="slow and not db"), False),
    ],
)
def test_words_patterns_and_expressions(wanted, lets_through):
    assert wanted.lets_through(NODEID, ["db", "slow"]) is lets_through


def test_what_is_not_known_takes_part():
    assert Filter(marker="slow").lets_through(NODEID, None)
    assert Filter(name="tax").lets_through("tests/test_broken.py", None)
    assert not Filter(marker="slow").lets_through(NODEID, [])


def test_an_expression_that_is_none():
    with pytest.raises(ValueError, match="expected"):
        Filter(marker="slow and").lets_through(NODEID, [])


def test_says_what_it_is():
    assert str(Filter(file="cart", marker="slow")) == "file: cart, marker: slow"
    assert not Filter()
