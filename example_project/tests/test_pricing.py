from decimal import Decimal

import pytest

from shop import pricing


def test_few_pieces_cost_their_price():
    assert pricing.line_price(Decimal("7.80"), 3) == Decimal("23.40")


@pytest.mark.parametrize(
    ("quantity", "expected"),
    [(9, "90.00"), (10, "90.00"), (11, "99.00")],
)
def test_ten_pieces_get_the_discount(quantity, expected):
    assert pricing.line_price(Decimal("10.00"), quantity) == Decimal(expected)


def test_prices_are_rounded_halves_up():
    assert pricing.rounded(Decimal("0.125")) == Decimal("0.13")


def test_coupon():
    assert pricing.after_coupon(Decimal("20.00"), "welcome5") == Decimal("15.00")


def test_coupon_is_never_paid_out():
    assert pricing.after_coupon(Decimal("3.00"), "WELCOME5") == 0


def test_unknown_coupon():
    with pytest.raises(pricing.InvalidCoupon):
        pricing.after_coupon(Decimal("20.00"), "WINTER99")


def test_delivery_is_free_from_fifty():
    assert pricing.delivery(Decimal("49.99")) == pricing.DELIVERY
    assert pricing.delivery(Decimal("50.00")) == 0


def test_books_are_taxed_less():
    assert pricing.tax_in(Decimal("21.00"), "book") == Decimal("1.00")
    assert pricing.tax_in(Decimal("24.00"), "garden") == Decimal("4.00")
