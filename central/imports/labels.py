"""Labels of local periods become instants: hour-ending or hour-starting, days of 23 and 25 hours.

An hour-ending label is one period later than the period's start on the wall's clock of the same day: ``24:00`` belongs
to the day before its midnight, and the change of the clock never lies inside a label's own subtraction. The doubled
hour of October is told apart by a mark of the file; without one only where two equal labels stand one after another in
a day of 25 rows: the first is summer time, the second winter time. Otherwise neither is assigned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Literal, NamedTuple

from central.imports.found import Found
from metering.period import WARSAW, day_start

StandsFor = Literal["end", "start", "last_minute"]
_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S
_TOKENS = {
    "YYYY": "(?P<year>[0-9]{4})",
    "MM": "(?P<month>[0-9]{2})",
    "DD": "(?P<day>[0-9]{2})",
    "HH": "(?P<hour>[0-9]{2})",
    "H": "(?P<hour>[0-9]{1,2})",
    "mm": "(?P<minute>[0-9]{2})",
    "ss": "(?P<second>[0-9]{2})",
}
_SPREADSHEET_DAY_0 = date(1899, 12, 30)
_SERIAL = re.compile(r"(?P<day>[1-9][0-9]{4})(?:[.,](?P<part>[0-9]{1,12}))?", re.ASCII)


class Row(NamedTuple):
    """A value of one series beside its local label."""

    line: int
    day: date
    second: int
    """Where the period starts on the wall's clock of the day, seconds from its midnight."""
    mark: Literal["", "winter"]
    """Whether the file itself says that this is the second one of the doubled hour."""
    wh: str | None
    """None is missing."""
    quality: str
    word: str


class Placed(NamedTuple):
    """A row at its instant, seconds since 1970."""

    start: int
    row: Row


def label_pattern(pattern: str) -> re.Pattern[str]:
    """What matches labels like ``YYYY-MM-DD H:mm``."""
    split = re.split("(YYYY|MM|DD|HH|H|mm|ss)", pattern)
    return re.compile("".join(_TOKENS.get(word, re.escape(word)) for word in split), re.ASCII)


def wall_start(found: re.Match[str], stands_for: StandsFor, length: int) -> tuple[date, int]:
    """The local day and the second of it at which the labelled period starts.

    Raises:
        ValueError: there is no such day or time, or it isn't a label of such periods.
    """
    parts = found.groupdict()
    try:
        day = date(int(parts["year"]), int(parts["month"]), int(parts["day"]))
    except ValueError:
        raise ValueError("is no day of the calendar") from None
    second = int(parts["hour"]) * _HOUR_S + int(parts.get("minute") or 0) * 60 + int(parts.get("second") or 0)
    return _start(day, second, stands_for, length)


def _start(day: date, second: int, stands_for: StandsFor, length: int) -> tuple[date, int]:
    if stands_for == "last_minute":
        second += 60
    if stands_for != "start":
        second -= length
    if second < 0:
        day, second = day - timedelta(days=1), second + _DAY_S
    if not 0 <= second < _DAY_S:
        raise ValueError("is no time of a day")
    if second % length:
        raise ValueError(f"is off the grid of {length // 60} minutes")
    return day, second


def serial_start(cell: str, stands_for: StandsFor, length: int) -> tuple[date, int] | None:
    """The same of a label that a spreadsheet turned into its own number of days; None where it isn't one."""
    if not (found := _SERIAL.fullmatch(cell)):
        return None
    part = found["part"] or "0"
    seconds = round(int(part) * _DAY_S / 10 ** len(part))
    minutes, off = divmod(seconds + 30, 60)
    if abs(off - 30) > 1 or (day := _SPREADSHEET_DAY_0 + timedelta(days=int(found["day"]))).year < 2000:
        return None
    try:
        return _start(day, minutes * 60, stands_for, length)
    except ValueError:
        return None


def placed(rows: Sequence[Row], length: int, found: Found) -> list[Placed]:
    """The rows of one series, in the file's order, at their instants; each instant once.

    Rows whose time doesn't exist, or that give two values for one instant, are named as bad; a doubled hour that can't
    be told apart is noted and left out.
    """
    by_start: dict[int, Row] = {}
    clashing: set[int] = set()
    for start, row in _instants(rows, length, found):
        other = by_start.setdefault(start, row)
        if other is row:
            continue
        if other.wh == row.wh:
            found.note("a value stands twice; the same is taken once", row.line)
        elif other.wh is None:
            by_start[start] = row
        elif row.wh is not None:
            said = f"line {other.line} gives {other.wh} Wh for the same point, direction and period"
            found.refuse(row.line, f"{row.wh} Wh, but {said}")
            clashing.add(start)
    return [Placed(start, row) for start, row in by_start.items() if start not in clashing]


def _instants(rows: Sequence[Row], length: int, found: Found) -> Iterable[Placed]:
    changes = {day for day in {row.day for row in rows} if _day_hours(day) != 24}
    days: dict[date, list[tuple[int, Row]]] = {}
    for place, row in enumerate(rows):
        if row.day in changes:
            days.setdefault(row.day, []).append((place, row))
        else:
            if row.mark:
                found.note(f"{row.day}: winter time is marked outside the doubled hour", row.line)
            yield Placed(_midnight(row.day) + row.second, row)
    for day, of_day in days.items():
        yield from _spring(of_day, found) if _day_hours(day) < 24 else _autumn(of_day, length, found)


@lru_cache(4096)
def _midnight(day: date) -> int:
    return int(day_start(day).timestamp())


@lru_cache(4096)
def _day_hours(day: date) -> int:
    return (_midnight(day + timedelta(days=1)) - _midnight(day)) // _HOUR_S


def _utc(row: Row, fold: int) -> int:
    wall = datetime(row.day.year, row.day.month, row.day.day, tzinfo=WARSAW, fold=fold)
    hours, rest = divmod(row.second, _HOUR_S)
    return int(wall.replace(hour=hours, minute=rest // 60, fold=fold).astimezone(UTC).timestamp())


def _exists(row: Row) -> bool:
    there = datetime.fromtimestamp(_utc(row, 0), WARSAW)
    return there.hour * _HOUR_S + there.minute * 60 == row.second


def _spring(rows: Sequence[tuple[int, Row]], found: Found) -> Iterable[Placed]:
    for _, row in rows:
        if _exists(row):
            yield Placed(_utc(row, 0), row)
        elif row.wh == "0":
            found.note(f"{row.day}: a zero in the hour that the spring change leaves out; not taken", row.line)
        elif row.wh is not None:
            found.refuse(row.line, f"{row.day}: a value in the hour that the spring change leaves out")


def _autumn(rows: Sequence[tuple[int, Row]], length: int, found: Found) -> Iterable[Placed]:
    doubled: list[tuple[int, Row]] = []
    for place, row in rows:
        first, second = _utc(row, 0), _utc(row, 1)
        if first != second:
            doubled.append((place, row))
        else:
            if row.mark:
                found.note(f"{row.day}: winter time is marked outside the doubled hour", row.line)
            yield Placed(first, row)
    key = lambda one: one[1].second  # noqa: E731 - a name for what is sorted and grouped by
    for _, group in groupby(sorted(doubled, key=key), key=key):
        yield from _doubled(list(group), len(rows), length, found)


def _doubled(rows: list[tuple[int, Row]], count: int, length: int, found: Found) -> Iterable[Placed]:
    marked = [row for _, row in rows if row.mark]
    bare = [(place, row) for place, row in rows if not row.mark]
    if marked:
        yield from (Placed(_utc(row, 1), row) for row in marked)
        yield from (Placed(_utc(row, 0), row) for _, row in bare)
        return
    whole_day = 25 * _HOUR_S // length
    if len(bare) == 2 and bare[1][0] == bare[0][0] + 1 and count == whole_day:
        yield from (Placed(_utc(row, fold), row) for fold, (_, row) in enumerate(bare))
        return
    day, line = rows[0][1].day, rows[0][1].line
    said = f"{len(bare)} row{'s' * (len(bare) != 1)} for the doubled hour among {count} of the day"
    found.doubt(f"{day}: {said}: which is which can't be told, so neither is taken", line)
