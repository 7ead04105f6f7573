"""What is there of what is expected: every point, direction and local day, by source. Tables in, arrays out.

A period is expected as soon as it has ended (and its stands had time to come) where point and member are valid. What is
missing may lie between two stands of one epoch: then its sum is proved, though not its parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.behind import by_meter
from central.evidence import GRACE
from central.grid import Bools, Codes, Grid, Ints, lay_out, make_grid, seconds
from central.local_days import LocalDays
from central.settings import Settings
from central.stretches import Stretch, stretches
from metering.period import EPOCH

OWN: Final = "own"
SOURCES: Final = (OWN, "operator", "estimated")
"""Where a value is from: the cluster's own stands, an operator's file, an estimate."""
_WORDS: Final = (OWN, "operator", "estimate")
"""The same as energies say it."""
WAYS: Final = ("drawn", "injected")
STORAGE: Final = "storage"
"""Beside the directions: both registers of the storage meters that decide what of a discharge is renewable."""


class Line(NamedTuple):
    """A point and what is measured there: ``drawn``, ``injected`` or ``storage``."""

    point: str
    direction: str


@dataclass(frozen=True, slots=True)
class Completeness:
    """T periods by L lines, the lines by point, then direction."""

    grid: Grid
    """The energies that it rests on."""
    length_s: int
    days: LocalDays
    lines: list[Line]
    place: Ints
    """(L,) each line's point in the grid."""
    due: Bools
    """(T, L) what is expected by now."""
    source: Codes
    """(T, L) the place in ``SOURCES`` of what is present; −1 where nothing is."""
    proved: Bools
    """(T, L) what is missing, and lies in a stretch whose sum is proved."""

    @property
    def missing(self) -> Bools:
        """(T, L) what is expected and not there."""
        found: Bools = self.due & (self.source < 0)
        return found

    def by_day(self, flags: Bools) -> Ints:
        """(D, L) how many of a day's periods are flagged."""
        if not len(self.days.of):
            return np.zeros((0, len(self.lines)), dtype=np.int64)
        first = np.searchsorted(self.days.of, np.arange(len(self.days.days)))
        found: Ints = np.add.reduceat(flags, first, axis=0, dtype=np.int64)
        return found

    def stretches(self) -> list[Stretch]:
        """What is missing as stretches: the line's place, its first period and the one after its last."""
        return stretches(self.missing)

    def at(self, period: int) -> datetime:
        """The start of a period (UTC); of the one after the last its end."""
        return EPOCH + timedelta(seconds=int(self.grid.starts[0]) + period * self.length_s)


def completeness(tables: Mapping[str, pa.Table], gaps: pa.Table, settings: Settings, now: datetime) -> Completeness:
    """Lay out what is expected and what is there.

    ``tables`` are a settlement's inputs, of which ``energies`` may name a ``source`` (own where it doesn't); ``gaps``
    is ``central.tables.GAPS``.

    Raises:
        ValueError: two energies for one point, direction and period, or a source that isn't known.
    """
    grid = make_grid(tables)
    length_s = 900 if tables["cluster"].to_pylist()[0]["period"] == "quarter" else 3600
    past = grid.starts + length_s <= (now - GRACE).timestamp()
    declared = {"drawn": grid.declares_drawn, "injected": grid.declares_injected}
    behind = by_meter(grid, tables, settings)
    keys = [
        (p, way)
        for p in range(len(grid.points))
        for way in (*(way for way in WAYS if declared[way][p]), *([STORAGE] if p in behind else []))
    ]
    place = np.array([p for p, _ in keys], dtype=np.int64)
    due = grid.valid[:, place] & past[:, None]
    source = np.full(due.shape, -1, dtype=np.int8)
    for way in WAYS:
        chosen = np.array([one == way for _, one in keys], dtype=np.bool_)
        source[:, chosen] = _sources(tables["energies"], way, grid)[:, place[chosen]]
    for i, (p, way) in enumerate(keys):
        if way == STORAGE:
            due[:, i] &= behind[p].there
            source[:, i] = np.where(behind[p].there & behind[p].known, 0, -1)
    lines = [Line(grid.points[p], way) for p, way in keys]
    missing = due & (source < 0)
    proved = missing & _in_gaps(gaps, lines, grid.starts, length_s)
    return Completeness(grid, length_s, LocalDays.of_periods(grid.starts, length_s), lines, place, due, source, proved)


def _sources(energies: pa.Table, way: str, grid: Grid) -> Codes:
    """(T, P) the place in ``SOURCES`` of each value, −1 where there is none."""
    found = np.full(grid.valid.shape, -1, dtype=np.int8)
    if "source" not in energies.schema.names:
        _, known = lay_out(energies, way, grid.starts, grid.points)
        return np.where(known, 0, found).astype(np.int8)
    words = energies["source"].cast(pa.string())
    if strange := set(words.unique().to_pylist()) - set(_WORDS):
        raise ValueError(f"energies of a source that nobody counts: {', '.join(map(str, strange))}")
    for code, name in enumerate(_WORDS):
        chosen = energies.filter(pc.equal(words, name))
        if chosen.num_rows:
            _, known = lay_out(chosen, way, grid.starts, grid.points)
            found[known] = code
    return found


def _in_gaps(gaps: pa.Table, lines: list[Line], starts: Ints, length_s: int) -> Bools:
    """(T, L) whether a period lies between two stands that prove the sum of all between them."""
    rows = gaps.filter(gaps["proved"])
    count = np.zeros((len(starts) + 1, len(set(lines))), dtype=np.int32)
    if not len(starts) or not rows.num_rows:
        return np.zeros((len(starts), len(lines)), dtype=np.bool_)
    places = {line: i for i, line in enumerate(dict.fromkeys(lines))}
    names = pa.array([f"{line.direction} {line.point}" for line in places], pa.string())
    keys = pc.binary_join_element_wise(rows["direction"].cast(pa.string()), rows["point"].cast(pa.string()), " ")
    column = pc.fill_null(pc.index_in(keys, value_set=names), -1).to_numpy().astype(np.int64)
    edges = [np.clip((seconds(rows[name]) - int(starts[0])) // length_s, 0, len(starts)) for name in ("since", "until")]
    used = (column >= 0) & (edges[0] < edges[1])
    np.add.at(count, (edges[0][used], column[used]), 1)
    np.add.at(count, (edges[1][used], column[used]), -1)
    inside: Bools = np.cumsum(count, axis=0)[:-1] > 0
    return inside[:, [places[line] for line in lines]]
