from decimal import Decimal

import pytest

from shop.cart import OutOfStock


def test_new_cart_is_empty(cart):
    assert cart.goods == 0


def test_goods(full_cart):
    assert full_cart.goods == Decimal("32.80")


def test_delivery_is_added(full_cart):
    assert full_cart.total == Decimal("37.70")


def test_same_product_twice_is_one_line(cart):
    cart.add("FD-BEANS", 6)
    cart.add("FD-BEANS", 4)
    assert len(cart.lines) == 1
    assert cart.goods == Decimal("70.20")  # the discount for ten


def test_remove(full_cart):
    full_cart.remove("BK-ATLAS")
    assert full_cart.goods == Decimal("7.80")


def test_coupon(full_cart):
    full_cart.coupon = "SPRING10"
    assert full_cart.goods == Decimal("22.80")


def test_out_of_stock(cart):
    cart.add("BK-STARS", 5)
    with pytest.raises(OutOfStock, match="Star Charts: 5 left"):
        cart.add("BK-STARS")
