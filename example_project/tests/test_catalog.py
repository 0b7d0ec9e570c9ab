from decimal import Decimal

import pytest

from shop.catalog import UnknownProduct


def test_all_products_are_there(catalogue):
    assert len(catalogue) == 20


def test_prices_are_exact(catalogue):
    assert catalogue.get("BK-ATLAS").price == Decimal("12.50")


def test_unknown_product(catalogue):
    with pytest.raises(UnknownProduct):
        catalogue.get("XX-NONE")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tea", ["FD-TEABX"]),
        ("garden gloves", ["CL-GLOVE"]),
        ("submarine", []),
    ],
)
def test_search(catalogue, text, expected):
    assert [product.sku for product in catalogue.search(text)] == expected


def test_gift_wrapping_is_found_for_all(catalogue):
    assert len(catalogue.search("striped gold birthday")) == len(catalogue)
