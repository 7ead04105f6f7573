"""klaster's own readings CSV, ``point,direction,start,wh``: checked row by row, made the energies of periods.

A point and direction's local day is in quarters if any start in it, over all files, is off the full hour: an hour then
needs all four, summed here, before any min() and before netting. Otherwise each value is an hour's.

What meters behind points counted stands among them: ``generation``, ``charge`` and ``discharge`` of the meter of that
role that hangs at the point then, or of the one whose serial number stands in the place of the point.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.aliases import Aliases
from central.cluster import Cluster, PeriodName
from central.grid import Bools, Ints
from central.imports.found import WHOLE
from central.imports.meters_behind import BEHIND_WAYS, MetersBehind
from central.imports.rows import COLUMNS, Rows, read_rows
from central.master import aliases_table
from central.tables import BEHIND, ENERGIES, INSTANT, labels
from central.validity import valid_instants
from metering.energy import MAX_READING_WH
from metering.period import WARSAW, Month
from metering.point import Direction

SHOWN = 50
_QUARTER_S = 900
_HOUR_S = 3600
_DIRECTIONS = tuple(Direction)
_WAYS: tuple[str, ...] = (*map(str, _DIRECTIONS), *BEHIND_WAYS)
"""What a row can be of; the first are the directions of points, the others of meters behind them."""
_SERIES_SHIFT = 2**30
_BATCH = 2**20
_DIGITS = 13
_ISO_8601 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(?P<fraction>[.,][0-9]{1,6})?)?)"
    r"(?P<offset>Z|[+-][0-9]{2}(:?[0-9]{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_ZERO = datetime(1, 1, 1, tzinfo=UTC)
ZERO_S = int((_ZERO - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
"""Where ``quarter_of`` counts from, in seconds of 1970."""
_EARLIEST, _LATEST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be a reading, or a file that can't be read at all."""

    file: str
    line: int
    """``WHOLE``: it is the file as a whole."""
    reason: str

    def __str__(self) -> str:
        """``file:line: reason``, or ``file: reason``."""
        return f"{self.file}: {self.reason}" if self.line == WHOLE else f"{self.file}:{self.line}: {self.reason}"


class BadRowsError(Exception):
    """Readings can't be used; ``rows`` holds every bad row of all files, in the order of files and lines."""

    def __init__(self, rows: Sequence[BadRow]) -> None:
        """Keep the rows; the message shows the first ``SHOWN`` and counts all."""
        more = f"\n… and {len(rows) - SHOWN} more" if len(rows) > SHOWN else ""
        super().__init__("\n".join(map(str, rows[:SHOWN])) + more)
        self.rows = rows

    def told(self, outcome: str) -> str:
        """How many rows and files are bad, what became of the command, and which they are."""
        if len(self.rows) == 1 and self.rows[0].line == WHOLE:
            return f"{self}; {outcome}"
        files = sum(row.line == WHOLE for row in self.rows)
        rows = len(self.rows) - files
        counts = [f"{rows} bad row{'s' if rows > 1 else ''}"] if rows else []
        counts += [f"{files} file{'s' if files > 1 else ''} can't be used"] if files else []
        return f"{', '.join(counts)}; {outcome}:\n{self}"


@dataclass(frozen=True, slots=True)
class Readings:
    """What the files say about the months that were asked for."""

    energies: pa.Table
    """``central.tables.ENERGIES``: the energy of periods."""
    behind: pa.Table
    """``central.tables.BEHIND``: what meters behind points counted."""
    rows: int
    """Values read, equal ones for one key counted once."""
    outside_months: int
    outside_validity: int
    """Values that were checked and not used."""

    def months(self) -> set[Month]:
        """The months for which points have any energy."""
        return {Month.of(at) for at in pc.unique(self.energies["start"]).to_pylist()}

    def of_month(self, month: Month) -> dict[str, pa.Table]:
        """The tables ``energies`` and ``behind`` of one month."""
        found = {}
        for name, table in (("energies", self.energies), ("behind", self.behind)):
            start = table["start"]
            first, last = (pa.scalar(at, start.type) for at in (month.start, month.end))
            found[name] = table.filter(pc.and_(pc.greater_equal(start, first), pc.less(start, last)))
        return found


@dataclass(frozen=True, slots=True)
class _Values:
    """Admissible values: series and quarter as one number, and Wh."""

    key: Ints
    wh: Ints


@dataclass(frozen=True, slots=True)
class _Declared:
    """The cluster's points in the order of their ids' bytes, and which directions each declares."""

    points: list[str]
    meters: MetersBehind
    """Those behind points; their places follow those of the points."""
    ways: Bools
    """(P + M + 1, 6): an unknown point or direction, numbered -1, is never declared."""
    aliases: Aliases
    """Older codes: a row that starts while one is valid is its point's."""


def read_readings(
    files: Sequence[Path], cluster: Cluster, months: Sequence[Month], progress: Callable[[Path], None] = lambda _: None
) -> Readings:
    """Read files of readings for the given months.

    Raises:
        BadRowsError: with all bad rows of all files; nothing is used then.
    """
    declared = _declared(cluster)
    bad: list[BadRow] = []
    parts: list[_Values] = []
    for file in files:
        progress(file)
        parts.append(_check(read_rows(file), declared, bad))
        pa.default_memory_pool().release_unused()
    values = _merge(parts, files, declared, bad)
    if bad:
        order = {str(file): number for number, file in reversed(list(enumerate(files)))}
        raise BadRowsError(sorted(set(bad), key=lambda row: (order[row.file], row.line)))
    return _used(values, cluster, declared, months)


def _declared(cluster: Cluster) -> _Declared:
    points = sorted({point.id for point in cluster.points}, key=str.encode)
    places = {name: i for i, name in enumerate(points)}
    meters = MetersBehind(cluster)
    ways = np.zeros((len(points) + len(meters.serials) + 1, len(_WAYS) + 1), dtype=np.bool_)
    for point in cluster.points:
        for direction in point.directions:
            ways[places[point.id], _DIRECTIONS.index(direction)] = True
    for place, serial in enumerate(meters.serials, len(points)):
        for way in BEHIND_WAYS:
            ways[place, _WAYS.index(way)] = meters.counts(serial, way)
    return _Declared(points, meters, ways, Aliases(aliases_table(cluster)))


def _check(rows: Rows, declared: _Declared, bad: list[BadRow]) -> _Values:
    """The good rows of one file; its bad ones are appended to ``bad``."""
    key, wh = np.empty(rows.table.num_rows, dtype=np.int64), np.empty(rows.table.num_rows, dtype=np.int64)
    first = kept = 0
    for batch in rows.table.to_batches(max_chunksize=_BATCH):
        values, good = _values(batch, declared)
        if not good.all():
            if rows.lines is None:
                # All of it once more, line by line: one reader's numbers mean nothing in another's rows.
                return _check(rows.reread(), declared, bad)
            places = (first + np.flatnonzero(~good)).tolist()
            bad += [BadRow(str(rows.file), rows.line(i), _reason(rows, i, declared)) for i in places]
        key[kept : kept + len(values.key)], wh[kept : kept + len(values.wh)] = values.key, values.wh
        first, kept = first + len(batch), kept + len(values.key)
    bad += [BadRow(str(rows.file), line, reason) for line, reason in rows.broken]
    return _Values(key[:kept], wh[:kept])


def _values(batch: pa.RecordBatch, declared: _Declared) -> tuple[_Values, Bools]:
    """The good values of some rows, and which rows are good."""
    point_words, point = _words(batch["point"])
    direction_words, direction = _words(batch["direction"])
    start_words, start = _words(batch["start"])
    names = (*declared.points, *declared.meters.serials)
    # Of a point and a meter of one name the point is meant.
    place_of = {name: i for i, name in reversed(list(enumerate(names)))}
    place = np.array([place_of.get(word, -1) for word in point_words], dtype=np.int64)[point]
    way_of = {way: i for i, way in enumerate(_WAYS)}
    way = np.array([way_of.get(word, -1) for word in direction_words], dtype=np.int64)[direction]
    parsed = [quarter_of(word) for word in start_words]
    quarter = np.array([found if isinstance(found, int) else -1 for found in parsed], dtype=np.int64)[start]
    whole = pc.match_substring_regex(batch["wh"], r"\A0*[0-9]{1,13}\z").to_numpy(zero_copy_only=False)
    wh = _numbers(batch["wh"], whole)
    place = _renamed(place, point, point_words, quarter, declared)
    place = _behind(place, way, quarter, declared)
    good = declared.ways[place, way] & (quarter >= 0) & whole & (wh <= MAX_READING_WH)
    key = (place * len(_WAYS) + way) * _SERIES_SHIFT + quarter
    return _Values(key[good], wh[good]), good


def _renamed(place: Ints, point: Ints, words: Sequence[str], quarter: Ints, declared: _Declared) -> Ints:
    """Places of points where codes of older times stand among the words."""
    for number in [number for number, word in enumerate(words) if word in declared.aliases.codes]:
        of_code = np.flatnonzero(point == number)
        start = quarter[of_code] * _QUARTER_S + ZERO_S
        for first, last, name in declared.aliases.spans(words[number]):
            place[of_code[(start >= first) & (start < last)]] = declared.points.index(name)
    return place


def _behind(place: Ints, way: Ints, quarter: Ints, declared: _Declared) -> Ints:
    """Places with the meter behind it in the place of a point; -1 where none, or one of several, would be meant."""
    of_meters = np.flatnonzero((way >= len(_DIRECTIONS)) & (place >= 0) & (place < len(declared.points)))
    if not len(of_meters):
        return place
    found = place.copy()
    series = place[of_meters] * len(_WAYS) + way[of_meters]
    for one in np.unique(series).tolist():
        rows = of_meters[series == one]
        at, word = divmod(one, len(_WAYS))
        start = quarter[rows] * _QUARTER_S + ZERO_S
        meter, several = declared.meters.of_point(declared.points[at], _WAYS[word], start)
        found[rows] = np.where(several | (meter < 0), -1, meter + len(declared.points))
    return found


def _words(column: pa.DictionaryArray) -> tuple[list[str], Ints]:
    """A dictionary column's words and each row's place among them."""
    return column.dictionary.to_pylist(), column.indices.to_numpy(zero_copy_only=False)


def _numbers(text: pa.Array, whole: Bools) -> Ints:
    if not whole.all():
        text = pc.if_else(pa.array(whole), text, "0")
    numbers: Ints = text.cast(pa.int64()).to_numpy()
    return numbers


@lru_cache(65_536)
def quarter_of(word: str) -> int | str:
    """The quarter (since the year 1) that starts at an ISO 8601 instant, or why it can't be read."""
    if not (found := _ISO_8601.fullmatch(word)):
        return "isn't an ISO 8601 instant like 2026-10-05T10:00:00+02:00"
    if not found["offset"]:
        return "has no offset: add Z, or +01:00 or +02:00"
    try:
        at = datetime.fromisoformat(word.upper())
    except ValueError:
        return "isn't an instant that exists"
    if not _EARLIEST <= at <= _LATEST:
        return "is out of range"
    quarter, off = divmod(at - _ZERO, timedelta(seconds=_QUARTER_S))
    return "is off the grid of quarters" if off or (found["fraction"] or "").strip(".,0") else quarter


def _reason(rows: Rows, i: int, declared: _Declared) -> str:
    point, direction, start, wh = (str(rows.table[name][i].as_py()) for name in COLUMNS)
    known = point in declared.points
    meter = not known and point in declared.meters.serials
    if not known and not meter and point not in declared.aliases.codes:
        return f"point {point[:40]!r} isn't in the cluster file"
    if direction not in _WAYS:
        return f"direction {direction[:40]!r}: expected {', '.join(_WAYS[:-1])} or {_WAYS[-1]}"
    if isinstance(quarter := quarter_of(start), str):
        return f"start {start[:40]!r} {quarter}"
    if not known and not meter and declared.aliases.point(point, quarter * _QUARTER_S + ZERO_S) == point:
        names = ", ".join(dict.fromkeys(name for _, _, name in declared.aliases.spans(point)))
        return f"point {point[:40]!r} is a code of {names}, and isn't valid at {start[:40]} ([[points.aliases]])"
    if problem := number_problem(wh):
        return f"wh {wh[:40]!r} {problem}"
    if direction not in BEHIND_WAYS:
        return f"direction {direction} isn't declared for {'meter' if meter else 'point'} {point}"
    role = BEHIND_WAYS[direction].role.value
    if meter:
        return f'{direction}: meter {point} isn\'t declared with role = "{role}" ([[meters]])'
    named = declared.aliases.point(point, quarter * _QUARTER_S + ZERO_S)
    if not declared.meters.there(named, direction):
        return f'{direction}: no meter with role = "{role}" is declared behind point {named} ([[meters]])'
    return f'{direction}: several meters with role = "{role}" are behind point {named} then: name one by its serial'


def number_problem(text: str) -> str | None:
    """Why a text can't be whole Wh, or None when it can."""
    if not text:
        return "is empty; a missing value is an absent row"
    if not (text.isascii() and text.isdigit()):
        return "isn't a whole number of Wh, digits only"
    return "is over 2^40" if len(text.lstrip("0")) > _DIGITS or int(text) > MAX_READING_WH else None


def _merge(parts: list[_Values], files: Sequence[Path], declared: _Declared, bad: list[BadRow]) -> _Values:
    """All values ordered by key, equal ones once; two different values for one key go to ``bad``. Empties ``parts``."""
    key = _joined([part.key for part in parts])
    wh = _joined([part.wh for part in parts])
    parts.clear()
    if (key[1:] > key[:-1]).all():
        return _Values(key, wh)
    order = np.argsort(key, kind="stable")
    key = key[order]
    wh = wh[order]
    del order
    same = key[1:] == key[:-1]
    if not same.any():
        return _Values(key, wh)
    differs = same & (wh[1:] != wh[:-1])
    if differs.any():
        conflicts = _conflicts(np.unique(key[1:][differs]), files, declared)
        bad += conflicts or [BadRow(str(files[0]), 1, "two different values for one key, in lines that can't be told")]
    first = np.concatenate([[True], ~same])
    return _Values(key[first], wh[first])


def _joined(arrays: list[Ints]) -> Ints:
    """One array of several; the very same where there is only one: a year of a large cluster is worth no copy."""
    return arrays[0] if len(arrays) == 1 else np.concatenate([np.zeros(0, dtype=np.int64), *arrays])


def _conflicts(keys: Ints, files: Sequence[Path], declared: _Declared) -> list[BadRow]:
    """Each row that gives another value than an earlier one for its key; both places are named."""
    first: dict[int, tuple[str, int, int]] = {}
    found = []
    for file in files:
        rows = read_rows(file).reread()
        at = 0
        for batch in rows.table.to_batches(max_chunksize=_BATCH):
            values, good = _values(batch, declared)
            places = at + np.flatnonzero(good)
            for i in np.flatnonzero(np.isin(values.key, keys)).tolist():
                line, wh = rows.line(int(places[i])), int(values.wh[i])
                other_file, other_line, other = first.setdefault(int(values.key[i]), (str(file), line, wh))
                if other != wh:
                    said = f"{other_file}:{other_line} says {other} for the same point, direction and start"
                    found.append(BadRow(str(file), line, f"wh {wh}, but {said}"))
            at += len(batch)
    return found


def _used(values: _Values, cluster: Cluster, declared: _Declared, months: Sequence[Month]) -> Readings:
    series, start = np.divmod(values.key, _SERIES_SHIFT)
    start *= _QUARTER_S
    start += ZERO_S
    inside = (start >= months[0].start.timestamp()) & (start < months[-1].end.timestamp())
    valid = inside & _valid(series, start, cluster, declared)
    wh = values.wh
    if not valid.all():
        series, start, wh = series[valid], start[valid], wh[valid]
    if cluster.period is PeriodName.HOUR:
        series, start, wh = _hours(series, start, wh)
    # Ordered by series, those of meters stand last.
    last = int(np.searchsorted(series, len(declared.points) * len(_WAYS)))
    return Readings(
        energies=_energies(cluster.name, series[:last], start[:last], wh[:last], declared.points),
        behind=_of_meters(cluster.name, series[last:], start[last:], wh[last:], declared),
        rows=len(values.key),
        outside_months=int((~inside).sum()),
        outside_validity=int((inside & ~valid).sum()),
    )


def _valid(series: Ints, start: Ints, cluster: Cluster, declared: _Declared) -> Bools:
    """Which values lie in the validity of their point or meter; the values are ordered by series."""
    members = {member.id: member for member in cluster.members}
    places = {name: i for i, name in enumerate(declared.points)}
    found = np.zeros(len(series), dtype=np.bool_)
    for point in cluster.points:
        first, last = valid_instants(point, members[point.member])
        place = places[point.id] * len(_WAYS)
        mine = slice(*np.searchsorted(series, [place, place + len(_WAYS)]))
        # Of several rows of a point each is valid in its own time.
        inside = np.ones(len(start[mine]), dtype=np.bool_)
        if first is not None:
            inside &= start[mine] >= first.timestamp()
        if last is not None:
            inside &= start[mine] < last.timestamp()
        found[mine] |= inside
    for mine, serial, way in _series_of_meters(series, declared):
        for _, inside in declared.meters.rows(serial, way, start[mine]):
            found[mine] |= inside
    return found


def _series_of_meters(series: Ints, declared: _Declared) -> Iterator[tuple[slice, str, str]]:
    """Where each meter's values of each way stand; the values are ordered by series."""
    for one in np.unique(series[np.searchsorted(series, len(declared.points) * len(_WAYS)) :]).tolist():
        place, way = divmod(one, len(_WAYS))
        mine = slice(*np.searchsorted(series, [one, one + 1]).tolist())
        yield mine, declared.meters.serials[place - len(declared.points)], _WAYS[way]


def _of_meters(name: str, series: Ints, start: Ints, wh: Ints, declared: _Declared) -> pa.Table:
    found = [BEHIND.empty_table()]
    for mine, serial, way in _series_of_meters(series, declared):
        role, direction = BEHIND_WAYS[way]
        for point, inside in declared.meters.rows(serial, way, start[mine]):
            words = {"cluster": name, "point": point, "role": role.value, "meter": serial, "direction": direction.value}
            columns = {key: pa.array([word] * int(inside.sum()), pa.string()) for key, word in words.items()}
            columns |= {"start": pa.array(start[mine][inside]).cast(INSTANT), "wh": pa.array(wh[mine][inside])}
            found.append(pa.table(columns, schema=BEHIND))
    return pa.concat_tables(found).combine_chunks()


def _hours(series: Ints, start: Ints, wh: Ints) -> tuple[Ints, Ints, Ints]:
    """Sum the quarters of each series' days in quarters; values are ordered by series, then start."""
    off = start % _HOUR_S != 0
    if not off.any():
        return series, start, wh
    instants, place = np.unique(start, return_inverse=True)
    days = np.array([local_day(int(at)) for at in instants], dtype=np.int64)
    day = series * 2**22 + days[place]
    in_quarters = np.isin(day, np.unique(day[off]))
    hour = start - start % _HOUR_S
    begins = np.concatenate([[True], (series[1:] != series[:-1]) | (hour[1:] != hour[:-1])])
    at = np.flatnonzero(begins)
    count = np.diff(np.concatenate([at, [len(start)]]))
    whole = ~in_quarters[at] | (count == _HOUR_S // _QUARTER_S)
    return series[at][whole], hour[at][whole], np.add.reduceat(wh, at)[whole]


@lru_cache(65_536)
def local_day(at: int) -> int:
    """The local day of an instant (seconds since 1970), as its ordinal."""
    there = datetime.fromtimestamp(at, WARSAW)
    return date(there.year, there.month, there.day).toordinal()


def _energies(name: str, series: Ints, start: Ints, wh: Ints, points: list[str]) -> pa.Table:
    return pa.table(
        {
            "cluster": labels([name], np.zeros(len(wh), dtype=np.int64)),
            "point": labels(points, series // len(_WAYS)),
            "direction": labels([str(way) for way in _DIRECTIONS], series % len(_WAYS)),
            "start": pa.array(start).cast(INSTANT),
            "wh": pa.array(wh),
        },
        schema=ENERGIES,
    )
