"""The balance of each period: sums, covered energy, the ratio and its relief step (art. 184k ust. 1)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from central.grid import Bools, Grid, Ints
from central.settings import Settings

TWENTIETHS = 20
"""The steps of the law are twentieths of the charge: multiplier = 1 - step / 20."""


@dataclass(frozen=True, slots=True)
class Balance:
    """One value for each period, Wh; meaningless where the period is incomplete."""

    drawn: Ints
    injected_res: Ints
    injected_other: Ints
    covered: Ints
    numerator: Ints
    """Of the ratio."""
    denominator: Ints
    """Of the ratio: ``drawn``, or own use behind the meters besides."""
    step: Ints
    """0 to 5 twentieths off the variable network and quality charges; 0 where nothing is drawn."""


def balance(
    grid: Grid, drawn: Ints, injected: Ints, in_sums: Bools, stored: Ints, own_use: Ints | None, settings: Settings
) -> Balance:
    """Sum what is drawn and injected over the points in the sums, period by period.

    ``stored`` (T,): by how much storages change what their points' sources make renewable, Wh. ``own_use`` (T, P):
    what is consumed behind the meters, where it counts in the ratio's denominator.
    """
    total = np.where(in_sums, drawn, 0).sum(axis=1)
    counted = np.where(in_sums, injected, 0)
    res = counted[:, grid.res].sum(axis=1) + stored
    covered = np.minimum(res, total)
    denominator = total if own_use is None else total + np.where(in_sums, own_use, 0).sum(axis=1)
    numerator = covered if settings.ratio_numerator == "covered" else res
    return Balance(
        drawn=total,
        injected_res=res,
        injected_other=counted[:, ~grid.res].sum(axis=1) - stored,
        covered=covered,
        numerator=numerator,
        denominator=denominator,
        step=relief_step(numerator, denominator, settings.above_100),
    )


def relief_step(numerator: Ints, denominator: Ints, above_100: str) -> Ints:
    """The step of each ratio, compared as integers: strictly more than 60, 70, 80, 90 %, or 100 % (law: "wyniesie")."""
    step = sum((10 * numerator > tenths * denominator).astype(np.int64) for tenths in (6, 7, 8, 9))
    step = np.where(numerator == denominator, 5, step)
    if above_100 == "cap":
        step = np.where(numerator > denominator, 5, step)
    return np.where(denominator > 0, step, 0)


def ratio_text(numerator: int, denominator: int) -> str | None:
    """``100 · numerator / denominator`` with four decimals, half-up; None where nothing is drawn."""
    if denominator == 0:
        return None
    scaled = (2 * 1_000_000 * numerator + denominator) // (2 * denominator)
    return f"{scaled // 10_000}.{scaled % 10_000:04d}"


def multiplier_text(step: int) -> str:
    """The multiplier of a step: ``1.00`` to ``0.75``."""
    return f"{1 - Decimal(step) / TWENTIETHS:.2f}"
