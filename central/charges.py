"""Charges and relief in zł: per point, month and component, a row for each rate (art. 184k ust. 1 pkt 1 and 2).

Rounding (a convention, the law sets none): full and relief are each rounded half-up to 0.01 zł from their exact sums,
charge = full - relief, and everything above is a sum of rounded rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from central.balance import TWENTIETHS, Balance
from central.grid import Bools, Grid, Ints
from central.tables import CHARGES

EXEMPT = ("chp", "oze")
"""Components that are not charged at all on relieved energy."""
REDUCED = ("network_variable", "quality")
"""Components of which the period's step is taken off."""
COMPONENTS = tuple(sorted((*EXEMPT, *REDUCED)))

_EXACT = Context(prec=80)
_GROSZ = Decimal("0.01")
_WH_PER_KWH = 1000


@dataclass(frozen=True, slots=True)
class _Sums:
    """(K, P) sums over the complete periods of each stretch between changes of any rate."""

    drawn: Ints
    relieved: Ints
    reduced: Ints
    """Twentieths of Wh: each period's step times the base of the steps."""
    valid: Ints
    """Periods in which the point is valid."""
    complete: Ints
    """Those of them that are complete."""


@dataclass(frozen=True, slots=True)
class _Rate:
    component: str
    tariff: str
    price: Decimal
    text: str
    first: float
    last: float
    status: str


def charges(
    cluster: str, month: str, grid: Grid, drawn: Ints, relieved: Ints, base: Ints, balance: Balance, rates: pa.Table
) -> pa.Table:
    """The month's charges of every point that declares drawn.

    ``base`` (T, P) is the energy whose variable network and quality charges are reduced by the period's step.
    """
    known = _rates(rates)
    cuts = _cuts(grid.starts, known)
    sums = _sum_up(grid, drawn, relieved, base, balance, cuts)
    applied = _applied(grid, known, cuts)
    rows = []
    for p in sorted(range(len(grid.points)), key=lambda p: (grid.members[p], grid.points[p])):
        if not grid.declares_drawn[p]:
            continue
        for component in COMPONENTS:
            for rate, stretches in _stretches(applied[component, grid.tariffs[p]], sums.valid[:, p]):
                row = {"cluster": cluster, "month": month, "member": grid.members[p], "point": grid.points[p]}
                rows.append(row | {"zone": "", "component": component} | _money(component, rate, sums, stretches, p))
    return pa.Table.from_pylist(rows, schema=CHARGES)


def prices(grid: Grid, rates: pa.Table) -> dict[str, npt.NDArray[np.float64]]:
    """(T, P) zł per Wh by component, NaN where a rate is missing: for weighing, not for charging."""
    known = _rates(rates)
    cuts = _cuts(grid.starts, known)
    applied = _applied(grid, known, cuts)
    tariffs = sorted(set(grid.tariffs))
    of = np.array([tariffs.index(tariff) for tariff in grid.tariffs], dtype=np.int64)
    stretch = np.searchsorted(cuts, np.arange(len(grid.starts)), side="right") - 1
    found = {}
    for component in COMPONENTS:
        columns = [
            [np.nan if rate is None else float(rate.price) / _WH_PER_KWH for rate in applied[component, tariff]]
            for tariff in tariffs
        ]
        found[component] = np.array(columns, dtype=np.float64).reshape(len(tariffs), -1).T[stretch][:, of]
    return found


def _rates(table: pa.Table) -> list[_Rate]:
    """The rates without a zone: zones are matched by calendars, which don't exist yet."""
    return [
        _Rate(
            component=row["component"],
            tariff=row["tariff"] or "",
            price=Decimal(row["zl_per_kwh"]),
            text=row["zl_per_kwh"],
            first=-np.inf if row["valid_from"] is None else row["valid_from"].timestamp(),
            last=np.inf if row["valid_to"] is None else row["valid_to"].timestamp(),
            status=row["status"],
        )
        for row in table.to_pylist()
        if not row["zone"]
    ]


def _cuts(starts: Ints, rates: list[_Rate]) -> Ints:
    """The periods at which a stretch begins: the first, and each at which any rate begins or ends."""
    if not len(starts):
        return np.zeros(0, dtype=np.int64)
    instants = {instant for rate in rates for instant in (rate.first, rate.last)}
    inside = [instant for instant in instants if starts[0] < instant <= starts[-1]]
    return np.unique(np.array([0, *np.searchsorted(starts, sorted(inside))], dtype=np.int64))


def _sum_up(grid: Grid, drawn: Ints, relieved: Ints, base: Ints, balance: Balance, cuts: Ints) -> _Sums:
    counted: Bools = grid.valid & grid.complete[:, None]

    def summed(values: Any) -> Ints:
        if not len(cuts):
            return np.zeros((0, len(grid.points)), dtype=np.int64)
        found: Ints = np.add.reduceat(values, cuts, axis=0, dtype=np.int64)
        return found

    return _Sums(
        drawn=summed(np.where(counted, drawn, 0)),
        relieved=summed(np.where(counted, relieved, 0)),
        reduced=summed(np.where(counted, base * balance.step[:, None], 0)),
        valid=summed(grid.valid),
        complete=summed(counted),
    )


def _applied(grid: Grid, rates: list[_Rate], cuts: Ints) -> dict[tuple[str, str], list[_Rate | None]]:
    """The rate of each stretch for each component and tariff; a rate of the tariff beats one of all tariffs."""
    found: dict[tuple[str, str], list[_Rate | None]] = {}
    for tariff in set(grid.tariffs):
        for component in COMPONENTS:
            mine = [rate for rate in rates if rate.component == component and rate.tariff in {"", tariff}]
            mine.sort(key=lambda rate: rate.tariff == "")
            instants = grid.starts[cuts]
            found[component, tariff] = [
                next((rate for rate in mine if rate.first <= instant < rate.last), None) for instant in instants
            ]
    return found


def _stretches(applied: list[_Rate | None], valid: Ints) -> Iterator[tuple[_Rate | None, list[int]]]:
    """Neighbouring stretches with one rate, where the point is valid at all."""
    places = [k for k in range(len(applied)) if valid[k]]
    for _, group in groupby(places, key=lambda k: id(applied[k])):
        stretches = list(group)
        yield applied[stretches[0]], stretches


def _money(component: str, rate: _Rate | None, sums: _Sums, stretches: list[int], p: int) -> dict[str, object]:
    row: dict[str, object] = {
        "rate": rate.text if rate else None,
        "rate_status": rate.status if rate else "missing",
    }
    if not sums.complete[stretches, p].any():
        return row
    drawn, relieved = int(sums.drawn[stretches, p].sum()), int(sums.relieved[stretches, p].sum())
    row |= {"drawn_wh": drawn, "relieved_wh": relieved}
    if rate is None:
        return row
    full = _zl(drawn, rate.price, _WH_PER_KWH)
    if component in EXEMPT:
        relief = _zl(relieved, rate.price, _WH_PER_KWH)
    else:
        relief = _zl(int(sums.reduced[stretches, p].sum()), rate.price, _WH_PER_KWH * TWENTIETHS)
    full_zl, relief_zl = _round(full), _round(relief)
    return row | {
        "full_zl": str(full_zl),
        "relief_zl": str(relief_zl),
        "charge_zl": str(full_zl - relief_zl),
        "full_exact_zl": _plain(full),
        "relief_exact_zl": _plain(relief),
    }


def _zl(energy: int, price: Decimal, divisor: int) -> Decimal:
    return _EXACT.divide(_EXACT.multiply(Decimal(energy), price), Decimal(divisor))


def _round(exact: Decimal) -> Decimal:
    return exact.quantize(_GROSZ, ROUND_HALF_UP, _EXACT)


def _plain(exact: Decimal) -> str:
    text = f"{exact:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
