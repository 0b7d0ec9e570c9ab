from decimal import Decimal

import pytest

from shop import orders
from shop.orders import Status


def test_order_keeps_the_price(full_cart):
    order = orders.place(full_cart)
    full_cart.add("GD-SPADE")
    assert order.total == Decimal("37.70")


def test_numbers_go_up(full_cart):
    assert orders.place(full_cart).number < orders.place(full_cart).number


def test_empty_cart_is_no_order(cart):
    with pytest.raises(orders.EmptyCart):
        orders.place(cart)


def test_ship(full_cart):
    order = orders.place(full_cart)
    order.ship()
    assert order.status is Status.SHIPPED


def test_shipped_order_cannot_be_cancelled(full_cart):
    order = orders.place(full_cart)
    order.ship()
    with pytest.raises(orders.WrongStatus, match="is shipped"):
        order.cancel()
