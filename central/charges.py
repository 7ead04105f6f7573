"""Charges and relief in zł: per point, month, zone and component, a row for each rate (art. 184k ust. 1 pkt 1 and 2).

Rounding (a convention, the law sets none): full and relief are each rounded half-up to 0.01 zł from their exact sums,
charge = full - relief, and everything above is a sum of rounded rows. A rate that changes splits the month; another
record of the same price, of a new decision or year, is no change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from central.applied import COMPONENTS, EXEMPT, REDUCED, Applied, KnownRate, applied_rates
from central.balance import TWENTIETHS, Balance
from central.grid import Bools, Grid, Ints
from central.industrial import PARTS
from central.money import fixed, groszy, plain, scaled
from central.tables import CHARGES
from central.totals import STATUSES

__all__ = ["COMPONENTS", "EXEMPT", "REDUCED", "charges", "prices"]

_DOUBT = STATUSES[: STATUSES.index("missing")]
"""Statuses of what there is, the best first."""
_WH_PER_KWH = 1000


@dataclass(frozen=True, slots=True)
class _Sums:
    """(K, P) sums over the complete periods of each stretch in which no rate and no zone changes."""

    drawn: Ints
    relieved: Ints
    reduced: Ints
    """Twentieths of Wh: each period's step times the base of the steps."""
    oze_drawn: Ints
    oze_relieved: Ints
    """Hundredths of Wh: on which the OZE fee is charged, and of them those exempt (``central.industrial``)."""
    valid: Ints
    """Periods in which the point is valid."""
    complete: Ints
    """Those of them that are complete."""

    def at(self, columns: Any) -> _Sums:
        """The sums of some points."""
        return _Sums(*(getattr(self, name)[..., columns] for name in self.__dataclass_fields__))

    def over(self, stretches: list[int]) -> _Sums:
        """(P,) the sums over some stretches."""
        return _Sums(*(getattr(self, name)[stretches].sum(axis=0) for name in self.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of one component and rate, and for the points of one kind of terms; (N,) where not one value."""

    points: Ints
    component: str
    zone: str
    zone_status: str
    first: int
    """The first stretch: rows of one zone are in order of time."""
    rate: KnownRate | None
    known: Bools
    """Whether any of the row's periods is complete."""
    sums: _Sums


def charges(
    cluster: str,
    month: str,
    grid: Grid,
    drawn: Ints,
    relieved: Ints,
    base: Ints,
    balance: Balance,
    tables: Mapping[str, pa.Table],
    oze: tuple[Ints, Ints] | None = None,
) -> pa.Table:
    """The month's charges of every point that declares drawn, by the tables rates, zones and operators.

    ``base`` (T, P) is the energy whose variable network and quality charges are reduced by the period's step. ``oze``
    is what ``central.industrial`` says of the OZE fee.
    """
    applied = applied_rates(grid, tables)
    cuts = _cuts(grid.starts, applied)
    sums = _sum_up(grid, drawn, relieved, base, balance, cuts, oze)
    found = _joined(list(_rows(grid, applied, cuts, sums)), grid)
    if not found:
        return CHARGES.empty_table()
    return _in_order(found, grid, pa.concat_tables([_table(cluster, month, grid, rows) for rows in found]))


def prices(grid: Grid, tables: Mapping[str, pa.Table]) -> dict[str, npt.NDArray[np.float64]]:
    """(T, P) zł per Wh by component, NaN where a rate is missing: for weighing, not for charging."""
    applied = applied_rates(grid, tables)
    price = np.array([*(float(rate.price) / _WH_PER_KWH for rate in applied.rates), np.nan])
    found = {}
    for component in COMPONENTS:
        columns = [price[applied.priced[component, i].rate] for i in range(len(applied.terms))]
        found[component] = np.array(columns, dtype=np.float64).reshape(len(columns), len(grid.starts)).T[:, applied.of]
    return found


def _cuts(starts: Ints, applied: Applied) -> Ints:
    """The periods at which a stretch begins: the first, and each at which any rate or zone is another."""
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    changes = np.zeros(len(starts), dtype=np.bool_)
    changes[0] = True
    for one in applied.priced.values():
        changes[1:] |= (one.rate[1:] != one.rate[:-1]) | (one.zone[1:] != one.zone[:-1])
    return np.flatnonzero(changes)


def _sum_up(
    grid: Grid,
    drawn: Ints,
    relieved: Ints,
    base: Ints,
    balance: Balance,
    cuts: Ints,
    oze: tuple[Ints, Ints] | None,
) -> _Sums:
    counted: Bools = grid.valid & grid.complete[:, None]

    everything = bool(counted.all())

    def summed(values: Any) -> Ints:
        if not len(cuts):
            return np.zeros((0, len(grid.points)), dtype=np.int64)
        found: Ints = np.add.reduceat(values, cuts, axis=0, dtype=np.int64)
        return found

    def of_counted(values: Ints) -> Ints:
        return summed(values if everything else np.where(counted, values, 0))

    valid, all_drawn, all_relieved = summed(grid.valid), of_counted(drawn), of_counted(relieved)
    oze_drawn, oze_relieved = all_drawn * PARTS, all_relieved * PARTS
    if oze is not None:
        oze_drawn, oze_relieved = (of_counted(one) for one in oze)
    return _Sums(
        drawn=all_drawn,
        relieved=all_relieved,
        oze_drawn=oze_drawn,
        oze_relieved=oze_relieved,
        reduced=of_counted(base * balance.step[:, None]),
        valid=valid,
        complete=valid if everything else summed(counted),
    )


def _rows(grid: Grid, applied: Applied, cuts: Ints, sums: _Sums) -> Iterator[_Rows]:
    for i in range(len(applied.terms)):
        columns = np.flatnonzero((applied.of == i) & grid.declares_drawn)
        of_terms = sums.at(columns)
        for component in COMPONENTS if len(columns) else ():
            priced = applied.priced[component, i]
            for zone in sorted(set(priced.zone[cuts].tolist())):
                mine = np.flatnonzero(priced.zone[cuts] == zone).tolist()
                rates = [None if (at := int(priced.rate[cuts[k]])) < 0 else applied.rates[at] for k in mine]
                for _, group in groupby(zip(mine, rates, strict=True), key=lambda one: _price(one[1])):
                    stretches, of_group = map(list, zip(*group, strict=True))
                    of = of_terms.over(stretches)
                    there = of.valid > 0
                    statuses = {*priced.zone_status[cuts[stretches]].tolist()}
                    yield _Rows(
                        points=columns[there],
                        component=component,
                        zone=zone,
                        zone_status=max(statuses, key=_doubt),
                        first=stretches[0],
                        rate=_as_one(of_group),
                        known=of.complete[there] > 0,
                        sums=of.at(there),
                    )


def _joined(found: list[_Rows], grid: Grid) -> list[_Rows]:
    """One row where an owner's point has several rows of points in the month and its rate stays the same.

    Money is rounded once for a point, month, zone, component and rate, however many rows describe the point.
    """
    holders = list(zip(grid.points, grid.members, strict=True))
    many = {holder for holder, count in Counter(holders).items() if count > 1}
    if not many:
        return found
    apart = np.array([holder in many for holder in holders], dtype=np.bool_)
    left = [_of_points(rows, ~apart[rows.points]) for rows in found]
    of_zone: dict[tuple[object, ...], list[_Rows]] = {}
    pieces = (_of_points(rows, rows.points == p) for rows in found for p in rows.points[apart[rows.points]].tolist())
    for piece in sorted(pieces, key=lambda rows: (int(rows.points[0]), rows.first)):
        mine = of_zone.setdefault((holders[int(piece.points[0])], piece.component, piece.zone), [])
        if mine and _price(mine[-1].rate) == _price(piece.rate):
            mine[-1] = _together(mine[-1], piece)
        else:
            mine.append(piece)
    return [rows for rows in left if len(rows.points)] + [rows for mine in of_zone.values() for rows in mine]


def _of_points(rows: _Rows, chosen: Bools) -> _Rows:
    return replace(rows, points=rows.points[chosen], known=rows.known[chosen], sums=rows.sums.at(chosen))


def _together(one: _Rows, other: _Rows) -> _Rows:
    names = _Sums.__dataclass_fields__
    return replace(
        one,
        rate=_as_one([one.rate, other.rate]),
        zone_status=max(one.zone_status, other.zone_status, key=_doubt),
        known=one.known | other.known,
        sums=_Sums(*(getattr(one.sums, name) + getattr(other.sums, name) for name in names)),
    )


def _price(rate: KnownRate | None) -> Decimal | None:
    return None if rate is None else rate.price


def _as_one(rates: Sequence[KnownRate | None]) -> KnownRate | None:
    """Records of one price as one rate: the first, with the worst of their statuses."""
    known = [rate for rate in rates if rate is not None]
    return replace(known[0], status=max((rate.status for rate in known), key=_doubt)) if known else None


def _doubt(status: str) -> int:
    return _DOUBT.index(status) if status in _DOUBT else -1


def _table(cluster: str, month: str, grid: Grid, rows: _Rows) -> pa.Table:
    count, rate, sums, unknown = len(rows.points), rows.rate, rows.sums, ~rows.known

    def same(value: str | None) -> pa.Array:
        return pa.repeat(pa.scalar(value, pa.string()), count)

    columns = {
        "cluster": same(cluster),
        "month": same(month),
        "member": pa.array([grid.members[p] for p in rows.points.tolist()], pa.string()),
        "point": pa.array([grid.points[p] for p in rows.points.tolist()], pa.string()),
        "zone": same(rows.zone),
        "component": same(rows.component),
        "drawn_wh": pa.array(sums.drawn, mask=unknown),
        "relieved_wh": pa.array(sums.relieved, mask=unknown),
        "rate": same(rate.text if rate else None),
        "rate_status": same(rate.status if rate else "missing"),
        "zone_status": same(rows.zone_status or None),
    }
    if rate:
        full, digits = scaled(sums.drawn, rate.price, 1)
        of_relief, parts = (sums.relieved, 1) if rows.component in EXEMPT else (sums.reduced, TWENTIETHS)
        if rows.component == "oze":
            (full, digits), of_relief, parts = scaled(sums.oze_drawn, rate.price, PARTS), sums.oze_relieved, PARTS
        relief, relief_digits = scaled(of_relief, rate.price, parts)
        full_gr, relief_gr = groszy(full, digits), groszy(relief, relief_digits)
        columns |= {
            "full_zl": fixed(full_gr, 2),
            "relief_zl": fixed(relief_gr, 2),
            "charge_zl": fixed(full_gr - relief_gr, 2),
            "full_exact_zl": plain(full, digits),
            "relief_exact_zl": plain(relief, relief_digits),
        }
    for name in CHARGES.names:
        column = columns.get(name, same(None))
        if rate and name.endswith("_zl"):
            column = pc.if_else(pa.array(rows.known), column, pa.scalar(None, pa.string()))
        columns[name] = column
    return pa.table({name: columns[name] for name in CHARGES.names}, schema=CHARGES)


def _in_order(found: list[_Rows], grid: Grid, table: pa.Table) -> pa.Table:
    """By member, point, component, zone and time."""
    by_name = sorted(range(len(grid.points)), key=lambda p: (grid.members[p], grid.points[p]))
    rank = np.zeros(len(by_name), dtype=np.int64)
    rank[by_name] = np.arange(len(by_name))
    zones = sorted({rows.zone for rows in found})
    keys = [(rows.first, zones.index(rows.zone), COMPONENTS.index(rows.component)) for rows in found]
    counts = [len(rows.points) for rows in found]
    columns = [np.repeat(np.array(key, dtype=np.int64), counts) for key in zip(*keys, strict=True)]
    order = np.lexsort((*columns, rank[np.concatenate([rows.points for rows in found])]))
    return table.take(pa.array(order)).combine_chunks()
