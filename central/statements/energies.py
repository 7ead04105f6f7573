"""A member's energies of a run, by point and zone and by relief step. Pure.

All sums are over the periods in which the cluster is complete, as the settlement's own are; Wh.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec
import numpy as np
import pyarrow as pa

from central.applied import COMPONENTS
from central.grid import NETTABLE, Bools, Ints, among, seconds
from central.statements.told import Told

OF_SHARES = ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh")


class Energy(msgspec.Struct, kw_only=True):
    """Sums; None: not measured there, or no period is complete."""

    drawn_wh: int | None = None
    injected_wh: int | None = None
    allocated_wh: int | None = None
    relieved_wh: int | None = None

    def plus(self, other: Energy) -> Energy:
        """The sum of two; what only one of them has is its own."""
        return Energy(**{name: _plus(getattr(self, name), getattr(other, name)) for name in OF_SHARES})


class ZoneEnergy(Energy, kw_only=True):
    """Of one point and zone."""

    zone: str
    periods: int
    """Complete ones."""


class PointEnergy(Energy, kw_only=True):
    """Of one point while it is the member's."""

    point: str
    tariffs: list[str]
    directions: list[str]
    periods: int
    """In which it is valid."""
    complete: int
    storage_charge_wh: int | None = None
    """A storage's charging, which isn't in ``drawn_wh``; None where there is none."""
    netted: bool = False
    """Whether its two directions are netted inside each period."""
    zones: list[ZoneEnergy] = []


class Step(Energy, kw_only=True):
    """The periods of one relief step; the step is the whole cluster's."""

    multiplier: str
    """An exact decimal; ``none``: nothing was drawn; ``incomplete``: a value is missing in the cluster."""
    periods: int


def point_energies(told: Told, member: str) -> list[PointEnergy]:
    """Each point of the member, in the order of their ids."""
    grid = told.grid
    values = _Values(told, member)
    found: dict[str, PointEnergy] = {}
    for p in [p for p, owner in enumerate(grid.members) if owner == member]:
        valid: Bools = grid.valid[:, p]
        if not valid.any():
            continue
        name = grid.points[p]
        one = found.setdefault(name, PointEnergy(point=name, tariffs=[], directions=[], periods=0, complete=0))
        counted: Bools = valid & grid.complete
        one.periods += int(valid.sum())
        one.complete += int(counted.sum())
        ways = {"drawn": grid.declares_drawn[p], "injected": grid.declares_injected[p]}
        one.directions = list(dict.fromkeys([*one.directions, *(way for way, declared in ways.items() if declared)]))
        one.netted |= bool(all(ways.values())) and _netted(told, p)
        one.tariffs = list(dict.fromkeys([*one.tariffs, *filter(None, [grid.tariffs[p]])]))
        if charge := values.sums(name, counted, ("charge_wh",)).get("charge_wh"):
            one.storage_charge_wh = (one.storage_charge_wh or 0) + charge
        zones = _zones(told, p)
        for zone in dict.fromkeys(zones[valid].tolist()):
            here = counted & (zones == zone)
            one.zones.append(ZoneEnergy(zone=zone, periods=int(here.sum()), **values.sums(name, here, OF_SHARES)))
    for one in found.values():
        one.zones = list(_joined(one.zones))
        whole = together(one.zones)
        one.drawn_wh, one.injected_wh = whole.drawn_wh, whole.injected_wh
        one.allocated_wh, one.relieved_wh = whole.allocated_wh, whole.relieved_wh
    return [found[name] for name in sorted(found)]


def together(parts: Iterable[Energy]) -> Energy:
    """The sum of some."""
    whole = Energy()
    for one in parts:
        whole = whole.plus(one)
    return whole


def steps(told: Told, member: str) -> list[Step]:
    """The month's periods by relief step, with what the member drew and what of it had relief."""
    hours = told.outputs["hours"]
    starts = seconds(hours["start"])
    states = hours["status"].to_pylist()
    names = np.array(
        [
            "incomplete" if state != "complete" else multiplier or "none"
            for state, multiplier in zip(states, hours["multiplier"].to_pylist(), strict=True)
        ],
        dtype=object,
    )
    shares = told.shares(member)
    at = np.searchsorted(starts, seconds(shares["start"]))
    of_rows = names[at]
    found = []
    for name in sorted(set(names.tolist()), key=_order, reverse=True):
        mine = shares.filter(pa.array(of_rows == name))
        sums = {column: _sum(mine[column]) for column in ("drawn_wh", "relieved_wh")} if name != "incomplete" else {}
        found.append(Step(multiplier=name, periods=int((names == name).sum()), **sums))
    return found


def _order(multiplier: str) -> tuple[int, str]:
    """By the step, highest first; then periods without one."""
    return ("incomplete", "none").index(multiplier) - 2 if multiplier in {"incomplete", "none"} else 0, multiplier


def _netted(told: Told, p: int) -> bool:
    if told.settings.netting != "by_kind":
        return told.settings.netting == "vector"
    return bool(among(told.grid.regimes[:, p], NETTABLE).any())


def _zones(told: Told, p: int) -> np.typing.NDArray[np.str_]:
    """(T,) the zone of each period at a column of the grid: of the component that has the most of them."""
    terms = int(told.applied.of[p])
    every = [told.applied.priced[name, terms].zone for name in ("network_variable", *COMPONENTS)]
    return max(every, key=lambda zone: len(np.unique(zone)))


class _Values:
    """A member's shares, laid out by point and period."""

    def __init__(self, told: Told, member: str) -> None:
        shares = told.shares(member)
        self._starts = told.grid.starts
        self._at = np.searchsorted(self._starts, seconds(shares["start"]))
        codes = shares["point"].cast(pa.string()).combine_chunks().dictionary_encode()
        self._places = {name: place for place, name in enumerate(codes.dictionary.to_pylist())}
        self._code = codes.indices.to_numpy()
        self._columns = {name: shares[name] for name in (*OF_SHARES, "charge_wh") if name in shares.schema.names}
        self._order = np.argsort(self._code, kind="stable")
        self._bounds = np.searchsorted(self._code[self._order], np.arange(len(self._places) + 1))

    def sums(self, point: str, chosen: Bools, names: tuple[str, ...]) -> dict[str, int | None]:
        """The sums over the chosen periods, None where there is no value at all."""
        place = self._places.get(point)
        rows: Ints = np.zeros(0, dtype=np.int64)
        if place is not None:
            rows = self._order[self._bounds[place] : self._bounds[place + 1]]
            rows = rows[chosen[self._at[rows]]]
        there = [name for name in names if name in self._columns]
        return {name: _sum(self._columns[name].take(pa.array(rows))) for name in there}


def _joined(zones: list[ZoneEnergy]) -> Iterator[ZoneEnergy]:
    """Zones of one name as one, where a point had several rows in the month."""
    found: dict[str, ZoneEnergy] = {}
    for one in zones:
        if (before := found.get(one.zone)) is None:
            found[one.zone] = one
            continue
        whole = before.plus(one)
        sums = {name: getattr(whole, name) for name in OF_SHARES}
        found[one.zone] = ZoneEnergy(zone=one.zone, periods=before.periods + one.periods, **sums)
    yield from (found[zone] for zone in sorted(found))


def _plus(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other


def _sum(column: pa.ChunkedArray) -> int | None:
    values = column.drop_null()
    return sum(values.to_pylist()) if len(values) else None
