"""The receipt of an order, made from a template file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from string import Template

from shop.orders import Order
from shop.pricing import tax_in

_TEMPLATE = Path(__file__).with_name("templates") / "receipt.txt"


def receipt(order: Order) -> str:
    """The receipt as text. The template is read anew for each receipt."""
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    tax = sum((tax_in(line.price, line.product.category) for line in order.lines), Decimal("0.00"))
    return template.substitute(
        number=order.number,
        lines="\n".join(f"{line.quantity:>3} x {line.product.name:<24}{line.price:>9}" for line in order.lines),
        delivery=f"{order.total - order.goods:>9}",
        total=f"{order.total:>9}",
        tax=f"{tax:>9}",
    )
