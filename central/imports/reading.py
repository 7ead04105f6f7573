"""What the engines for long and wide layouts share: cells become rows of series, series become values."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from central.imports.amounts import plain_text, wh_of
from central.imports.found import UNKNOWN, UNSTATED, Found, Value
from central.imports.labels import Row, placed
from central.imports.layout import Layout, Series
from central.imports.sheet import tidy

Key = tuple[str, Series]
"""A point and what is measured there."""
_BOTH: Final = ".,"


class Amounts:
    """Reads a layout's numbers; where it allows two decimal marks, the first one met holds for the file."""

    def __init__(self, layout: Layout, *, workbook: bool) -> None:
        """A workbook's numbers have a dot, whatever the text files have."""
        self._unit = layout.unit
        self._missing = frozenset(map(tidy, layout.missing))
        self._marks = _BOTH if workbook else layout.decimal

    def wh(self, cell: str, *, signed: bool = False) -> str | None:
        """The exact text in Wh; None where there is no value.

        Raises:
            ValueError: with what is wrong with the number.
        """
        text = tidy(cell)
        if text in self._missing:
            return None
        wh = wh_of(text, self._unit, self._marks, signed=signed)
        if len(self._marks) > 1 and (mark := next((mark for mark in _BOTH if mark in text), "")):
            self._marks = mark
        return plain_text(wh)


class Statuses:
    """Reads a layout's status words."""

    def __init__(self, layout: Layout, found: Found) -> None:
        """Words that aren't known are noted once each."""
        self._known = {tidy(word): quality for word, quality in layout.statuses.items()}
        self._silent = not layout.status_column and not layout.flags
        self._found = found

    def quality(self, word: str, line: int, *, there: bool) -> str:
        """The quality of a value; ``there``: whether there is one."""
        if self._silent:
            return UNSTATED
        if word in self._known:
            return self._known[word]
        if there:
            self._found.unknown_status(word, line)
        return UNKNOWN


def take_in(series: dict[Key, list[Row]], length: int, found: Found) -> None:
    """Place the rows of each series and keep their values."""
    for (point, what), rows in series.items():
        for start, row in placed(rows, length, found):
            if row.wh is None:
                found.missing += 1
                continue
            for direction, wh in _directions(what, row.wh):
                found.values.append(
                    Value(point, direction, what.kind, start, length, wh, row.quality, row.word, row.line)
                )


def _directions(what: Series, wh: str) -> list[tuple[str, str]]:
    if what.direction != "balance":
        return [(what.direction, wh)]
    amount = plain_text(abs(Decimal(wh)))
    return [("drawn", "0"), ("injected", amount)] if wh.startswith("-") else [("drawn", amount), ("injected", "0")]
