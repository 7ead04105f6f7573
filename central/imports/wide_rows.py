"""The engine for wide layouts: a row for each point, day and direction, a column for each hour.

24 columns can't hold the 25 hours of October's day. Without a 25th cell all but 02 to 03 is certain; with one, where
the second of the doubled hour stands isn't evidenced, so only what lies before it is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from central.imports.found import Found, Given
from central.imports.labels import Row, label_pattern
from central.imports.layout import Layout, Series
from central.imports.points import check_digit_note, must_agree, point_of
from central.imports.reading import Amounts, Key, Statuses, take_in
from central.imports.sheet import Broken, Sheet, tidy
from metering.period import HOUR, day_periods

_HOURS = 24
_DOUBLED = 2
"""The place of the hour from 02 to 03 among a day's."""


class _Reader:
    """Reads one file's rows."""

    def __init__(self, layout: Layout, sheet: Sheet, given: Given, found: Found) -> None:
        self._layout, self._given, self._found = layout, given, found
        self._words = {tidy(word): what for word, what in layout.series.items()}
        self._amounts = Amounts(layout, workbook=sheet.cells is not None)
        self._statuses = Statuses(layout, found)
        self._pattern = label_pattern(layout.day_pattern)
        self._head = {
            tidy(cells[0]): cells
            for _, cells in sheet.head(layout.separator)
            if len(cells) > layout.series_place and tidy(cells[layout.series_place]) not in self._words
        }
        self._first_of_totals = tidy(self._head[layout.totals_row][1]) if layout.totals_row else ""
        self._totals: dict[str, tuple[int, Sequence[str]]] = {}
        self._sums: dict[str, dict[int, Decimal]] = defaultdict(dict)
        self.series: dict[Key, list[Row]] = {}

    def row(self, line: int, cells: Sequence[str]) -> None:
        """Take one row in.

        Raises:
            ValueError: with why it can't be a day's values.
        """
        layout = self._layout
        first = tidy(cells[0])
        if layout.day_row and first in self._head:
            return
        if len(cells) <= layout.first_period:
            raise ValueError(f"has {len(cells)} cells; the hours begin at cell {layout.first_period + 1}")
        word = tidy(cells[layout.series_place])
        if self._first_of_totals and first == self._first_of_totals:
            self._totals[word] = line, cells[layout.first_period : layout.first_period + _HOURS]
            return
        what = self._words.get(word)
        if what is None or what.direction == "other":
            known = "aren't known" if what is None else "aren't taken: their sign or base isn't known"
            self._found.note(f"rows of the kind {word[:60]!r} {known}", line)
            return
        try:
            point = point_of(cells[0])
        except ValueError as error:
            raise ValueError(f"point {first[:40]!r} {error}") from None
        must_agree(point, self._given.point, "point")
        check_digit_note(point, self._found, line)
        day = self._day(cells)
        rows = self._day_rows(line, day, what, cells[layout.first_period :])
        sums = self._sums[word]
        for row in rows:
            hour = row.second // 3600
            sums[hour] = sums.get(hour, Decimal(0)) + Decimal(row.wh or 0)
        self.series.setdefault((point, what), []).extend(rows)

    def _day(self, cells: Sequence[str]) -> date:
        cell = tidy(self._head[self._layout.day_row][1] if self._layout.day_row else cells[1])
        try:
            if not (match := self._pattern.fullmatch(cell)):
                raise ValueError
            return date(int(match["year"]), int(match["month"]), int(match["day"]))
        except ValueError:
            raise ValueError(f"day {cell[:40]!r}: expected {self._layout.day_pattern}") from None

    def _day_rows(self, line: int, day: date, what: Series, cells: Sequence[str]) -> list[Row]:
        rows = [self._cell(line, day, hour, what, cell) for hour, cell in enumerate(cells[:_HOURS])]
        rows += [self._cell(line, day, hour, what, "") for hour in range(len(rows), _HOURS)]
        beyond = any(tidy(cell) for cell in cells[_HOURS:])
        if len(day_periods(day, HOUR)) > _HOURS:
            where = "cell 25 is filled, and where the doubled hour stands isn't known: only 00 to 02 is taken"
            said = where if beyond else "24 cells can't hold the doubled hour: 02 to 03 isn't taken"
            self._found.doubt(f"{day}: {said}", line)
            return rows[:_DOUBLED] if beyond else rows[:_DOUBLED] + rows[_DOUBLED + 1 :]
        if beyond:
            raise ValueError(f"more than {_HOURS} hours are filled on {day}")
        return rows

    def _cell(self, line: int, day: date, hour: int, what: Series, cell: str) -> Row:
        value, word = cell, ""
        if self._layout.flags:
            value, _, word = map(str.strip, cell.rpartition(",")) if "," in cell else (cell, "", "")
        try:
            wh = self._amounts.wh(value, signed=what.direction == "balance")
        except ValueError as error:
            raise ValueError(f"hour {hour + 1}: value {cell.strip()[:40]!r} {error}") from None
        return Row(line, day, hour * 3600, "", wh, self._statuses.quality(word, line, there=wh is not None), word)

    def check_totals(self) -> None:
        """Rows of sums must be what the points' rows give; they are no values themselves."""
        for word, (line, cells) in self._totals.items():
            if self._words.get(word, Series("other")).direction == "other":
                continue
            wrong = [said for hour, cell in enumerate(cells) if (said := self._wrong_total(word, hour, cell))]
            if wrong:
                self._found.doubt(f"{word}: hours whose sum isn't its points': {wrong[0]}", line, len(wrong))

    def _wrong_total(self, word: str, hour: int, cell: str) -> str:
        value = cell.rpartition(",")[0] if self._layout.flags else cell
        try:
            total = self._amounts.wh(value)
        except ValueError as error:
            return f"hour {hour + 1}, {cell.strip()[:40]!r} {error}"
        # An hour that no row could hold (October's) has no sum to be checked.
        points = self._sums[word].get(hour)
        if total is None or points is None or Decimal(total) == points:
            return ""
        return f"hour {hour + 1}, the file's sum is {total} Wh, its points' {points} Wh"


def read_wide(layout: Layout, head_line: int, sheet: Sheet, given: Given, found: Found) -> None:
    """Read the rows below the head."""
    reader = _Reader(layout, sheet, given, found)
    for row in sheet.rows(layout.separator):
        if isinstance(row, Broken):
            found.refuse(row.line, row.reason)
            continue
        line, cells = row
        if line > head_line and any(cell.strip() for cell in cells):
            try:
                reader.row(line, cells)
            except ValueError as error:
                found.refuse(line, str(error))
    reader.check_totals()
    take_in(reader.series, layout.minutes * 60, found)
