"""A document as blocks of tables and sentences, which PDF and workbook show alike. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

_PRINTED: Final = (
    (0x20, 0x7E), (0xA1, 0xAC), (0xAE, 0x2FF), (0x386, 0x386), (0x388, 0x38A), (0x38C, 0x38C), (0x38E, 0x3A1),
    (0x3A3, 0x3CE), (0x400, 0x481), (0x490, 0x4CC), (0x2010, 0x2015), (0x2018, 0x2022), (0x2026, 0x2026),
    (0x2030, 0x2030), (0x2032, 0x2033), (0x2039, 0x203A), (0x20AC, 0x20AC), (0x2116, 0x2116), (0x2122, 0x2122),
    (0x2190, 0x2193), (0x2212, 0x2212), (0x2260, 0x2260), (0x2264, 0x2265),
)  # fmt: skip
"""Characters that the fonts have; PDF/A can't hold one that a font lacks."""


def plain_text(text: str) -> str:
    """A text from data as one line that can be printed; a character that no font has is told by its code."""
    made = []
    for letter in unicodedata.normalize("NFC", text):
        code = ord(letter)
        if any(first <= code <= last for first, last in _PRINTED):
            made.append(letter)
        elif unicodedata.category(letter) in {"Cc", "Zs", "Zl", "Zp"}:
            made.append(" ")
        elif unicodedata.category(letter) != "Cf":
            made.append(f"[U+{code:04X}]")
    return " ".join("".join(made).split())


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its digits after the point, and what marks it."""

    value: Decimal | int | None
    """None: not known, which a note of its table explains."""
    digits: int = 0
    marks: str = ""
    """Letters and signs above the line; the table's notes say what each means."""
    signed: bool = False


Cell = str | Figure


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``width`` is its part of the page, 0: as wide as its content."""

    title: str
    right: bool = False
    width: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row; ``kind``: plain, group (its first cell is a heading of those below), or sum."""

    cells: Sequence[Cell]
    kind: str = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its sentences before and after."""

    title: str
    sheet: str
    """Its name in the workbook, at most 31 characters."""
    columns: Sequence[Column]
    rows: Sequence[Row]
    intro: str = ""
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and values; a value may be code, which is set as such."""

    title: str
    rows: Sequence[tuple[str, str]]
    code: bool = False
    intro: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences under a heading."""

    title: str
    sentences: Sequence[str]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole."""

    language: str
    title: str
    subtitle: str
    head: str
    foot: str
    page: str
    """``strona {n} z {all}``."""
    boxes: Sequence[tuple[str, str]]
    """What must be read first: a word in bold and its sentence."""
    blocks: Sequence[Table | Facts | Words] = field(default=())


def shown(cell: Cell, language: str) -> str:
    """A cell as text; numbers as the language writes them, with blanks that don't break between thousands."""
    if isinstance(cell, str):
        return cell
    if cell.value is None:
        return "–"
    text = f"{cell.value:+,.{cell.digits}f}" if cell.signed else f"{cell.value:,.{cell.digits}f}"
    text = text.replace("-", "−") if cell.value else text.replace("+", "")
    return text.replace(",", "\u00a0").replace(".", ",") if language == "pl" else text
