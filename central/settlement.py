"""Settle one month: tables in, tables out, nothing else.

The same function runs in the service, on a folder of files, or inside another engine's grouped functions.
Source of the rules: arts. 184k and 184m of the RES Act; where they leave a question open, ``Settings`` answers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from central.allocation.proportional import allocate
from central.apportion import Apportioned, apportion
from central.balance import Balance, balance, multiplier_text, ratio_text
from central.behind import own_use, settled_grid
from central.charges import charges
from central.eligibility import excluded, relieved_at_all
from central.grid import Bools, Grid, Ints, net
from central.industrial import industrial_oze
from central.settings import Settings
from central.storage import Storages, stocks_table, storages_table, trace
from central.tables import GROSS, HOURS, HOURS_WITH_STORAGE, SHARES, SHARES_WITH_STORAGE, labels
from central.totals import totals


@dataclass(frozen=True, slots=True)
class Reckoned:
    """Who gets what of which energy; arrays (T, P)."""

    storages: Storages
    consumed: Ints
    """What counts as drawn, Wh."""
    in_sums: Bools
    balanced: Balance
    shares: Apportioned
    base: Ints
    """The energy whose variable network and quality charges are reduced by the period's step."""


def settle(tables: Mapping[str, pa.Table], settings: Settings) -> dict[str, pa.Table]:
    """Balance, shares and charges of the month whose periods are in ``tables["periods"]``.

    ``tables`` are those of ``central.tables.INPUTS``, where there are storages with ``OPTIONAL``; the result those of
    ``OUTPUTS``. A period that lacks a declared value of any valid point is incomplete: its sums, shares and relief are
    null. Months follow one another where there are storages: the ``stocks`` of one go into the next.

    Raises:
        ValueError: the tables contradict their schemas (two energies for one key, gaps between periods).
    """
    about = tables["cluster"].to_pylist()[0]
    months = tables["periods"]["month"].to_pylist()
    grid = settled_grid(tables, settings)
    drawn, injected = net(grid, settings.netting)
    done = reckon(grid, tables, drawn, injected, settings)
    consumed, storages, balanced, shares = done.consumed, done.storages, done.balanced, done.shares
    month, cluster = months[0] if months else "", about["cluster"]
    charge = storages.charge(drawn, done.in_sums)
    hours = _hours(cluster, month, grid, balanced, charge)
    of_points = _shares(cluster, grid, consumed, injected, shares)
    if storages.leaves_out:
        hours = _hours_with_storage(hours, grid, charge, *storages.given(grid, done.in_sums))
        of_points = _shares_with_storage(of_points, grid, drawn - consumed)
    if settings.ratio_denominator == "gross":
        hours = hours.append_column(GROSS, pa.array(balanced.denominator, mask=~grid.complete))
    oze = industrial_oze(grid, tables, drawn, shares.relieved, settings.industrial_order)
    owed = charges(cluster, month, grid, drawn, shares.relieved, done.base, balanced, tables, oze)
    return {
        "hours": hours,
        "shares": of_points,
        "charges": owed,
        "totals": totals(owed, tables.get("vat"), grid.starts),
        "storages": storages_table(cluster, grid, storages),
        "stocks": stocks_table(cluster, grid, storages),
    }


def reckon(grid: Grid, tables: Mapping[str, pa.Table], drawn: Ints, injected: Ints, settings: Settings) -> Reckoned:
    """Balance and shares of a grid whose energies (``drawn``, ``injected``) are netted already."""
    storages = trace(grid, tables, drawn, injected, settings)
    consumed = storages.consumed
    barred = excluded(grid, settings)
    in_sums = grid.valid & ~barred if settings.excluded_mode == "full" else grid.valid
    eligible = grid.valid & grid.granted & ~barred & relieved_at_all(grid, tables, settings)
    own = own_use(grid, tables, injected)[0] if settings.ratio_denominator == "gross" else None
    balanced = balance(grid, consumed, injected, in_sums, storages.stored(grid, in_sums), own, settings)
    shares = apportion(grid, consumed, in_sums, eligible, balanced, settings, allocate)
    base = np.where(eligible, consumed, 0) if settings.tier_base == "all_drawn" else shares.relieved
    return Reckoned(storages, consumed, in_sums, balanced, shares, base)


def _hours(cluster: str, month: str, grid: Grid, balanced: Balance, charge: Ints) -> pa.Table:
    """``charge`` (T,) is what was left out of drawn; it crosses the cluster's edge all the same."""
    known = grid.complete
    injected = balanced.injected_res + balanced.injected_other
    columns = {
        "drawn_wh": balanced.drawn,
        "injected_res_wh": balanced.injected_res,
        "injected_other_wh": balanced.injected_other,
        "covered_wh": balanced.covered,
        "surplus_wh": balanced.injected_res - balanced.covered,
        "deficit_wh": balanced.drawn - balanced.covered,
        "from_grid_wh": np.maximum(balanced.drawn + charge - injected, 0),
        "to_grid_wh": np.maximum(injected - balanced.drawn - charge, 0),
    }
    count = len(grid.starts)
    made = {name: pa.array(values, mask=~known) for name, values in columns.items()}
    ratios = [
        ratio_text(int(over), int(under)) if complete else None
        for over, under, complete in zip(balanced.numerator, balanced.denominator, known, strict=True)
    ]
    multipliers = [
        multiplier_text(int(step)) if complete and under else None
        for step, under, complete in zip(balanced.step, balanced.denominator, known, strict=True)
    ]
    return pa.table(
        {
            "cluster": pa.repeat(pa.scalar(cluster), count),
            "month": pa.repeat(pa.scalar(month), count),
            "start": pa.array(grid.starts).cast(HOURS.field("start").type),
            **made,
            "ratio_pct": pa.array(ratios, pa.string()),
            "multiplier": pa.array(multipliers, pa.string()),
            "status": pa.array(np.where(known, "complete", "incomplete").tolist(), pa.string()),
        },
        schema=HOURS,
    )


def _shares(cluster: str, grid: Grid, drawn: Ints, injected: Ints, shares: Apportioned) -> pa.Table:
    count, width = grid.valid.shape
    column: npt.NDArray[Any]
    if whole := bool(grid.valid.all()):
        column = np.tile(np.arange(width, dtype=np.int32), count)
        starts, complete = np.repeat(grid.starts, width), np.repeat(grid.complete, width)
    else:
        row, column = np.nonzero(grid.valid)
        starts, complete = grid.starts[row], grid.complete[row]

    def chosen(array: Any) -> Any:
        return array.ravel() if whole else array[grid.valid]

    def values(array: Ints, there: Bools) -> pa.Array:
        return pa.array(chosen(array), mask=None if there.all() else ~there)

    return pa.table(
        {
            "cluster": labels([cluster], np.zeros(len(column), dtype=np.int32)),
            "start": pa.array(starts).view(SHARES.field("start").type),
            "point": labels(grid.points, column),
            "member": labels(grid.members, column),
            "drawn_wh": values(drawn, chosen(grid.known & grid.declares_drawn)),
            "injected_wh": values(injected, chosen(grid.known & grid.declares_injected)),
            "allocated_wh": values(shares.allocated, complete),
            "relieved_wh": values(shares.relieved, complete),
            "status": labels(["incomplete", "complete"], complete.astype(np.int32)),
        },
        schema=SHARES,
    )


def _hours_with_storage(hours: pa.Table, grid: Grid, charge: Ints, given: Ints, shown: Bools) -> pa.Table:
    columns = {
        "storage_charge_wh": pa.array(charge, mask=~grid.complete),
        "storage_discharge_wh": pa.array(given, mask=~(grid.complete & shown)),
    }
    for name, column in columns.items():
        hours = hours.append_column(name, column)
    return hours.cast(HOURS_WITH_STORAGE)


def _shares_with_storage(shares: pa.Table, grid: Grid, charge: Ints) -> pa.Table:
    row, column = np.nonzero(grid.valid)
    leaves_out = (grid.storage & grid.declares_drawn)[column]
    there = grid.known[row, column] & leaves_out
    return shares.append_column("charge_wh", pa.array(charge[row, column], mask=~there)).cast(SHARES_WITH_STORAGE)
