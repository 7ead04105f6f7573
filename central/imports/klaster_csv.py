"""klaster's own readings CSV, ``point,direction,start,wh``: checked row by row, made the energies of periods.

A point and direction's local day is in quarters if any start in it, over all files, is off the full hour: an hour then
needs all four, summed here, before any min() and before netting. Otherwise each value is an hour's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.cluster import Cluster, PeriodName
from central.grid import Bools, Ints
from central.imports.rows import Rows, read_rows
from central.tables import ENERGIES, INSTANT
from central.validity import valid_instants
from metering.energy import MAX_READING_WH
from metering.period import WARSAW, Month
from metering.point import Direction

SHOWN = 50
_QUARTER_S = 900
_HOUR_S = 3600
_DIRECTIONS = tuple(Direction)
_SERIES_SHIFT = 2**30
_ZERO = datetime(1, 1, 1, tzinfo=UTC)
_ZERO_S = int((_ZERO - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
_EARLIEST, _LATEST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be a reading."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        """``file:line: reason``."""
        return f"{self.file}:{self.line}: {self.reason}"


class BadRowsError(Exception):
    """Readings can't be used; ``rows`` holds every bad row of all files, in the order of files and lines."""

    def __init__(self, rows: Sequence[BadRow]) -> None:
        """Keep the rows; the message shows the first ``SHOWN`` and counts all."""
        more = f"\n… and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        super().__init__("\n".join(map(str, rows[:SHOWN])) + more)
        self.rows = rows


@dataclass(frozen=True, slots=True)
class Readings:
    """What the files say about the months that were asked for."""

    energies: pa.Table
    """``central.tables.ENERGIES``: the energy of periods."""
    rows: int
    """Values read, equal ones for one key counted once."""
    outside_months: int
    outside_validity: int
    """Values that were checked and not used."""


@dataclass(frozen=True, slots=True)
class _Values:
    """Admissible values: series number, quarter since the year 1, Wh, and where each stands."""

    key: Ints
    wh: Ints
    file: Ints
    row: Ints


def read_readings(
    files: Sequence[Path], cluster: Cluster, months: Sequence[Month], progress: Callable[[Path], None] = lambda _: None
) -> Readings:
    """Read files of readings for the given months.

    Raises:
        BadRowsError: with all bad rows of all files; nothing is used then.
    """
    points = sorted((point.id for point in cluster.points), key=str.encode)
    declared = np.zeros((len(points) + 1, len(_DIRECTIONS) + 1), dtype=np.bool_)
    places = {name: i for i, name in enumerate(points)}
    for point in cluster.points:
        for direction in point.directions:
            declared[places[point.id], _DIRECTIONS.index(direction)] = True
    bad: list[BadRow] = []
    parts: list[_Values] = []
    for number, file in enumerate(files):
        progress(file)
        parts.append(_check(read_rows(file), number, points, declared, bad))
    values = _merge(parts, files, bad)
    if bad:
        order = {str(file): number for number, file in reversed(list(enumerate(files)))}
        raise BadRowsError(sorted(bad, key=lambda row: (order[row.file], row.line)))
    return _used(values, cluster, points, months)


def _check(rows: Rows, number: int, points: list[str], declared: Bools, bad: list[BadRow]) -> _Values:
    """The good rows of one file; its bad ones are appended to ``bad``."""
    bad += [BadRow(str(rows.file), line, reason) for line, reason in rows.broken]
    point_words, point = _words(rows.table["point"])
    direction_words, direction = _words(rows.table["direction"])
    start_words, start = _words(rows.table["start"])
    place_of = {name: i for i, name in enumerate(points)}
    place = np.array([place_of.get(word, -1) for word in point_words], dtype=np.int64)[point]
    way_of = {str(way): i for i, way in enumerate(_DIRECTIONS)}
    way = np.array([way_of.get(word, -1) for word in direction_words], dtype=np.int64)[direction]
    parsed = [_quarter(word) for word in start_words]
    quarter = np.array([found if isinstance(found, int) else -1 for found in parsed], dtype=np.int64)[start]
    text = rows.table["wh"]
    whole = pc.match_substring_regex(text, r"\A0*[0-9]{1,13}\z").to_numpy()
    wh = _numbers(text, whole)
    good = (place >= 0) & declared[place, way] & (quarter >= 0) & whole & (wh <= MAX_READING_WH)
    if not good.all():
        rows = rows.reread()
        bad += [
            BadRow(str(rows.file), rows.line(i), _reason(rows, i, place, way, parsed[start[i]], whole))
            for i in np.flatnonzero(~good).tolist()
        ]
    kept = np.flatnonzero(good)
    key = (place[kept] * len(_DIRECTIONS) + way[kept]) * _SERIES_SHIFT + quarter[kept]
    return _Values(key, wh[kept], np.full(len(kept), number, dtype=np.int32), kept)


def _words(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    """A dictionary column's words and each row's place among them."""
    merged = column.unify_dictionaries()
    if not merged.num_chunks:
        return [], np.zeros(0, dtype=np.int64)
    words = merged.chunk(0).dictionary.to_pylist()
    return words, np.concatenate([chunk.indices.to_numpy(zero_copy_only=False) for chunk in merged.chunks])


def _numbers(text: pa.ChunkedArray, whole: Bools) -> Ints:
    if not whole.all():
        text = pc.if_else(pa.array(whole), text, "0")
    numbers: Ints = text.cast(pa.int64()).to_numpy()
    return numbers


def _quarter(word: str) -> int | str:
    """The quarter (since the year 1) that starts at an ISO 8601 instant, or why it can't be read."""
    try:
        at = datetime.fromisoformat(word)
    except ValueError:
        return "isn't an ISO 8601 instant"
    if at.tzinfo is None:
        return "has no offset: add Z, or +01:00 or +02:00"
    if not _EARLIEST <= at <= _LATEST:
        return "is out of range"
    quarter, off = divmod(at - _ZERO, timedelta(seconds=_QUARTER_S))
    return "is off the grid of quarters" if off else quarter


def _reason(rows: Rows, i: int, place: Ints, way: Ints, start: int | str, whole: Bools) -> str:
    cells = {name: rows.table[name][i].as_py()[:40] for name in rows.table.column_names}
    if place[i] < 0:
        return f"point {cells['point']!r} isn't in the cluster file"
    if way[i] < 0:
        return f"direction {cells['direction']!r}: expected drawn or injected"
    if isinstance(start, str):
        return f"start {cells['start']!r} {start}"
    if not whole[i]:
        return f"wh {cells['wh']!r}: {_number_reason(cells['wh'])}"
    if int(cells["wh"]) > MAX_READING_WH:
        return f"wh {cells['wh']} is over 2^40"
    return f"direction {cells['direction']} isn't declared for point {cells['point']}"


def _number_reason(text: str) -> str:
    if not text:
        return "is empty; a missing value is an absent row"
    if text.isascii() and text.isdigit():
        return "is over 2^40"
    return "expected a whole number of Wh, digits only"


def _merge(parts: Sequence[_Values], files: Sequence[Path], bad: list[BadRow]) -> _Values:
    """All values ordered by key, equal ones once; two different values for one key go to ``bad``."""
    key, wh, file, row = (
        np.concatenate([getattr(part, name) for part in parts]) if parts else np.zeros(0, dtype=np.int64)
        for name in ("key", "wh", "file", "row")
    )
    if len(key) > 1 and not (key[1:] > key[:-1]).all():
        order = np.argsort(key, kind="stable")
        key, wh, file, row = key[order], wh[order], file[order], row[order]
        first = np.concatenate([[True], key[1:] != key[:-1]])
        leader = np.maximum.accumulate(np.where(first, np.arange(len(key)), 0))
        reread: dict[int, Rows] = {}

        def place(i: int) -> tuple[str, int]:
            number = int(file[i])
            if number not in reread:
                reread[number] = read_rows(files[number]).reread()
            return str(files[number]), reread[number].line(int(row[i]))

        for i in np.flatnonzero(wh != wh[leader]).tolist():
            where, line = place(i)
            other_file, other_line = place(int(leader[i]))
            other = f"{other_file}:{other_line} says {wh[leader[i]]}"
            bad.append(BadRow(where, line, f"wh {wh[i]}, but {other} for the same point, direction and start"))
        key, wh, file, row = key[first], wh[first], file[first], row[first]
    return _Values(key, wh, file, row)


def _used(values: _Values, cluster: Cluster, points: list[str], months: Sequence[Month]) -> Readings:
    series, quarter = values.key // _SERIES_SHIFT, values.key % _SERIES_SHIFT
    start = quarter * _QUARTER_S + _ZERO_S
    inside = (start >= months[0].start.timestamp()) & (start < months[-1].end.timestamp())
    valid = inside & _valid(series // len(_DIRECTIONS), start, cluster, points)
    series, start, wh = series[valid], start[valid], values.wh[valid]
    if cluster.period is PeriodName.HOUR:
        series, start, wh = _hours(series, start, wh)
    return Readings(
        energies=_energies(cluster.name, series, start, wh, points),
        rows=len(values.key),
        outside_months=int((~inside).sum()),
        outside_validity=int((inside & ~valid).sum()),
    )


def _valid(place: Ints, start: Ints, cluster: Cluster, points: list[str]) -> Bools:
    members = {member.id: member for member in cluster.members}
    bounds = {point.id: valid_instants(point, members[point.member]) for point in cluster.points}
    first = np.array([-np.inf if (at := bounds[name][0]) is None else at.timestamp() for name in points])
    last = np.array([np.inf if (at := bounds[name][1]) is None else at.timestamp() for name in points])
    found: Bools = (start >= first[place]) & (start < last[place])
    return found


def _hours(series: Ints, start: Ints, wh: Ints) -> tuple[Ints, Ints, Ints]:
    """Sum the quarters of each series' days in quarters; values are ordered by series, then start."""
    off = start % _HOUR_S != 0
    if not off.any():
        return series, start, wh
    instants, place = np.unique(start, return_inverse=True)
    days = np.array([_local_day(int(at)) for at in instants], dtype=np.int64)
    day = series * 2**22 + days[place]
    in_quarters = np.isin(day, np.unique(day[off]))
    hour = start - start % _HOUR_S
    begins = np.concatenate([[True], (series[1:] != series[:-1]) | (hour[1:] != hour[:-1])])
    at = np.flatnonzero(begins)
    count = np.diff(np.concatenate([at, [len(start)]]))
    whole = ~in_quarters[at] | (count == _HOUR_S // _QUARTER_S)
    return series[at][whole], hour[at][whole], np.add.reduceat(wh, at)[whole]


def _local_day(at: int) -> int:
    there = datetime.fromtimestamp(at, WARSAW)
    return date(there.year, there.month, there.day).toordinal()


def _energies(name: str, series: Ints, start: Ints, wh: Ints, points: list[str]) -> pa.Table:
    def labels(words: Sequence[str], places: Ints) -> pa.Array:
        return pa.DictionaryArray.from_arrays(pa.array(places.astype(np.int32)), pa.array(words, pa.string()))

    return pa.table(
        {
            "cluster": labels([name], np.zeros(len(wh), dtype=np.int64)),
            "point": labels(points, series // len(_DIRECTIONS)),
            "direction": labels([str(way) for way in _DIRECTIONS], series % len(_DIRECTIONS)),
            "start": pa.array(start).cast(INSTANT),
            "wh": pa.array(wh),
        },
        schema=ENERGIES,
    )
