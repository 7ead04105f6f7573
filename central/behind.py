"""Meters behind a point, by period: what a storage took and gave, what was generated; and whose values are needed.

Of the roles generation and storage. Files of readings name points and not meters: from files these are never known.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.grid import Bools, Grid, Ints, make_grid, seconds
from central.settings import Settings
from metering.point import Direction, Role


@dataclass(frozen=True, slots=True)
class Metered:
    """What a point's meters of one role counted in one direction; (T,) each."""

    there: Bools
    """Whether any such meter is declared."""
    known: Bools
    """Whether one is, and each of them has a value."""
    wh: Ints
    """Their sum; 0 where not known."""


@dataclass(frozen=True, slots=True)
class StorageMeters:
    """What a point's storage meters counted, from the alternating current's side."""

    charge: Metered
    discharge: Metered

    @property
    def there(self) -> Bools:
        """Whether any is declared."""
        return self.charge.there

    @property
    def known(self) -> Bools:
        """Whether both registers of all of them have a value."""
        return self.charge.known & self.discharge.known


def storage_meters(grid: Grid, tables: Mapping[str, pa.Table]) -> dict[int, StorageMeters]:
    """By the point's place in the grid; of points that inject."""
    charge = metered(grid, tables, Role.STORAGE, Direction.DRAWN, grid.declares_injected)
    discharge = metered(grid, tables, Role.STORAGE, Direction.INJECTED, grid.declares_injected)
    return {p: StorageMeters(charge[p], discharge[p]) for p in charge}


def generation(grid: Grid, tables: Mapping[str, pa.Table]) -> dict[int, Metered]:
    """The yield of generation meters by the point's place: only where it is renewable.

    A storage's point says nothing of what is generated behind it: it is taken as renewable (docs/cluster.md).
    """
    return metered(grid, tables, Role.GENERATION, Direction.INJECTED, grid.res | grid.storage)


def by_meter(grid: Grid, tables: Mapping[str, pa.Table], settings: Settings) -> dict[int, StorageMeters]:
    """The storage meters that decide what of a discharge is renewable: at points that generate too."""
    if settings.storage == "as_metered" or settings.storage_origin != "by_meter":
        return {}
    generates = generation(grid, tables)
    return {p: meters for p, meters in storage_meters(grid, tables).items() if not grid.storage[p] or p in generates}


def settled_grid(tables: Mapping[str, pa.Table], settings: Settings) -> Grid:
    """The month's grid, in which a point also isn't known where a meter behind it that decides has no value.

    Raises:
        ValueError: see ``make_grid``; two values for one meter, direction and period.
    """
    grid = make_grid(tables)
    deciding, gross = by_meter(grid, tables, settings), settings.ratio_denominator == "gross"
    if not deciding and not gross:
        return grid
    known = grid.known.copy()
    for p, meters in deciding.items():
        known[:, p] &= ~meters.there | meters.known
    if gross:
        known &= own_use(grid, tables, grid.injected)[1]
    complete = np.logical_not(np.any(grid.valid & ~known, axis=1))
    return dataclasses.replace(grid, known=known, complete=complete)


def own_use(grid: Grid, tables: Mapping[str, pa.Table], injected: Ints) -> tuple[Ints, Bools]:
    """(T, P) what was used behind each point of what was generated there, Wh, and where that is known.

    generation + discharge - charge - ``injected`` (T, P), never below 0. None at a storage's own point, at one that
    only draws and has no such meter, and at one that only injects and has none: nothing there is a consumer.
    """
    chosen = ~grid.storage
    made = metered(grid, tables, Role.GENERATION, Direction.INJECTED, chosen)
    charge = metered(grid, tables, Role.STORAGE, Direction.DRAWN, chosen)
    discharge = metered(grid, tables, Role.STORAGE, Direction.INJECTED, chosen)
    wh, known = np.zeros_like(injected), np.ones(injected.shape, dtype=np.bool_)
    never = np.zeros(len(grid.starts), dtype=np.bool_)
    nothing = Metered(never, never, np.zeros_like(grid.starts))
    both = grid.declares_drawn & grid.declares_injected & chosen
    for p in sorted({*np.flatnonzero(both).tolist(), *made, *charge}):
        own, taken, given = made.get(p, nothing), charge.get(p, nothing), discharge.get(p, nothing)
        stored = taken.known & given.known
        known[:, p] = (own.known | ~(own.there | both[p])) & (stored | ~taken.there)
        counted = known[:, p] & (own.there | taken.there)
        used = own.wh + np.where(stored, given.wh - taken.wh, 0) - injected[:, p]
        wh[:, p] = np.where(counted, np.maximum(used, 0), 0)
    return wh, known


def metered(
    grid: Grid, tables: Mapping[str, pa.Table], role: Role, direction: Direction, chosen: Bools
) -> dict[int, Metered]:
    """What meters of one role counted, by the place of those of the ``chosen`` (P,) points that have such a meter.

    A value counts where a record of its meter is valid: what a meter says before it hangs there, or after, is nothing.
    """
    columns: dict[str, list[int]] = {}
    for p, name in enumerate(grid.points):
        if chosen[p]:
            columns.setdefault(name, []).append(p)
    places = {name: mine[0] for name, mine in columns.items()}
    needed: dict[int, Ints] = {}
    hangs: dict[tuple[str, str], Bools] = {}
    for row in tables["meters"].to_pylist() if "meters" in tables else ():
        if row["role"] == role and row["point"] in places:
            first = -np.inf if row["valid_from"] is None else row["valid_from"].timestamp()
            last = np.inf if row["valid_to"] is None else row["valid_to"].timestamp()
            count = needed.setdefault(places[row["point"]], np.zeros(len(grid.starts), dtype=np.int64))
            valid = (grid.starts >= first) & (grid.starts < last)
            count += valid
            key = row["point"], row["serial"]
            hangs[key] = hangs[key] | valid if key in hangs else valid
    if not needed:
        return {}
    found = {p: np.zeros(len(grid.starts), dtype=np.int64) for p in needed}
    values = {p: np.zeros(len(grid.starts), dtype=np.int64) for p in needed}
    rows = tables.get("behind")
    if rows is not None and len(grid.starts):
        rows = rows.filter(pc.and_(pc.equal(rows["role"], role.value), pc.equal(rows["direction"], direction.value)))
        row_of = {int(at): t for t, at in enumerate(grid.starts)}
        seen: set[tuple[str, str, int]] = set()
        keys = (rows["point"].to_pylist(), rows["meter"].to_pylist(), seconds(rows["start"]).tolist())
        for point, meter, at, wh in zip(*keys, rows["wh"].to_pylist(), strict=True):
            p, t = places.get(point, -1), row_of.get(at, -1)
            if p not in needed or t < 0:
                continue
            if (point, meter, at) in seen:
                raise ValueError(f"two {direction} energies for the {role} meter {meter} and one period")
            seen.add((point, meter, at))
            if (point, meter) not in hangs or not hangs[point, meter][t]:
                continue
            found[p][t] += 1
            values[p][t] += wh
    sums = {p: _sum(needed[p], found[p], values[p]) for p in needed}
    return {p: sums[mine[0]] for mine in columns.values() if mine[0] in sums for p in mine}


def _sum(needed: Ints, found: Ints, wh: Ints) -> Metered:
    known = (needed > 0) & (found >= needed)
    return Metered(needed > 0, known, np.where(known, wh, 0))
