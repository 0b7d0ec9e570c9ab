"""What the tests of cart, orders and receipts use."""

import pytest

from shop.cart import Cart


@pytest.fixture
def cart():
    return Cart()


@pytest.fixture
def full_cart(cart):
    cart.add("BK-ATLAS", 2)
    cart.add("FD-BEANS", 1)
    return cart
