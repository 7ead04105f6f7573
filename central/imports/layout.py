"""Formats of delimited files and workbooks as declarations: one small TOML file in ``layouts/`` each.

A layout is found by its header, never by a file's name. Sources of each are in its ``evidence``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import msgspec

from central.imports.amounts import UNITS
from central.imports.found import Kind
from central.imports.labels import StandsFor
from central.imports.sheet import Sheet, tidy, tidy_row


class Series(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a column or a word means: a direction, and before or after netting."""

    direction: Literal["drawn", "injected", "balance", "other"]
    """``balance``: drawn where positive, injected where negative. ``other``: known, and not taken."""
    kind: Kind = "raw"


class Label(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A form of the time labels."""

    pattern: str
    """``YYYY MM DD H HH mm ss`` and letters between."""
    stands_for: StandsFor
    note: str = ""
    """What is to be said where it is met."""


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One format."""

    name: str
    title: str
    evidence: str
    shape: Literal["long", "wide"]
    """``long``: a row for each period. ``wide``: a row for each point, day and direction."""
    separator: str = ";"
    header: Sequence[str] = ()
    """Its cells, in this order; of a wide layout whose words aren't known: none."""
    among_others: bool = False
    """Whether other columns may stand around them, in any order."""
    minutes: int = 60
    unit: str = "kWh"
    decimal: str = ","
    missing: Sequence[str] = ("",)
    """Words of a cell without a value."""
    series: Mapping[str, Series] = {}
    """By column, or by the words in ``series_column``; exact text."""
    point_column: str = ""
    time_column: str = ""
    labels: Sequence[Label] = ()
    value_column: str = ""
    """Where ``series_column`` says what it is; otherwise each column of ``series`` has its own values."""
    series_column: str = ""
    status_column: str = ""
    statuses: Mapping[str, Literal["measured", "estimated"]] = {}
    """Qualities by status word; any other is kept and never measured."""
    flags: bool = False
    """Wide: whether a cell is ``value,flag``."""
    day_row: str = ""
    """Wide: the first cell of the head's row whose second is the day; absent, the second column is."""
    day_pattern: str = "YYYYMMDD"
    totals_row: str = ""
    """Wide: the first cell of the head's row whose second begins the rows of sums."""
    first_period: int = 3
    """Wide: the place of the first period's column."""
    series_place: int = 2
    """Wide: the place of the direction's column."""


_FOLDER: Final = "layouts"


@cache
def layouts() -> tuple[Layout, ...]:
    """All of them, by name.

    Raises:
        ValueError: a declaration contradicts itself.
    """
    found = []
    for entry in files("central.imports").joinpath(_FOLDER).iterdir():
        if entry.name.endswith(".toml"):
            layout = msgspec.toml.decode(entry.read_bytes(), type=Layout)
            if layout.unit not in UNITS or entry.name != f"{layout.name}.toml":
                raise ValueError(f"{entry.name}: unit or name")
            found.append(layout)
    return tuple(sorted(found, key=lambda layout: layout.name))


def find_layout(sheet: Sheet) -> tuple[Layout, int] | None:
    """The layout whose header a file has, and the header's line (0: it has none)."""
    for layout in layouts():
        for line, row in sheet.head(layout.separator):
            if layout.shape == "long" and _is_header(layout, row):
                return layout, line
            if layout.shape == "wide" and (place := _wide_head(layout, sheet, line, row)) is not None:
                return layout, place
    return None


def _is_header(layout: Layout, row: Sequence[str]) -> bool:
    cells, wanted = tidy_row(row), [tidy(name) for name in layout.header]
    if layout.among_others:
        return bool(wanted) and set(wanted) <= set(cells)
    return cells == wanted


def _wide_head(layout: Layout, sheet: Sheet, line: int, row: Sequence[str]) -> int | None:
    """The line before the first row of values, where a row is one."""
    if layout.day_row:
        first_cells = [tidy(cells[0]) for _, cells in sheet.head(layout.separator) if cells]
        return 0 if {layout.day_row, layout.totals_row} <= set(first_cells) else None
    cells = [tidy(cell) for cell in row]
    if len(cells) <= layout.first_period or not re.fullmatch(r"[0-9]{8}", cells[1]):
        return None
    return line - 1 if cells[layout.series_place] in map(tidy, layout.series) else None
