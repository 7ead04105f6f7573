"""klaster's own readings, ``point,direction,start,wh``, as CSV or workbook: for files that are imported one by one.

A point and direction's local day is in quarters if any start in it is off the full hour; otherwise each is an hour's.
"""

from __future__ import annotations

from collections.abc import Sequence

from central.imports.found import UNSTATED, BadCellError, Found, Given, Value
from central.imports.klaster_csv import ZERO_S, local_day, number_problem, quarter_of
from central.imports.meters_behind import BEHIND_WAYS
from central.imports.points import must_agree, point_of
from central.imports.rows import COLUMNS
from central.imports.sheet import Broken, Sheet, tidy_row
from metering.point import Direction

NAME, TITLE = "klaster", "klaster's own readings"
_QUARTER_S, _HOUR_S = 900, 3600
_DIRECTIONS = frozenset(way.value for way in Direction)
_Key = tuple[str, str, int]


def is_it(sheet: Sheet) -> bool:
    """Whether a file is one: its first row has the four columns, in any order."""
    head = sheet.head(",")
    return bool(head) and sorted(tidy_row(head[0][1])) == sorted(COLUMNS)


def read(sheet: Sheet, given: Given) -> Found:
    """Its values.

    Raises:
        NotReadError: another point was named.
    """
    found = Found(NAME, TITLE)
    places = {name: place for place, name in enumerate(tidy_row(sheet.head(",")[0][1]))}
    read: dict[_Key, tuple[int, str]] = {}
    clashing: set[_Key] = set()
    header = sheet.head(",")[0][0]
    for row in sheet.rows(","):
        if isinstance(row, Broken):
            found.refuse(row.line, row.reason)
            continue
        line, cells = row
        if line == header or not any(cells):
            continue
        try:
            key, wh = _row([cells[places[name]] if places[name] < len(cells) else "" for name in COLUMNS], given)
        except ValueError as error:
            found.refuse(line, str(error))
            continue
        other_line, other = read.setdefault(key, (line, wh))
        if other != wh:
            said = f"line {other_line} says {other} for the same point, direction and start"
            found.refuse(line, f"wh {wh}, but {said}")
            clashing.add(key)
    for key in clashing:
        del read[key]
    in_quarters = {(point, way, local_day(at)) for point, way, at in read if at % _HOUR_S}
    for (point, way, at), (line, wh) in read.items():
        length = _QUARTER_S if (point, way, local_day(at)) in in_quarters else _HOUR_S
        found.values.append(Value(point, way, "raw", at, length, wh, UNSTATED, "", line))
    return found


def _row(cells: Sequence[str], given: Given) -> tuple[_Key, str]:
    point, direction, start, wh = cells[0], cells[1].strip(), cells[2].strip(), cells[3].strip()
    try:
        point = point_of(point)
    except ValueError as error:
        raise ValueError(f"point {point[:40]!r} {error}") from None
    must_agree(point, given.point, "point")
    if direction in BEHIND_WAYS:
        raise ValueError(
            f"direction {direction} is of a meter behind the point: a service has it from its gateways, and only "
            "--readings takes it, from a CSV of our own (docs/cluster.md)"
        )
    if direction not in _DIRECTIONS:
        raise ValueError(f"direction {direction[:40]!r}: expected drawn or injected")
    if isinstance(quarter := quarter_of(start), str):
        raise BadCellError(f"start {start[:40]!r} {quarter}")
    if problem := number_problem(wh):
        raise ValueError(f"wh {wh[:40]!r} {problem}")
    return (point, direction, quarter * _QUARTER_S + ZERO_S), str(int(wh))
