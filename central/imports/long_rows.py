"""The engine for long layouts: a row for each period, one or several values beside its label."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from central.imports.found import Found, Given
from central.imports.labels import Row, label_pattern, serial_start, wall_start
from central.imports.layout import Label, Layout, Series
from central.imports.points import check_digit_note, given_point, must_agree, point_of
from central.imports.reading import Amounts, Key, Statuses, take_in
from central.imports.sheet import Broken, Sheet, tidy

_GUARD = re.compile(r'="(.*)"')


class _Reader:
    """Reads one file's rows."""

    def __init__(self, layout: Layout, header: Sequence[str], sheet: Sheet, given: Given, found: Found) -> None:
        places = {name: place for place, name in reversed(list(enumerate(map(tidy, header))))}
        self._layout = layout
        self._places = {tidy(name): places[tidy(name)] for name in layout.header}
        self._needed = max(self._places.values()) + 1
        self._labels = [(label_pattern(label.pattern), label) for label in layout.labels]
        self._words = {tidy(word): series for word, series in layout.series.items()}
        self._amounts = Amounts(layout, workbook=sheet.cells is not None)
        self._statuses = Statuses(layout, found)
        self._given = given
        self._found = found
        self._points: dict[str, str] = {}
        self._seen: dict[str, tuple[date, int]] = {}
        self.series: dict[Key, list[Row]] = {}

    def row(self, line: int, cells: Sequence[str]) -> None:
        """Take one row in.

        Raises:
            ValueError: with why it can't be a value.
        """
        if len(cells) < self._needed:
            raise ValueError(f"has {len(cells)} cells; {self._needed} are needed")
        values = self._values(line, cells)
        if not values:
            return
        day, second = self._start(self._cell(cells, self._layout.time_column), line)
        point = self._point(cells, line)
        word = self._cell(cells, self._layout.status_column) if self._layout.status_column else ""
        read: list[tuple[Series, str | None]] = []
        for what, cell in values:
            try:
                read.append((what, self._amounts.wh(cell, signed=what.direction == "balance")))
            except ValueError as error:
                raise ValueError(f"value {cell.strip()[:40]!r} {error}") from None
        for what, wh in read:
            quality = self._statuses.quality(word, line, there=wh is not None)
            self.series.setdefault((point, what), []).append(Row(line, day, second, "", wh, quality, word))

    def _cell(self, cells: Sequence[str], column: str) -> str:
        return tidy(cells[self._places[tidy(column)]])

    def _values(self, line: int, cells: Sequence[str]) -> list[tuple[Series, str]]:
        if not self._layout.series_column:
            return [(what, cells[self._places[name]]) for name, what in self._words.items()]
        word = self._cell(cells, self._layout.series_column)
        what = self._words.get(word)
        if what is None:
            self._found.note(f"rows of the kind {word[:60]!r} aren't known: not taken", line)
        elif what.direction == "other":
            self._found.note(f"rows of the kind {word[:60]!r} aren't taken: no active energy drawn or injected", line)
        else:
            return [(what, cells[self._places[tidy(self._layout.value_column)]])]
        return []

    def _start(self, cell: str, line: int) -> tuple[date, int]:
        if cell not in self._seen:
            self._seen[cell] = self._start_of(cell, line)
        return self._seen[cell]

    def _start_of(self, cell: str, line: int) -> tuple[date, int]:
        text = _GUARD.sub(r"\1", cell).strip()
        length = self._layout.minutes * 60
        for pattern, label in self._labels:
            if match := pattern.fullmatch(text):
                if label.note:
                    self._found.doubt(label.note, line)
                return _of_label(match, label, length, text)
        stands_for = self._layout.labels[0].stands_for
        if found := serial_start(text, stands_for, length):
            self._found.doubt("times are numbers of days: a spreadsheet has rewritten the file", line)
            return found
        expected = " or ".join(label.pattern for label in self._layout.labels)
        raise ValueError(f"time {cell[:40]!r}: expected {expected}")

    def _point(self, cells: Sequence[str], line: int) -> str:
        if not self._layout.point_column:
            return given_point(self._given)
        cell = cells[self._places[tidy(self._layout.point_column)]]
        if cell not in self._points:
            try:
                point = point_of(cell)
            except ValueError as error:
                raise ValueError(f"point {cell[:40]!r} {error}") from None
            must_agree(point, self._given.point, "point")
            check_digit_note(point, self._found, line)
            self._points[cell] = point
        return self._points[cell]


def _of_label(match: re.Match[str], label: Label, length: int, text: str) -> tuple[date, int]:
    try:
        return wall_start(match, label.stands_for, length)
    except ValueError as error:
        raise ValueError(f"time {text[:40]!r} {error}") from None


def read_long(layout: Layout, header_line: int, sheet: Sheet, given: Given, found: Found) -> None:
    """Read the rows below the header.

    Raises:
        NotReadError: the file lacks what a person has to say (its point).
    """
    reader: _Reader | None = None
    if not layout.point_column:
        given_point(given)
    for row in sheet.rows(layout.separator):
        if isinstance(row, Broken):
            found.refuse(row.line, row.reason)
            continue
        line, cells = row
        if line == header_line:
            reader = _Reader(layout, cells, sheet, given, found)
        elif reader is not None and any(cell.strip() for cell in cells):
            try:
                reader.row(line, cells)
            except ValueError as error:
                found.refuse(line, str(error))
    series: Mapping[Key, list[Row]] = reader.series if reader else {}
    take_in(dict(series), layout.minutes * 60, found)
