"""A paper as files: a workbook (XLSX) and a CSV with the same content, sheet after sheet."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Final

import xlsxwriter

from central.papers.paper import DRAFT, Cell, Gap, Paper, Sheet, plain

_MOST_WIDE, _LEAST_WIDE = 60, 10
_HEAD_ROWS: Final = 4
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")


def layout(paper: Paper, sheet: Sheet) -> Iterator[tuple[Cell, ...]]:
    """The rows of a sheet as both files have them: the mark, the title, the basis, then the table and its notes."""
    yield (DRAFT,)
    yield (f"{paper.title} – {sheet.title}",)
    yield (f"Podstawa: {paper.basis}. Stan na dzień {paper.day.isoformat()}.",)
    yield ()
    yield sheet.columns
    yield from sheet.rows
    yield from ((note,) for note in ("", *sheet.notes) if sheet.notes)


def xlsx(paper: Paper) -> bytes:
    """The workbook."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    book.set_properties({"title": paper.title, "comments": DRAFT})
    wrap = {"text_wrap": True, "valign": "top", "border": 1, "border_color": "#BFBFBF"}
    formats = {
        "text": book.add_format({**wrap, "num_format": "@"}),
        "number": book.add_format({**wrap, "num_format": "#,##0.000"}),
        "count": book.add_format({**wrap, "num_format": "0"}),
        "gap": book.add_format({**wrap, "num_format": "@", "bg_color": "#FFE699"}),
        "head": book.add_format({**wrap, "bold": True, "bg_color": "#DDE6F0"}),
        "mark": book.add_format({"bold": True, "font_color": "#B00000"}),
        "title": book.add_format({"bold": True, "font_size": 13}),
        "note": book.add_format({"italic": True}),
    }
    for sheet in paper.sheets:
        _write_sheet(book, formats, paper, sheet)
    book.close()
    return made.getvalue()


def _write_sheet(book: xlsxwriter.Workbook, formats: dict[str, object], paper: Paper, sheet: Sheet) -> None:
    page = book.add_worksheet(sheet.title[:31])
    page.set_paper(9)
    page.set_landscape() if len(sheet.columns) > 3 else page.set_portrait()
    page.fit_to_pages(1, 0)
    page.repeat_rows(_HEAD_ROWS)
    page.set_footer(f"&L{DRAFT}&R&P / &N")
    page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    for column, title in enumerate(sheet.columns):
        longest = max([len(title), *(len(plain(row[column])) for row in sheet.rows)])
        page.set_column(column, column, min(max(longest + 2, _LEAST_WIDE), _MOST_WIDE))
    for i, row in enumerate(layout(paper, sheet)):
        table = _HEAD_ROWS <= i <= _HEAD_ROWS + len(sheet.rows)
        for column, cell in enumerate(row):
            name = {0: "mark", 1: "title"}.get(i, "head" if i == _HEAD_ROWS else "note")
            if table and i > _HEAD_ROWS:
                name = _format(cell)
            if isinstance(cell, Decimal | int):
                page.write_number(i, column, cell, formats[name])
            else:
                page.write_string(i, column, shown(cell), formats[name])


def _format(cell: Cell) -> str:
    if isinstance(cell, Gap):
        return "gap"
    if isinstance(cell, Decimal):
        return "number"
    return "count" if isinstance(cell, int) else "text"


def shown(cell: Cell) -> str:
    """A cell as its text; a number as Polish spreadsheets read it."""
    return plain(cell).replace(".", ",") if isinstance(cell, Decimal) else plain(cell)


def csv_text(paper: Paper) -> bytes:
    """The CSV: semicolons and a BOM, as Polish spreadsheets open it; an empty line between the sheets."""
    made = io.StringIO()
    out = csv.writer(made, delimiter=";", lineterminator="\r\n")
    for number, sheet in enumerate(paper.sheets):
        if number:
            out.writerow([])
        out.writerows([_safe(cell) for cell in row] for row in layout(paper, sheet))
    return made.getvalue().encode("utf-8-sig")


def _safe(cell: Cell) -> str:
    """A text that a spreadsheet would take for a formula gets a ``'`` before it; numbers stay."""
    text = shown(cell)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(cell, Decimal | int) else text


def write_paper(paper: Paper, folder: Path) -> list[Path]:
    """Write both files, each whole or not at all.

    Raises:
        OSError: the folder can't be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [
        put(folder / f"{paper.name}.xlsx", xlsx(paper)),
        put(folder / f"{paper.name}.csv", csv_text(paper)),
    ]


def put(path: Path, content: bytes) -> Path:
    """Write a file beside its place, then put it there; raises OSError."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    return path
