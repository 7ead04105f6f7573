"""Which rate applies to which point when: by component, tariff, operator and the zone that a calendar tells.

A rate of the tariff beats one of all tariffs, then one of the operator one of all, then one of the zone one of all
hours. Where a zone isn't told by a calendar, no rate of a zone applies: nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from central.grid import Bools, Grid, Ints
from central.zones.hours import Zoned, Zones, dso_key

EXEMPT = ("chp", "oze")
"""Components that are not charged at all on relieved energy."""
REDUCED = ("network_variable", "quality")
"""Components of which the period's step is taken off."""
COMPONENTS = tuple(sorted((*EXEMPT, *REDUCED)))


@dataclass(frozen=True, slots=True)
class KnownRate:
    """A row of the table ``rates``."""

    component: str
    tariff: str
    zone: str
    dso: str
    """The operator's key; empty: any."""
    price: Decimal
    """zł/kWh."""
    text: str
    first: float
    last: float
    status: str
    source: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What some points have in common: their tariff, and who operates their network when."""

    tariff: str
    operators: tuple[tuple[str, float, float], ...]
    """Keys of operators, each with its first instant and the first after it."""

    def operated(self, starts: Ints) -> list[tuple[str, Bools]]:
        """(T,) when each of the operators operates."""
        return [(name, (starts >= first) & (starts < last)) for name, first, last in self.operators]


@dataclass(frozen=True, slots=True)
class Priced:
    """One component under one kind of terms; (T,) each."""

    rate: Ints
    """Place among the rates, −1 where none applies."""
    zone: npt.NDArray[np.str_]
    """The zone of the rate, or in which one is missing; empty where zones don't matter."""
    zone_status: npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Applied:
    """The rates of a month for all points."""

    rates: list[KnownRate]
    terms: list[Terms]
    of: Ints
    """(P,) each point's place among the terms."""
    priced: dict[tuple[str, int], Priced]
    """By component and place among the terms."""


def applied_rates(grid: Grid, tables: Mapping[str, pa.Table]) -> Applied:
    """Find them; ``tables`` holds ``rates``, and may hold ``zones`` and ``operators``."""
    rates = known_rates(tables["rates"])
    terms, of = _terms(grid, tables.get("operators"))
    zones = Zones(tables.get("zones"), grid.starts)
    priced = {}
    for i, one in enumerate(terms):
        operated = one.operated(grid.starts)
        zoned = zones.of(one.tariff, operated) if len(grid.starts) else None
        for component in COMPONENTS:
            mine = [
                k for k, rate in enumerate(rates) if rate.component == component and rate.tariff in {"", one.tariff}
            ]
            priced[component, i] = _price(grid.starts, rates, mine, operated, zoned)
    return Applied(rates, terms, of, priced)


def known_rates(table: pa.Table) -> list[KnownRate]:
    """The rows of a table of rates."""
    return [
        KnownRate(
            component=row["component"],
            tariff=row["tariff"] or "",
            zone=row["zone"] or "",
            dso=dso_key(row.get("dso") or ""),
            price=Decimal(row["zl_per_kwh"]),
            text=row["zl_per_kwh"],
            first=-np.inf if row["valid_from"] is None else row["valid_from"].timestamp(),
            last=np.inf if row["valid_to"] is None else row["valid_to"].timestamp(),
            status=row["status"],
            source=row["source"] or "",
        )
        for row in table.to_pylist()
    ]


def _terms(grid: Grid, operators: pa.Table | None) -> tuple[list[Terms], Ints]:
    spans: dict[str, list[tuple[str, float, float]]] = {}
    for row in operators.to_pylist() if operators is not None else []:
        first = -np.inf if row["valid_from"] is None else row["valid_from"].timestamp()
        last = np.inf if row["valid_to"] is None else row["valid_to"].timestamp()
        spans.setdefault(row["point"], []).append((dso_key(row["dso"]), first, last))
    places: dict[Terms, int] = {}
    of = [
        places.setdefault(Terms(tariff, tuple(sorted(spans.get(point, ())))), len(places))
        for point, tariff in zip(grid.points, grid.tariffs, strict=True)
    ]
    return list(places), np.array(of, dtype=np.int64)


def _price(
    starts: Ints,
    rates: Sequence[KnownRate],
    mine: Sequence[int],
    operated: list[tuple[str, Bools]],
    zoned: Zoned | None,
) -> Priced:
    count = len(starts)
    found, zone = np.full(count, -1, dtype=np.int64), np.full(count, "", dtype=object)
    zone_status = np.full(count, "", dtype=object)
    if zoned is None:
        return Priced(found, zone.astype(str), zone_status.astype(str))
    if any(rates[k].zone for k in mine):
        # Until a rate of all hours is found, what is missing is a rate of the zone.
        zone, zone_status = zoned.names.astype(object), zoned.statuses.astype(object)
    for k in sorted(mine, key=lambda k: (rates[k].tariff != "", rates[k].dso != "", rates[k].zone != "")):
        rate = rates[k]
        there = (starts >= rate.first) & (starts < rate.last)
        if rate.dso:
            there &= np.any([when for name, when in operated if name == rate.dso] or [np.zeros_like(there)], axis=0)
        if rate.zone:
            there &= zoned.names == rate.zone
        found[there] = k
        zone[there], zone_status[there] = (rate.zone, zoned.statuses[there]) if rate.zone else ("", "")
    return Priced(found, zone.astype(str), zone_status.astype(str))
