"""The tables of a cluster file as flat sheets: their columns, and each cell's text.

Columns have the names of the file's keys. A table within a table (``members.regimes``) is a sheet of its own, and its
first column names the row that it belongs to. An empty cell is an absent key.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum, StrEnum
from typing import Any, Final

import msgspec

from central.cluster.model import Cluster, ClusterFile
from central.settings import CHOICES

NOTHING: Final = "none"
"""The cell of a list that is there and has nothing in it."""
_TRUE, _FALSE = {"true", "tak", "yes", "prawda"}, {"false", "nie", "no", "fałsz"}
_LAST: Final = ("valid_from", "valid_to")
SINGULAR: Final = {"members": "member", "points": "point"}


class Cell(StrEnum):
    """What a cell holds."""

    TEXT = "text"
    FLAG = "true or false"
    NUMBER = "a number like 40 or 0.4"
    DAY = "a date like 2024-10-01"
    BOUND = "a date like 2024-10-01, or a full hour like 2024-10-01T14:00:00+02:00"
    WORDS = "words with spaces between them"
    NUMBERS = "numbers with spaces between them"
    STANDS = "registers with their stands, like 1-0:1.8.0=12345.6, with spaces between them"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table."""

    name: str
    columns: dict[str, Cell]
    key: tuple[str, ...]
    """The columns that name a row, but for the parent's."""
    parent: str = ""
    """The table whose rows these belong to."""
    single: bool = False
    """Whether it is one table rather than a list of them."""

    @property
    def table(self) -> str:
        """The key under which the rows stand in the file, or in their parent's row."""
        return self.name.rpartition(".")[2]

    @property
    def of(self) -> str:
        """The column that names the parent's row."""
        return SINGULAR[self.parent] if self.parent else ""

    @property
    def header(self) -> list[str]:
        """All columns in order."""
        return [self.of, *self.columns] if self.parent else list(self.columns)


def _sheets() -> Iterator[Sheet]:
    hints = typing.get_type_hints(ClusterFile)
    yield Sheet("cluster", _columns(hints.pop("cluster")), (), single=True)
    words = {name: Cell.WORDS if isinstance(values[0], tuple) else Cell.TEXT for name, values in CHOICES.items()}
    yield Sheet("settings", words | {"ec_outcome_date": Cell.DAY}, (), single=True)
    if limits := typing.get_type_hints(Cluster).get("limits"):
        yield Sheet("validation", _columns(limits), (), single=True)
    for table, hint in hints.items():
        row = _row_type(hint)
        if typing.get_origin(hint) is not tuple:
            yield Sheet(table, _columns(row), (), single=True)
            continue
        yield Sheet(table, _columns(row), row.KEY)
        for name, inner in typing.get_type_hints(row).items():
            if typing.get_origin(inner) is tuple and issubclass(typing.get_args(inner)[0], msgspec.Struct):
                nested = typing.get_args(inner)[0]
                yield Sheet(f"{table}.{name}", _columns(nested), nested.KEY, parent=table)


def _row_type(hint: Any) -> Any:
    return typing.get_args(hint)[0]


def _columns(row: Any) -> dict[str, Cell]:
    hints = typing.get_type_hints(row)
    names = sorted(row.__struct_fields__, key=lambda name: name in _LAST)
    kinds = {name: _kind(hints[name]) for name in names}
    return {name: kind for name, kind in kinds.items() if kind is not None}


def _kind(hint: Any) -> Cell | None:
    """The cell of a field; None where it holds rows of its own."""
    parts = set(typing.get_args(hint)) or {hint}
    inner = next((typing.get_args(one) for one in (hint, *parts) if typing.get_origin(one) is tuple), None)
    if inner:
        if issubclass(inner[0], msgspec.Struct):
            return None
        return Cell.NUMBERS if inner[0] is int else Cell.WORDS
    if typing.get_origin(hint) is dict:
        return Cell.STANDS
    if {date, datetime} <= parts:
        return Cell.BOUND
    if date in parts:
        return Cell.DAY
    if bool in parts:
        return Cell.FLAG
    return Cell.NUMBER if {Decimal, int} & parts else Cell.TEXT


SHEETS: Final[dict[str, Sheet]] = {sheet.name: sheet for sheet in _sheets()}
"""By name, in the order of the file."""


def cell_text(value: Any) -> str:
    """A value of a parsed file as a cell shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return " ".join(cell_text(one) for one in value) or NOTHING
    if isinstance(value, dict):
        return " ".join(f"{register}={stand}" for register, stand in value.items()) or NOTHING
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return str(value.value if isinstance(value, Enum) else value)


def cell_value(text: str, cell: Cell) -> Any:
    """The value that a cell's text means.

    Raises:
        ValueError: it can't be one; the message says what was expected.
    """
    if cell is Cell.TEXT:
        return text
    word = text.strip()
    if cell is Cell.FLAG and word.casefold() in _TRUE | _FALSE:
        return word.casefold() in _TRUE
    if cell is Cell.WORDS:
        return [] if word == NOTHING else re.split(r"[\s,;]+", word)
    if cell is Cell.STANDS and word == NOTHING:
        return {}
    try:
        if cell is Cell.STANDS:
            return _stands(word)
        if cell is Cell.NUMBERS:
            return [] if word == NOTHING else [int(one) for one in re.split(r"[\s,;]+", word)]
        if cell is Cell.NUMBER:
            return _number(word)
        if cell in {Cell.DAY, Cell.BOUND}:
            return _when(word, cell)
    except (ValueError, InvalidOperation):
        pass
    raise ValueError(f"expected {cell.value}")


def _stands(word: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in word.split():
        register, _, stand = one.partition("=")
        if not register or not stand or register in found:
            raise ValueError(word)
        found[register] = stand
    return found


def _number(word: str) -> int | Decimal:
    if not re.fullmatch(r"-?[0-9]{1,30}([.,][0-9]{1,30})?", word):
        raise ValueError(word)
    return int(word) if word.lstrip("-").isdigit() else Decimal(word.replace(",", "."))


def _when(word: str, cell: Cell) -> date | datetime:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", word):
        return date.fromisoformat(word)
    # A spreadsheet makes a date of a day, and shows it with the time 00:00.
    if found := re.fullmatch(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]00:00:00", word):
        return date.fromisoformat(found[1])
    if cell is Cell.BOUND and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{5,15}([+-][0-9:]{5}|Z)?", word):
        return datetime.fromisoformat(word)
    raise ValueError(word)
