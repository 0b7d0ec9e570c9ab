import pytest

from shop.restock import to_order


def test_enough_in_stock(catalogue):
    assert to_order(catalogue.get("GD-BULBS"), 5) == 0


def test_runs_out(catalogue):
    spade = catalogue.get("GD-SPADE")
    assert to_order(spade, 10) > 4 * 10 - spade.stock


def test_no_forecast_for_so_many(catalogue):
    with pytest.raises(ValueError, match="no forecast for 500 a week"):
        to_order(catalogue.get("GD-SPADE"), 500)
