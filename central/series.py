"""A month's measured energies and some time around it as arrays, each direction on its own: what validation looks at.

Shapes: T periods in order, P points as a grid has them. The time before shows what is usual, and where a
stretch began that reaches into the month.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.grid import Bools, Ints, lay_out, point_rows, seconds
from central.limits import Limits
from central.local_days import LocalDays
from central.point_facts import PointFacts, facts_at
from metering.period import EPOCH, Month
from metering.point import Direction

AROUND: Final = timedelta(days=35)
"""How far before and after the month: four weeks of like days, and a week for what lacks a value."""


@dataclass(frozen=True, slots=True)
class Way:
    """One direction's energies."""

    direction: Direction
    declared: Bools
    """(P,) whether the points' settlement meters measure it."""
    known: Bools
    wh: Ints
    """(T, P) Wh; 0 where not known."""


@dataclass(frozen=True, slots=True)
class Series:
    """Measured energies, and what they are held against."""

    starts: Ints
    """(T,) seconds since 1970."""
    length_s: int
    month: slice
    """The periods of the month among them."""
    ended: int
    """How many periods have ended."""
    points: list[str]
    facts: list[PointFacts]
    """(P,)."""
    valid: Bools
    """(T, P) whether point and member are valid."""
    drawn: Way
    injected: Way
    days: LocalDays
    limits: Limits
    tables: Mapping[str, pa.Table]

    @property
    def ways(self) -> tuple[Way, Way]:
        """Both directions."""
        return self.drawn, self.injected

    @property
    def length(self) -> timedelta:
        """Of a period."""
        return timedelta(seconds=self.length_s)

    def at(self, period: int) -> datetime:
        """The start of a period (UTC); of the one after the last its end."""
        return EPOCH + timedelta(seconds=int(self.starts[0]) + period * self.length_s)

    def laid_out(self, table: str, direction: Direction) -> Way:
        """Another table's energies (``central.tables.ENERGIES``) on the same periods and points; empty if not there."""
        shape = len(self.starts), len(self.points)
        if table not in self.tables or not self.tables[table].num_rows:
            empty = np.zeros(shape, dtype=np.bool_)
            return Way(direction, np.zeros(len(self.points), dtype=np.bool_), empty, empty.astype(np.int64))
        wh, known = lay_out(self.tables[table], direction.value, self.starts, self.points)
        there: Bools = np.any(known, axis=0)
        return Way(direction, there, known, wh)

    def behind(self, role: str, direction: Direction) -> dict[int, tuple[Ints, Ints]]:
        """Meters of a role behind points: by the point's place how many have a value (T,), and their sum in Wh (T,)."""
        rows = self.tables.get("behind")
        if rows is None or not rows.num_rows:
            return {}
        rows = rows.filter(pc.and_(pc.equal(rows["role"], role), pc.equal(rows["direction"], direction.value)))
        unique = list(dict.fromkeys(self.points))
        place = pc.fill_null(pc.index_in(rows["point"], value_set=pa.array(unique, pa.string())), -1).to_numpy()
        row = (seconds(rows["start"]) - int(self.starts[0])) // self.length_s
        used = (place >= 0) & (row >= 0) & (row < len(self.starts))
        there, column = np.unique(place[used], return_inverse=True)
        count, total = (np.zeros((len(there), len(self.starts)), dtype=np.int64) for _ in range(2))
        np.add.at(count, (column, row[used]), 1)
        np.add.at(total, (column, row[used]), rows["wh"].to_numpy()[used])
        found = {unique[u]: (count[i], total[i]) for i, u in enumerate(there.tolist())}
        return {p: found[name] for p, name in enumerate(self.points) if name in found}

    def meters(self, role: str) -> dict[int, Ints]:
        """How many meters of a role are declared, by the point's place (T,)."""
        found: dict[str, Ints] = {}
        for row in self.tables["meters"].to_pylist() if "meters" in self.tables else ():
            if row["role"] == role:
                count = found.setdefault(row["point"], np.zeros(len(self.starts), dtype=np.int64))
                count += within(row["valid_from"], row["valid_to"], self.starts)
        return {p: found[name] for p, name in enumerate(self.points) if name in found}


def make_series(
    month: Month,
    now: datetime,
    tables: Mapping[str, pa.Table],
    facts: Mapping[str, Sequence[PointFacts]],
    limits: Limits,
) -> Series:
    """Lay out the month and what is around it.

    Takes the tables cluster, points, periods, meters and behind, and ``measured`` (``central.tables.ENERGIES``); also
    ``undeclared``, ``own``, ``operator``, ``hours_given`` and ``quarters_given``, which may be absent.

    Raises:
        ValueError: two energies for one point, direction and period.
    """
    length_s = 900 if tables["cluster"].to_pylist()[0]["period"] == "quarter" else 3600
    first, last = (int((at + around).timestamp()) for at, around in ((month.start, -AROUND), (month.end, AROUND)))
    starts = np.arange(first, last, length_s, dtype=np.int64)
    before = int(month.start.timestamp()) - first
    count = int((month.end - month.start).total_seconds())
    rows = point_rows(tables["points"], starts)
    names = [row["point"] for row in rows]
    valid = np.ones((len(starts), len(rows)), dtype=np.bool_)
    for p, row in enumerate(rows):
        valid[:, p] = within(row["valid_from"], row["valid_to"], starts)
    ways = []
    for direction in (Direction.DRAWN, Direction.INJECTED):
        declared = np.array([row[direction.value] for row in rows], dtype=np.bool_)
        wh, known = lay_out(tables["measured"], direction.value, starts, names)
        ways.append(Way(direction, declared, known & valid & declared, np.where(declared, wh, 0)))
    return Series(
        starts=starts,
        length_s=length_s,
        month=slice(before // length_s, (before + count) // length_s),
        ended=max(0, min(len(starts), (int(now.timestamp()) - first) // length_s)),
        points=names,
        facts=[facts_at(facts.get(row["point"], ()), row["valid_from"]) for row in rows],
        valid=valid,
        drawn=ways[0],
        injected=ways[1],
        days=LocalDays.of_periods(starts, length_s),
        limits=limits,
        tables=tables,
    )


def within(first: datetime | None, last: datetime | None, starts: Ints) -> Bools:
    """(T,) whether each period begins in a validity; None is open."""
    since = -np.inf if first is None else first.timestamp()
    until = np.inf if last is None else last.timestamp()
    inside: Bools = (starts >= since) & (starts < until)
    return inside
