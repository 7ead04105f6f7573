"""ENEA Operator, the workbook "Raport zużycia": one point, direction and month; hours netted by the operator.

Evidence: parsers and tests of one application, some totals of real months. Labels are the hours' ends; the second
02 to 03 of October says ``czasu zimowego``. An hour stands in the total's column or in one zone's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal, NamedTuple

from central.imports.amounts import plain_text, wh_of
from central.imports.found import UNKNOWN, Found, Given, NotReadError
from central.imports.labels import Row, label_pattern, serial_start, wall_start
from central.imports.layout import Series
from central.imports.points import check_digit_note, must_agree, point_of
from central.imports.reading import take_in
from central.imports.sheet import Line, Sheet, tidy

NAME, TITLE = "enea-operator", "ENEA Operator, Raport zużycia"
_TITLE_CELL, _DAY_CELL, _STATUS_CELL, _SUM_CELL = "Raport zużycia", "Dzień", "Status", "Suma"
_WINTER = " czasu zimowego"
_HOUR_S = 3600
_COLUMN = re.compile(
    r"Energia czynna (?P<way>pobrana|oddana|wprowadzona)( \((?P<register>[12]\.8\.[0-3])\))? po bilansowaniu"
)
_LABELS = [
    label_pattern(text) for text in ("YYYY-MM-DD H:mm:ss", "YYYY-MM-DD H:mm", "DD.MM.YYYY H:mm:ss", "DD.MM.YYYY H:mm")
]
_QUALITIES = {"Dane rzeczywiste": "measured", "Dane szacowane": "estimated"}
_TOLERANCE_WH = 1


class _Columns(NamedTuple):
    """Where values and status stand."""

    values: list[int]
    total: int | None
    """Of them the column of all zones."""
    status: int
    direction: Literal["drawn", "injected"]


def is_it(sheet: Sheet) -> bool:
    """Whether a file is one."""
    head = sheet.head(";")
    return bool(head) and bool(head[0][1]) and tidy(head[0][1][0]) == _TITLE_CELL


def read(sheet: Sheet, given: Given) -> Found:
    """Its values.

    Raises:
        NotReadError: it is another of the operator's reports, or lacks what such a one has.
    """
    found = Found(NAME, TITLE)
    rows = [row for row in sheet.rows(";") if isinstance(row, tuple)]
    point = _point(rows, given, found)
    if not any(tidy(cells[0]) == "Jednostka: kWh" for _, cells in rows[:6] if cells):
        raise NotReadError("a row 'Jednostka: kWh' is expected above the header")
    place = next((i for i, (_, cells) in enumerate(rows) if cells and tidy(cells[0]) == _DAY_CELL), None)
    if place is None:
        raise NotReadError(f"no header begins with {_DAY_CELL!r}: only the hourly report can be read")
    columns = _columns(rows[place][1])
    must_agree(columns.direction, given.direction, "direction")
    sums = [Decimal(0)] * len(columns.values)
    made: list[Row] = []
    for line, cells in rows[place + 1 :]:
        if tidy(cells[0]) == _SUM_CELL:
            _check_sum(line, cells, columns, sums, found)
            break
        try:
            made.append(_row(line, cells, columns, sums, found))
        except ValueError as error:
            found.refuse(line, str(error))
    take_in({(point, Series(columns.direction, "netted")): made}, _HOUR_S, found)
    return found


def _point(rows: Sequence[Line], given: Given, found: Found) -> str:
    line, cells = rows[1] if len(rows) > 1 else (2, [""])
    try:
        point = point_of(tidy(cells[0]).removeprefix("PPE").lstrip(": "))
    except ValueError as error:
        raise NotReadError(f"row {line}: point {cells[0][:40]!r} {error}") from None
    must_agree(point, given.point, "point")
    check_digit_note(point, found, line)
    return point


def _columns(header: Sequence[str]) -> _Columns:
    values, ways, total, status = [], set(), None, -1
    for place, cell in enumerate(map(tidy, header)):
        if match := _COLUMN.fullmatch(cell):
            values.append(place)
            ways.add("drawn" if match["way"] == "pobrana" else "injected")
            if not match["register"] or match["register"].endswith("0"):
                total = place
        elif cell == _STATUS_CELL:
            status = place
    if len(ways) != 1 or status < 0:
        raise NotReadError("the header needs columns 'Energia czynna … po bilansowaniu' of one direction, and 'Status'")
    return _Columns(values, total, status, "drawn" if ways == {"drawn"} else "injected")


def _row(line: int, cells: Sequence[str], columns: _Columns, sums: list[Decimal], found: Found) -> Row:
    day, second, mark = _label(tidy(cells[0]), found, line)
    filled: dict[int, Decimal] = {}
    for i, place in enumerate(columns.values):
        cell = tidy(cells[place]) if place < len(cells) else ""
        if not cell:
            continue
        try:
            filled[place] = wh_of(cell, "kWh")
        except ValueError as error:
            raise ValueError(f"value {cell[:40]!r} {error}") from None
        sums[i] += filled[place]
    if len(filled) > 1:
        raise ValueError(f"{len(filled)} columns are filled: the hour would count twice")
    word = tidy(cells[columns.status]) if columns.status < len(cells) else ""
    wh = plain_text(next(iter(filled.values()))) if filled else None
    if wh is not None and word not in _QUALITIES:
        found.unknown_status(word, line)
    return Row(line, day, second, mark, wh, _QUALITIES.get(word, UNKNOWN), word)


def _label(text: str, found: Found, line: int) -> tuple[date, int, Literal["", "winter"]]:
    mark: Literal["", "winter"] = "winter" if text.endswith(_WINTER) else ""
    bare = text.removesuffix(_WINTER)
    for pattern in _LABELS:
        if match := pattern.fullmatch(bare):
            try:
                return *wall_start(match, "end", _HOUR_S), mark
            except ValueError as error:
                raise ValueError(f"time {text[:40]!r} {error}") from None
    if start := serial_start(bare, "end", _HOUR_S):
        found.doubt("times are numbers of days: a spreadsheet has rewritten the file", line)
        return *start, mark
    raise ValueError(f"time {text[:40]!r}: expected YYYY-MM-DD HH:MM:SS, after it at most{_WINTER!r}")


def _check_sum(line: int, cells: Sequence[str], columns: _Columns, sums: Sequence[Decimal], found: Found) -> None:
    for total, place in zip(sums, columns.values, strict=True):
        cell = tidy(cells[place]) if place < len(cells) else ""
        if not cell:
            continue
        try:
            stated = wh_of(cell, "kWh")
        except ValueError as error:
            found.doubt(f"the sum {cell[:40]!r} {error}", line)
            continue
        if abs(stated - total) > _TOLERANCE_WH:
            found.doubt(f"the file's sum is {plain_text(stated)} Wh, its hours' {plain_text(total)} Wh", line)
