"""Each point's share: allocated (sums to covered exactly) and relieved (what gets the relief)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from central.balance import Balance
from central.grid import Bools, Grid, Ints
from central.settings import Settings

Rule = Callable[[Ints, Ints], Ints]


@dataclass(frozen=True, slots=True)
class Apportioned:
    """(T, P) Wh; 0 in incomplete periods, where they are not known."""

    allocated: Ints
    relieved: Ints


def apportion(
    grid: Grid, drawn: Ints, in_sums: Bools, eligible: Bools, balance: Balance, settings: Settings, rule: Rule
) -> Apportioned:
    """Allocate the covered energy by ``rule`` and find what of it gets the relief.

    With ``forfeited = "redistributed"`` the smaller of the covered energy and the eligible points' draw is shared among
    the eligible instead; then a point's relieved may exceed its allocated.
    """
    known = grid.complete[:, None]
    weights = np.where(in_sums & known, drawn, 0)
    allocated = rule(weights, np.where(grid.complete, balance.covered, 0))
    if settings.forfeited == "lost":
        return Apportioned(allocated, np.where(eligible, allocated, 0))
    weights = np.where(eligible, weights, 0)
    return Apportioned(allocated, rule(weights, np.minimum(balance.covered, weights.sum(axis=1))))
