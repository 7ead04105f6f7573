"""The rate of each period for one point and component, chosen period by period."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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


def joined(groups: Iterable[Priced]) -> list[Priced]:
    """Groups of an owner's rows of one point, in order: those of one zone and rate that follow one another are one."""
    found: list[Priced] = []
    last: dict[str, int] = {}
    for group in groups:
        place = last.get(group.zone)
        if place is not None and found[place].rate is group.rate:
            found[place] = Priced(group.zone, group.rate, found[place].starts + group.starts)
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
