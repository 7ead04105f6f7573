"""What hangs on a missing value: a weight to rank gaps by, never a value that counts. Tables in, arrays out.

Each missing period of a line is guessed as the mean of what the same line has in like periods of the month: those of
the same time of day on the same kind of day, else of the same time of any day, else of all. With all guesses put in,
the month is settled; the relief of a period that is incomplete now is what it would then be for the whole cluster.
One missing value holds all of that back, so each line that lacks the period carries it whole:

    weight(line, period) = Σ over the cluster's points: relieved × (oze + chp) + base × step × (network + quality)

The line's own charge (guess × all rates of its point, drawn only) is told beside it and decides between equal weights.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from central.balance import TWENTIETHS
from central.charges import EXEMPT, REDUCED, prices
from central.completeness import WAYS, Completeness
from central.grid import Bools, Grid, Ints, net
from central.local_days import LocalDays
from central.settings import Settings
from central.settlement import reckon

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """What hangs on what is missing."""

    guess: Floats
    """(T, L) Wh where a period is missing; NaN where it isn't, or the line has nothing in the month to guess from."""
    relief: Floats
    """(T,) the cluster's relief in zł of a period that is incomplete; NaN where a rate is missing, 0 elsewhere."""
    charge: Floats
    """(T, L) the line's own charges in zł; NaN as ``guess``, and where a rate is missing."""


def weigh(whole: Completeness, tables: Mapping[str, pa.Table], settings: Settings) -> Weights:
    """Guess what is missing and settle the month with it."""
    grid = whole.grid
    guess, missing = np.full(whole.due.shape, np.nan), whole.missing
    filled = {"drawn": grid.drawn.copy(), "injected": grid.injected.copy()}
    for way in WAYS:
        lines = np.flatnonzero(np.array([line.direction == way for line in whole.lines], dtype=np.bool_))
        lines = lines[missing[:, lines].any(axis=0)]
        places = whole.place[lines]
        there = whole.source[:, lines] >= 0
        like = _like(filled[way][:, places], there, whole.days)
        guess[:, lines] = np.where(missing[:, lines], like, np.nan)
        wh = np.where(there | np.isnan(like), filled[way][:, places], np.rint(np.nan_to_num(like)).astype(np.int64))
        filled[way][:, places] = wh
    if not missing.any():
        return Weights(guess, np.zeros(len(grid.starts)), guess)
    whole_grid = dataclasses.replace(
        grid,
        drawn=filled["drawn"],
        injected=filled["injected"],
        known=np.ones_like(grid.known),
        complete=np.ones_like(grid.complete),
    )
    price = prices(grid, tables)
    incomplete = missing.any(axis=1)
    relief = np.where(incomplete, _relief(whole_grid, tables, price, settings), 0.0)
    full = sum(price.values())[:, whole.place]  # type: ignore[index]  # there is always a component
    drawn = np.array([line.direction == "drawn" for line in whole.lines], dtype=np.bool_)
    charge = np.where(drawn, guess * full, np.where(np.isnan(guess), np.nan, 0.0))
    return Weights(guess, relief, charge)


def _relief(grid: Grid, tables: Mapping[str, pa.Table], price: Mapping[str, Floats], settings: Settings) -> Floats:
    """(T,) zł."""
    drawn, injected = net(grid, settings.netting)
    done = reckon(grid, tables, drawn, injected, settings)
    exempt = sum(price[name] for name in EXEMPT)
    reduced = sum(price[name] for name in REDUCED)
    base = done.base * (done.balanced.step / TWENTIETHS)[:, None]
    # Where nothing is relieved no rate is needed.
    parts = [np.where(wh > 0, wh * rate, 0.0) for wh, rate in ((done.shares.relieved, exempt), (base, reduced))]
    found: Floats = np.sum(parts, axis=(0, 2))
    return found


def _like(wh: Ints, there: Bools, days: LocalDays) -> Floats:
    """(T, L) the mean of what is there in like periods; NaN where nothing is."""
    kind = np.array([one.value for one in days.kinds], dtype=np.int64)[days.of]
    slots = int(days.slot.max()) + 1 if len(days.slot) else 1
    found = np.full(wh.shape, np.nan)
    for group in (kind * slots + days.slot, days.slot, np.zeros_like(days.slot)):
        means = _means(wh, there, group)[group]
        found = np.where(np.isnan(found), means, found)
    return found


def _means(wh: Ints, there: Bools, group: Ints) -> Floats:
    """(G, L) the mean of each group."""
    order = np.argsort(group, kind="stable")
    names, first = np.unique(group[order], return_index=True)
    found = np.full((int(group.max(initial=0)) + 1, wh.shape[1]), np.nan)
    if not wh.shape[1] or not len(names):
        return found
    sums = np.add.reduceat(np.where(there, wh, 0)[order], first, axis=0)
    counts = np.add.reduceat(there[order], first, axis=0, dtype=np.int64)
    found[names] = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return found
