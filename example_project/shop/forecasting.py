"""Forecasts of demand, from a table that is simulated when this module is imported.

It takes a visible moment, on purpose: this is the heavy module that only some code needs, and that
is therefore imported within a function.
"""

from __future__ import annotations

import random

CONFIDENCE = 0.95
WEEKS = 4
HIGHEST = 40
TRIALS = 250


def demand(sold_in_a_week: int, weeks: int) -> int:
    """The demand in some weeks that is not exceeded in 95 of 100 cases."""
    if not 0 <= sold_in_a_week <= HIGHEST:
        raise ValueError(f"no forecast for {sold_in_a_week} a week")
    return round(_TABLE[sold_in_a_week] * weeks / WEEKS)


def _simulate(rate: int, chance: random.Random) -> int:
    """Customers come at random, *rate* of them in a week at an average."""
    totals = sorted(sum(chance.random() < rate / 100 for _ in range(WEEKS * 100)) for _ in range(TRIALS))
    return totals[int(len(totals) * CONFIDENCE)]


_chance = random.Random(2024)
_TABLE = [_simulate(rate, _chance) for rate in range(HIGHEST + 1)]
