"""A paper as data: sheets of rows, with the cells that nobody has filled yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

DRAFT: Final = "PROJEKT – układ własny, urzędowy wzór nie był dostępny"
"""Stands on the face of every paper: the official layouts were not available."""
_WH_PER_KWH: Final = Decimal(1000)


@dataclass(frozen=True, slots=True)
class Gap:
    """A fact that is missing, and where it is to be filled in."""

    key: str
    """``[coordinator] address w cluster.toml``."""

    def __str__(self) -> str:
        """As the paper shows it."""
        return f"brak – uzupełnij: {self.key}"


Cell = str | int | Decimal | date | Gap | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with its head; cells stand in the order of the columns."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    notes: tuple[str, ...] = ()
    """Sentences below the table."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One document."""

    name: str
    """Of its file, without an ending."""
    title: str
    basis: str
    """The articles that it rests on."""
    day: date
    """The local day whose data it tells."""
    sheets: tuple[Sheet, ...]

    @property
    def gaps(self) -> list[str]:
        """What is to be filled in, each place once, in the order of the paper."""
        cells = (cell for sheet in self.sheets for row in sheet.rows for cell in row)
        return list(dict.fromkeys(cell.key for cell in cells if isinstance(cell, Gap)))

    def answer(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "name": self.name,
            "title": self.title,
            "basis": self.basis,
            "draft": DRAFT,
            "day": self.day.isoformat(),
            "gaps": self.gaps,
            "sheets": [
                {
                    "title": sheet.title,
                    "columns": list(sheet.columns),
                    "rows": [[plain(cell) for cell in row] for row in sheet.rows],
                    "notes": list(sheet.notes),
                }
                for sheet in self.sheets
            ],
        }


def plain(cell: Cell) -> str:
    """A cell as text: numbers with a point, days as in ISO 8601."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def kwh(wh: int | None) -> Decimal | None:
    """Wh as exact kWh with three decimals."""
    return None if wh is None else (Decimal(wh) / _WH_PER_KWH).quantize(Decimal("0.001"))


def filled(value: str, key: str) -> str | Gap:
    """A text, or the gap that it leaves."""
    return value or Gap(key)


def file_stem(name: str) -> str:
    """A name from the cluster file as a part of a file's name: small ASCII letters, digits and hyphens."""
    letters = str.maketrans("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ", "acelnoszzACELNOSZZ")
    kept = "".join(one if one.isascii() and one.isalnum() else "-" for one in name.translate(letters).casefold())
    return "-".join(part for part in kept.split("-") if part)[:60] or "bez-nazwy"
