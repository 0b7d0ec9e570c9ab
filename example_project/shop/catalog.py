"""The catalogue: every product, in all its gift wrappings, and an index to search them.

Importing this module takes a large part of a second, on purpose: it builds an index far bigger than
twenty products need. It stands for what makes real projects slow to start, an application with its
settings, models and routes, or large packages. There is no sleep in it; the processor really works.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from itertools import product as combinations
from pathlib import Path

PAPERS = ("plain", "striped", "dotted", "checked", "floral", "marbled", "recycled", "glossy", "matt", "tissue")
RIBBONS = ("red", "green", "blue", "white", "gold", "silver", "black", "yellow", "orange", "purple", "brown", "pink")
CARDS = ("no card", "thank you", "birthday", "wedding", "get well", "new home", "good luck", "congratulations")
BOXES = ("no box", "tin", "basket", "hamper")

_DATA = Path(__file__).with_name("data") / "products.csv"


@dataclass(frozen=True)
class Product:
    sku: str
    name: str
    category: str
    price: Decimal
    stock: int


class UnknownProduct(LookupError):
    """No product has this SKU."""


class Catalogue:
    """Products by SKU, and a search over their names and gift wrappings."""

    def __init__(self, products: list[Product]) -> None:
        self._products = {product.sku: product for product in products}
        self._index: dict[str, set[str]] = {}
        for product in products:
            for wrapping in combinations(PAPERS, RIBBONS, CARDS, BOXES):
                self._add(product.sku, f"{product.name} {product.category} {' '.join(wrapping)}".lower())

    def __len__(self) -> int:
        return len(self._products)

    def get(self, sku: str) -> Product:
        """The product with this SKU. Raises UnknownProduct."""
        try:
            return self._products[sku]
        except KeyError:
            raise UnknownProduct(sku) from None

    def search(self, text: str) -> list[Product]:
        """The products that match every word of *text*, each with at least three letters, by SKU."""
        matches = set(self._products)
        for word in text.lower().split():
            for start in range(len(word) - 2):
                matches &= self._index.get(word[start : start + 3], set())
        return [self._products[sku] for sku in sorted(matches)]

    def _add(self, sku: str, text: str) -> None:
        for start in range(len(text) - 2):
            self._index.setdefault(text[start : start + 3], set()).add(sku)


def read_products(path: Path) -> list[Product]:
    """The products in the CSV file *path*."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Product(row["sku"], row["name"], row["category"], Decimal(row["price"]), int(row["stock"]))
            for row in csv.DictReader(file)
        ]


CATALOGUE = Catalogue(read_products(_DATA))
