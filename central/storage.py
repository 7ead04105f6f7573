"""What storages take and give: the charge left out of drawn, and the renewable part of a discharge.

Each storage has two stocks, all it took and the renewable of it; docs/cluster.md has the rule. No statute says how to
trace (art. 184k counts energy "wytworzonej z odnawialnych źródeł"; compare art. 2 pkt 11a lit. c of the RES Act).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from central.behind import Metered, by_meter, generation, storage_meters
from central.grid import Bools, Grid, Ints
from central.settings import Settings
from central.tables import STOCKS, STORAGES


@dataclass(frozen=True, slots=True)
class Flow:
    """One storage; (T,) Wh each."""

    point: int
    charge: Ints
    discharge: Ints
    generation: Metered | None
    """Renewable, behind the same point."""
    shown: Bools
    """Whether charge and discharge are known."""
    given: Ints
    """Of what the point injects, the discharge; all it injects where the discharge isn't known."""
    shared: bool
    """Whether the point has a source of its own besides."""


@dataclass(frozen=True, slots=True)
class Traced:
    """One storage's flow with what its stocks say of it; (T,) Wh each."""

    flow: Flow
    part: Ints
    """The renewable part of the discharge; 0 in periods that aren't counted."""
    given_res: Ints
    """What of ``given`` counts as renewable."""
    total: Ints
    res: Ints
    """The stocks after each period."""


@dataclass(frozen=True, slots=True)
class Storages:
    """All storages of the cluster."""

    traced: list[Traced]
    consumed: Ints
    """(T, P) drawn, without charging that is left out."""
    leaves_out: bool
    """Whether the cluster has a storage whose charging is left out."""
    opening: dict[str, tuple[int, int]]

    def charge(self, drawn: Ints, in_sums: Bools) -> Ints:
        """(T,) what was left out of ``drawn`` (T, P)."""
        if not self.leaves_out:
            return np.zeros(len(drawn), dtype=np.int64)
        found: Ints = np.where(in_sums, drawn - self.consumed, 0).sum(axis=1)
        return found

    def stored(self, grid: Grid, in_sums: Bools) -> Ints:
        """(T,) by how much storages change what their points' sources make renewable."""
        total = np.zeros(len(grid.starts), dtype=np.int64)
        for one in self.traced:
            taken = one.flow.given if grid.res[one.flow.point] else 0
            total += np.where(in_sums[:, one.flow.point], one.given_res - taken, 0)
        return total

    def given(self, grid: Grid, in_sums: Bools) -> tuple[Ints, Bools]:
        """(T,) what all storages gave into the grid, and whether it is known of all."""
        total, known = np.zeros(len(grid.starts), dtype=np.int64), np.ones(len(grid.starts), dtype=np.bool_)
        for one in self.traced:
            counted = in_sums[:, one.flow.point]
            total += np.where(counted, one.flow.given, 0)
            known &= one.flow.shown | ~counted
        return total, known


def trace(grid: Grid, tables: Mapping[str, pa.Table], drawn: Ints, injected: Ints, settings: Settings) -> Storages:
    """Follow every storage through the month, beginning with ``tables["stocks"]``.

    ``drawn`` and ``injected`` (T, P) are the settled ones; ``grid`` is ``settled_grid``'s. An incomplete period
    changes no stock.

    Raises:
        ValueError: stocks that are negative, or hold more renewable energy than energy.
    """
    opening = _opening(tables)
    left_out = grid.storage & grid.declares_drawn if settings.storage == "res_charged_only" else np.zeros_like(grid.res)
    traced = []
    # A point with several rows has one stock: each row goes on from what the one before it left.
    stocks = dict(opening)
    for flow in _flows(grid, tables, drawn, injected, settings):
        counted = grid.complete & grid.valid[:, flow.point] & flow.shown
        part, total, res = keep_stocks(flow, counted, *stocks.get(grid.points[flow.point], (0, 0)))
        if len(total):
            stocks[grid.points[flow.point]] = int(total[-1]), int(res[-1])
        given_res = np.where(counted, _renewable(flow, part, settings), 0)
        traced.append(Traced(flow, part, given_res, total, res))
    consumed = np.where(left_out, 0, drawn) if left_out.any() else drawn
    return Storages(traced, consumed, bool(left_out.any()), opening)


def keep_stocks(flow: Flow, counted: Bools, total: int, res: int) -> tuple[Ints, Ints, Ints]:
    """The renewable part of each discharge, and both stocks after each period; they begin with ``total`` and ``res``.

    First the charge enters, renewable as far as there is generation; then the discharge leaves with the stock's
    renewable share, half-up. Neither stock falls below 0. In Python's integers: a product may pass 2^63.
    """
    generated = [0] * len(counted) if flow.generation is None else flow.generation.wh.tolist()
    rows = []
    for charge, discharge, own, counts in zip(
        flow.charge.tolist(), flow.discharge.tolist(), generated, counted.tolist(), strict=True
    ):
        part = 0
        if counts:
            total, res = total + charge, res + min(charge, own)
            part = min(res, share_half_up(discharge, res, total))
            total, res = max(total - discharge, 0), res - part
        rows.append((part, total, res))
    part_wh, total_wh, res_wh = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return part_wh, total_wh, res_wh


def share_half_up(amount: int, part: int, whole: int) -> int:
    """``amount · part / whole`` to the nearest whole Wh, halves up; 0 where ``whole`` is 0."""
    return (2 * amount * part + whole) // (2 * whole) if whole else 0


def _opening(tables: Mapping[str, pa.Table]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for row in tables["stocks"].to_pylist() if "stocks" in tables else ():
        total, res = row["total_wh"], row["res_wh"]
        if not 0 <= res <= total:
            raise ValueError(f"stocks of {row['point']}: {res} Wh renewable of {total} Wh")
        if row["point"] in found:
            raise ValueError(f"two stocks of {row['point']}")
        found[row["point"]] = (total, res)
    return found


def _flows(grid: Grid, tables: Mapping[str, pa.Table], drawn: Ints, injected: Ints, settings: Settings) -> list[Flow]:
    """The storages with points of their own, and those that meters show behind other points."""
    meters = storage_meters(grid, tables)
    if not meters and not grid.storage.any():
        return []
    generates, deciding = generation(grid, tables), by_meter(grid, tables, settings)
    found = []
    for p in range(len(grid.points)):
        if grid.storage[p]:
            charge, discharge = drawn[:, p], injected[:, p]
            if p in deciding:
                charge = np.where(deciding[p].there, deciding[p].charge.wh, charge)
                discharge = np.where(deciding[p].there, deciding[p].discharge.wh, discharge)
            given = np.minimum(injected[:, p], discharge)
            found.append(Flow(p, charge, discharge, generates.get(p), grid.known[:, p], given, shared=False))
        elif p in meters and settings.storage == "res_charged_only":
            one = meters[p]
            given = np.minimum(injected[:, p], one.discharge.wh)
            found.append(
                Flow(
                    point=p,
                    charge=one.charge.wh,
                    discharge=one.discharge.wh,
                    generation=generates.get(p) if p in deciding else None,
                    shown=one.known | ~one.there,
                    given=np.where(one.known | ~one.there, given, injected[:, p]),
                    shared=True,
                )
            )
    return found


def _renewable(flow: Flow, part: Ints, settings: Settings) -> Ints:
    """What of the storage's injection counts as renewable."""
    if settings.storage == "as_metered":
        return flow.given
    if settings.storage_tracing == "none" or (flow.shared and settings.storage_origin != "by_meter"):
        return np.zeros_like(part)
    if settings.storage_tracing == "all":
        return flow.given
    columns = (flow.given.tolist(), part.tolist(), flow.discharge.tolist())
    return np.array([share_half_up(*row) for row in zip(*columns, strict=True)], dtype=np.int64)


def storages_table(cluster: str, grid: Grid, storages: Storages) -> pa.Table:
    """Every storage's periods, as ``STORAGES``."""
    parts = []
    for one in storages.traced:
        flow = one.flow
        valid = grid.valid[:, flow.point]
        count = int(valid.sum())
        complete = grid.complete[valid]
        known = complete & flow.shown[valid]
        status = np.where(known, "complete", np.where(complete, "unshown", "incomplete"))
        generated = (
            pa.nulls(count, pa.int64())
            if flow.generation is None
            else pa.array(flow.generation.wh[valid], mask=~(complete & flow.generation.known[valid]))
        )
        values = {"charge_wh": flow.charge, "discharge_wh": flow.discharge, "traced_wh": one.part}
        given = {"given_wh": flow.given, "given_res_wh": one.given_res}
        columns = {
            "cluster": pa.repeat(pa.scalar(cluster), count),
            "start": pa.array(grid.starts[valid]).cast(STORAGES.field("start").type),
            "point": pa.repeat(pa.scalar(grid.points[flow.point]), count),
            "generation_wh": generated,
            **{name: pa.array(wh[valid], mask=~known) for name, wh in (values | given).items()},
            "total_wh": pa.array(one.total[valid]),
            "res_wh": pa.array(one.res[valid]),
            "status": pa.array(status.tolist(), pa.string()),
        }
        parts.append(pa.table([columns[name] for name in STORAGES.names], schema=STORAGES))
    return pa.concat_tables([STORAGES.empty_table(), *parts])


def stocks_table(cluster: str, grid: Grid, storages: Storages) -> pa.Table:
    """The stocks after the month, as ``STOCKS``; those of points that are gone stay."""
    stocks = dict(storages.opening)
    for one in storages.traced:
        if len(one.total):
            stocks[grid.points[one.flow.point]] = int(one.total[-1]), int(one.res[-1])
    rows = [
        {"cluster": cluster, "point": point, "total_wh": total, "res_wh": res}
        for point, (total, res) in sorted(stocks.items(), key=lambda row: row[0].encode())
    ]
    return pa.Table.from_pylist(rows, schema=STOCKS)
