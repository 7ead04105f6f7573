"""The tier radar: what each hour lacks for the next relief step, and what that step would be worth in zł.

Worth is the relief of the variable network charge and the quality charge (art. 184k ust. 1 pkt 2) at the next step less
that at the present one, each on its base by ``tier_base``; shares are allocated anew with the energy that is added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np
import pyarrow as pa

from central.allocation.proportional import allocate
from central.applied import REDUCED, applied_rates
from central.apportion import apportion
from central.balance import TWENTIETHS
from central.behind import settled_grid
from central.eligibility import excluded, relieved_at_all
from central.grid import Grid, Ints, net
from central.local_days import LocalDays
from central.settings import Settings
from central.settlement import Reckoned, reckon
from central.tier import TENTHS, tiers
from metering.period import EPOCH, Month

_HOUR_S = 3600
_WH_PER_KWH = 1000


@dataclass(frozen=True, slots=True)
class Lack:
    """One period that lacks something for its next step."""

    start: datetime
    hour: int
    """Of the local day."""
    step: int
    next_step: int
    """Twentieths off."""
    missing_wh: int
    """Renewable injection that would reach it."""
    less_drawn_wh: int | None
    """How much less drawn in the hour would reach it too; None where that can't."""
    drawn_wh: int
    worth: Fraction | None
    """zł; None where a rate is missing."""


@dataclass(frozen=True, slots=True)
class MonthLacks:
    """One month."""

    month: Month
    complete: Mapping[int, int]
    """Complete periods in each hour of the local day."""
    lacks: Sequence[Lack]


def month_lacks(month: Month, tables: Mapping[str, pa.Table], settings: Settings) -> MonthLacks:
    """Look at every complete period of a month; ``tables`` are what ``settle`` takes."""
    grid = settled_grid(tables, settings)
    drawn, injected = net(grid, settings.netting)
    done = reckon(grid, tables, drawn, injected, settings)
    found = tiers(done.balanced.injected_res, done.balanced.drawn, settings, done.balanced.denominator)
    reachable = grid.complete & (found.next_step >= 0)
    missing = np.where(reachable, found.missing, 0)
    steps = np.where(reachable, found.next_step, done.balanced.step)
    then = _base_then(grid, tables, done, missing, settings)
    worth = _worth(grid, tables, done.base * done.balanced.step[:, None], then * steps[:, None])
    length_s = int(grid.starts[1] - grid.starts[0]) if len(grid.starts) > 1 else _HOUR_S
    days = LocalDays.of_periods(grid.starts, length_s)
    hours = days.slot * length_s // _HOUR_S
    lacks = [
        Lack(
            start=EPOCH + timedelta(seconds=int(grid.starts[t])),
            hour=int(hours[t]),
            step=int(done.balanced.step[t]),
            next_step=int(steps[t]),
            missing_wh=int(missing[t]),
            less_drawn_wh=_less_drawn(done, int(t), int(steps[t])),
            drawn_wh=int(done.balanced.drawn[t]),
            worth=worth[t],
        )
        for t in np.flatnonzero(reachable).tolist()
    ]
    numbers, counts = np.unique(hours[grid.complete], return_counts=True)
    return MonthLacks(month, dict(zip(numbers.tolist(), counts.tolist(), strict=True)), lacks)


def _base_then(grid: Grid, tables: Mapping[str, pa.Table], done: Reckoned, missing: Ints, settings: Settings) -> Ints:
    """(T, P) the base of the steps, were the missing energy injected."""
    barred = excluded(grid, settings)
    eligible = grid.valid & grid.granted & ~barred & relieved_at_all(grid, tables, settings)
    if settings.tier_base == "all_drawn":
        return done.base
    balanced = done.balanced
    res = balanced.injected_res + missing
    then = replace(balanced, injected_res=res, covered=np.minimum(res, balanced.drawn))
    return apportion(grid, done.consumed, done.in_sums, eligible, then, settings, allocate).relieved


def _worth(grid: Grid, tables: Mapping[str, pa.Table], now: Ints, then: Ints) -> list[Fraction | None]:
    """(T,) zł of relief more; ``now`` and ``then`` (T, P) are twentieths of Wh. None where a rate is missing."""
    applied = applied_rates(grid, tables)
    gained = np.where(grid.complete[:, None], then - now, 0)
    prices = [Fraction(rate.price) for rate in applied.rates]
    total = [Fraction(0)] * len(grid.starts)
    unknown = np.zeros(len(grid.starts), dtype=np.bool_)
    for i in range(len(applied.terms)):
        mine = gained[:, applied.of == i].sum(axis=1)
        touched = (gained[:, applied.of == i] != 0).any(axis=1)
        for component in REDUCED:
            rate = applied.priced[component, i].rate
            unknown |= touched & (rate < 0)
            for t in np.flatnonzero((mine != 0) & (rate >= 0)).tolist():
                total[t] += int(mine[t]) * prices[int(rate[t])]
    divisor = TWENTIETHS * _WH_PER_KWH
    return [None if lacks else zl / divisor for zl, lacks in zip(total, unknown.tolist(), strict=True)]


def _less_drawn(done: Reckoned, t: int, step: int) -> int | None:
    """The least by which the draw would have to fall for the step, all else being as it was."""
    injected, denominator = int(done.balanced.injected_res[t]), int(done.balanced.denominator[t])
    if injected <= 0:
        return None
    # The next step begins strictly above its tenths; the last one at all of it.
    most = injected if step > len(TENTHS) else (10 * injected - 1) // int(TENTHS[step - 1])
    less = denominator - most
    return less if most > 0 and less <= int(done.balanced.drawn[t]) else None
