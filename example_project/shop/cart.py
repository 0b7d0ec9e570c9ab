"""The cart: what a customer is about to buy."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from shop import pricing
from shop.catalog import CATALOGUE, Product


class OutOfStock(Exception):
    """There are not so many pieces of this product."""


@dataclass
class Line:
    """Some pieces of one product."""

    product: Product
    quantity: int

    @property
    def price(self) -> Decimal:
        return pricing.line_price(self.product.price, self.quantity)


class Cart:
    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}
        self.coupon = ""

    def add(self, sku: str, quantity: int = 1) -> None:
        """Put pieces of a product into the cart. Raises UnknownProduct, and OutOfStock."""
        product = CATALOGUE.get(sku)
        line = self.lines.setdefault(sku, Line(product, 0))
        if line.quantity + quantity > product.stock:
            raise OutOfStock(f"{product.name}: {product.stock} left")
        line.quantity += quantity

    def remove(self, sku: str) -> None:
        del self.lines[sku]

    @property
    def goods(self) -> Decimal:
        """The price of everything in the cart, less the coupon."""
        amount = sum((line.price for line in self.lines.values()), Decimal("0.00"))
        return pricing.after_coupon(amount, self.coupon) if self.coupon else amount

    @property
    def total(self) -> Decimal:
        """What the customer pays."""
        return self.goods + pricing.delivery(self.goods)
