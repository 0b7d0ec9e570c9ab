"""What all tests of the shop use."""

import pytest

from shop.catalog import CATALOGUE


@pytest.fixture(scope="session")
def catalogue():
    return CATALOGUE
