"""Orders: a cart that was paid for, on its way to the customer."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from shop.cart import Cart, Line

_numbers = itertools.count(1001)


class Status(Enum):
    PLACED = "placed"
    SHIPPED = "shipped"
    CANCELLED = "cancelled"


class WrongStatus(Exception):
    """An order in this status does not allow that."""


class EmptyCart(ValueError):
    """There is nothing to order."""


@dataclass
class Order:
    lines: list[Line]
    goods: Decimal
    total: Decimal
    status: Status = Status.PLACED
    number: int = field(default_factory=lambda: next(_numbers))

    def ship(self) -> None:
        self._leave_placed(Status.SHIPPED)

    def cancel(self) -> None:
        self._leave_placed(Status.CANCELLED)

    def _leave_placed(self, status: Status) -> None:
        if self.status is not Status.PLACED:
            raise WrongStatus(f"order {self.number} is {self.status.value}")
        self.status = status


def place(cart: Cart) -> Order:
    """Turn *cart* into an order. Raises EmptyCart."""
    if not cart.lines:
        raise EmptyCart("the cart is empty")
    return Order(list(cart.lines.values()), cart.goods, cart.total)
