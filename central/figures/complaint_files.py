"""The evidence of a complaint as files: a workbook with a sheet for each table, a CSV of each, and the text."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from central.figures.complaint import Evidence, face, title
from central.figures.complaint_text import complaint_text
from central.papers.paper import Cell, Sheet, file_stem, plain
from central.papers.writing import put

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")
_DIGITS: Final = 15
"""So many a spreadsheet's number keeps; a longer one is written as text."""
_HEAD: Final = 3
_WIDEST, _LEAST = 50, 9


def stem(made: Evidence) -> str:
    """The name of the files, without an ending."""
    party = "operator" if made.party == "operator" else "sprzedawca"
    point = f"-{file_stem(made.points[0])}" if len(made.points) == 1 else ""
    return f"reklamacja-{made.compared.month}-{party}{point}"


def write(made: Evidence, out: Path) -> list[Path]:
    """Write the workbook alone where ``out`` is named ``.xlsx``, else all files into the folder.

    Raises:
        OSError: something can't be written; each file is whole or not there.
    """
    if out.suffix.lower() == ".xlsx" and not out.is_dir():
        return [put(out, workbook(made))]
    out.mkdir(parents=True, exist_ok=True)
    name = stem(made)
    files = [put(out / f"{name}.txt", complaint_text(made).encode()), put(out / f"{name}.xlsx", workbook(made))]
    return files + [put(out / f"{name}-{file_stem(sheet.title)}.csv", csv_of(made, sheet)) for sheet in made.sheets]


def workbook(made: Evidence) -> bytes:
    """The workbook; its first sheet is the text."""
    content = io.BytesIO()
    # Rows are written in order, so none needs to be held in memory.
    book = xlsxwriter.Workbook(content, {"constant_memory": True})
    book.set_properties({"title": title(made), "comments": " ".join(face(made))})
    formats = {
        "text": book.add_format({"num_format": "@"}),
        "number": book.add_format({"num_format": "0.00##########"}),
        "head": book.add_format({"bold": True, "bg_color": "#DDE6F0", "text_wrap": True, "valign": "top"}),
        "mark": book.add_format({"bold": True, "font_color": "#B00000"}),
        "title": book.add_format({"bold": True, "font_size": 13}),
    }
    page = book.add_worksheet("Pismo")
    page.set_column(0, 0, 120, formats["text"])
    for i, line in enumerate(complaint_text(made).splitlines()):
        page.write_string(i, 0, line, formats["title" if i == 0 else "text"])
    for sheet in made.sheets:
        _write(book.add_worksheet(sheet.title[:31]), formats, made, sheet)
    book.close()
    return content.getvalue()


def _write(page: Any, formats: dict[str, Any], made: Evidence, sheet: Sheet) -> None:
    page.set_paper(9)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
    page.freeze_panes(_HEAD + 1, 0)
    for column, name in enumerate(sheet.columns):
        longest = max([len(name) // 2, *(len(plain(row[column])) for row in sheet.rows[:200])])
        page.set_column(column, column, min(max(longest + 2, _LEAST), _WIDEST))
    page.write_string(0, 0, " ".join(face(made)), formats["mark"])
    page.write_string(1, 0, f"{title(made)} – {sheet.title}", formats["title"])
    for column, name in enumerate(sheet.columns):
        page.write_string(_HEAD, column, name, formats["head"])
    for i, row in enumerate(sheet.rows, _HEAD + 1):
        for column, cell in enumerate(row):
            _put(page, i, column, cell, formats)
    for i, note in enumerate(sheet.notes, _HEAD + 2 + len(sheet.rows)):
        page.write_string(i, 0, note)


def _put(page: Any, row: int, column: int, cell: Cell, formats: dict[str, Any]) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, int) or (isinstance(cell, Decimal) and len(cell.as_tuple().digits) <= _DIGITS):
        page.write_number(row, column, cell, formats["text" if isinstance(cell, int) else "number"])
    else:
        page.write_string(row, column, plain(cell), formats["text"])


def csv_of(made: Evidence, sheet: Sheet) -> bytes:
    """A sheet as CSV: semicolons, decimal commas and a BOM, as Polish spreadsheets open it."""
    content = io.StringIO()
    out = csv.writer(content, delimiter=";", lineterminator="\r\n")
    out.writerow([" ".join(face(made))])
    out.writerow([f"{title(made)} – {sheet.title}"])
    out.writerow([])
    out.writerow(sheet.columns)
    out.writerows([_safe(cell) for cell in row] for row in sheet.rows)
    out.writerows([note] for note in sheet.notes)
    return content.getvalue().encode("utf-8-sig")


def _safe(cell: Cell) -> str:
    """A text that a spreadsheet would take for a formula gets a ``'`` before it; numbers stay."""
    if isinstance(cell, Decimal):
        return format(cell, "f").replace(".", ",")
    text = plain(cell)
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(cell, int) else text
