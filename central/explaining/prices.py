"""The rate of each period for one point and component, chosen period by period."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

import numpy as np

from central.explaining.case import Case, Row
from central.zones.hours import Zones, dso_key


@dataclass(frozen=True)
class Priced:
    """Periods that share a rate and a zone: they make one row of charges."""

    zone: str
    rate: Row | None
    """The row of RATES; None: none applies."""
    starts: list[int]
    more: tuple[Row, ...] = ()
    """Further rows of RATES of the same price that follow it."""


def priced(case: Case, point: str, tariff: str, component: str, starts: Iterable[int]) -> list[Priced]:
    """The periods ``starts`` of a point by zone, then in order of time: as its rows of charges are."""
    mine = [row for row in case.rates if row["component"] == component and (row["tariff"] or "") in {"", tariff}]
    zones = _zones(case, point, tariff) if any(row["zone"] for row in mine) else {}
    chosen = [(start, *_choose(case, point, mine, zones.get(start, ""), start)) for start in starts]
    found = []
    for zone in sorted({zone for _, zone, _ in chosen}):
        of_zone = [one for one in chosen if one[1] == zone]
        for _, group in groupby(of_zone, key=lambda one: id(one[2])):
            same = list(group)
            found.append(Priced(zone, same[0][2], [start for start, _, _ in same]))
    return found


def joined(groups: Iterable[Priced], rows: int) -> list[Priced]:
    """Groups of an owner's rows of one point, in order: those of one zone and price that follow one another are one.

    ``rows``: of charges there are; in a run of an older klaster each record of a rate has its own.
    """
    groups = list(groups)
    found = _joined(groups, _same_price)
    return found if len(found) == rows else _joined(groups, _same_record)


def _same_price(one: Row | None, other: Row | None) -> bool:
    if one is None or other is None:
        return one is other
    return Decimal(one["zl_per_kwh"]) == Decimal(other["zl_per_kwh"])


def _same_record(one: Row | None, other: Row | None) -> bool:
    return one is other


def _joined(groups: Iterable[Priced], same: Callable[[Row | None, Row | None], bool]) -> list[Priced]:
    found: list[Priced] = []
    last: dict[str, int] = {}
    for group in groups:
        place = last.get(group.zone)
        if place is not None and same(found[place].rate, group.rate):
            one = found[place]
            told = group.rate is None or any(row is group.rate for row in (one.rate, *one.more))
            more = one.more if told or group.rate is None else (*one.more, group.rate)
            found[place] = Priced(group.zone, one.rate, one.starts + group.starts, more)
        else:
            last[group.zone] = len(found)
            found.append(group)
    return found


def _choose(case: Case, point: str, rates: list[Row], zone: str, start: int) -> tuple[str, Row | None]:
    """A rate of the tariff beats one of all, then one of the operator, then one of the zone; the later row, at last."""
    best: tuple[tuple[bool, bool, bool], Row] | None = None
    for row in rates:
        operator = row.get("dso") or ""
        fits = case.valid(row, start) and (row["zone"] or "") in {"", zone}
        if not fits or (operator and dso_key(operator) not in _operators(case, point, start)):
            continue
        rank = bool(row["tariff"]), bool(operator), bool(row["zone"])
        if best is None or rank >= best[0]:
            best = rank, row
    if best is None:
        return (zone if any(row["zone"] for row in rates) else ""), None
    return best[1]["zone"] or "", best[1]


def _operators(case: Case, point: str, start: int) -> set[str]:
    return {dso_key(row["dso"]) for row in case.dated("operators", point, "point") if case.valid(row, start)}


def _zones(case: Case, point: str, tariff: str) -> dict[int, str]:
    """The zone of every period of the month by the calendar of the point's tariff."""
    starts = case.starts
    operated = [
        (dso_key(row["dso"]), np.array([case.valid(row, start) for start in starts.tolist()], dtype=np.bool_))
        for row in case.dated("operators", point, "point")
    ]
    names = Zones(case.tables.inputs.get("zones"), starts).of(tariff, operated).names
    return dict(zip(starts.tolist(), names.tolist(), strict=True))
