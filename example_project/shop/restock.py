"""Restocking: what to order from the suppliers, and how much of it."""

from __future__ import annotations

from shop.catalog import Product


def to_order(product: Product, sold_in_a_week: int) -> int:
    """How many pieces to order so that four weeks' demand is met in 95 of 100 cases."""
    from shop import forecasting  # slow to import, and few need it

    return max(0, forecasting.demand(sold_in_a_week, weeks=4) - product.stock)
