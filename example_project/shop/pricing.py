"""What things cost: the discount for quantity, coupons, delivery and tax."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

BULK_QUANTITY = 10
BULK_DISCOUNT = Decimal("0.10")
COUPONS = {"WELCOME5": Decimal("5.00"), "SPRING10": Decimal("10.00")}
DELIVERY = Decimal("4.90")
FREE_DELIVERY_FROM = Decimal("50.00")
TAX = {"book": Decimal("0.05"), "food": Decimal("0.05")}
STANDARD_TAX = Decimal("0.20")


class InvalidCoupon(ValueError):
    """This coupon is not, or no longer, valid."""


def rounded(amount: Decimal) -> Decimal:
    """*amount* to the cent, halves up."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def line_price(unit_price: Decimal, quantity: int) -> Decimal:
    """The price of several pieces of one product, cheaper in quantity."""
    price = unit_price * quantity
    if quantity >= BULK_QUANTITY:
        price -= price * BULK_DISCOUNT
    return rounded(price)


def after_coupon(amount: Decimal, coupon: str) -> Decimal:
    """*amount* less the value of *coupon*, never below zero. Raises InvalidCoupon."""
    try:
        value = COUPONS[coupon.upper()]
    except KeyError:
        raise InvalidCoupon(coupon) from None
    return max(amount - value, Decimal("0.00"))


def delivery(amount: Decimal) -> Decimal:
    """What it costs to deliver goods for *amount*."""
    return Decimal("0.00") if amount >= FREE_DELIVERY_FROM else DELIVERY


def tax_in(price: Decimal, category: str) -> Decimal:
    """The tax that *price* contains."""
    rate = TAX.get(category, STANDARD_TAX)
    return rounded(price - price / (1 + rate))
