"""A small shop, to try pytest-reloadwatch on."""
