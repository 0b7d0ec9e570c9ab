import pytest

from shop import orders
from shop.report import receipt


@pytest.fixture
def text(full_cart):
    return receipt(orders.place(full_cart))


def test_receipt_lists_what_was_bought(text):
    assert "  2 x Pocket Atlas" in text
    assert "  1 x Coffee Beans" in text


def test_receipt_shows_delivery_and_total(text):
    amounts = [line.split()[-1] for line in text.splitlines()]
    assert "4.90" in amounts
    assert "37.70" in amounts


def test_receipt_shows_the_tax(text):
    assert "1.56" in text


def test_receipt_thanks(text):
    assert text.endswith("Thank you!\n")
