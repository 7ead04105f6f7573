"""Sheets as files: one workbook (XLSX) with a sheet for each table, or a folder with a CSV for each.

Everything is written as text, so that a spreadsheet neither rounds a PPE nor runs a cell; what is read is bounded.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from central.cluster.columns import SHEETS
from central.cluster.flat import Cells, Rows
from central.imports.found import NotReadError
from central.imports.workbook import opened_workbook
from runtime.config import ConfigError, Problem
from runtime.unread import why_unread

MAX_BYTES: Final = 32 << 20
MAX_ROWS: Final = 100_000
MAX_CELL: Final = 1000
_EXACT_BELOW: Final = 10**15
"""A spreadsheet's numbers have 15 digits: a PPE that was typed as a number has lost its last ones."""
_RUNS: Final = ("=", "+", "-", "@", "\t", "\r", "'")
"""What a cell must not begin with in a CSV: a spreadsheet would take it for a formula."""
_DELIMITERS: Final = (";", ",", "\t")

Numbered = dict[str, list[tuple[int, Cells]]]
"""The rows of each sheet with their numbers, the header being row 1."""


def write_xlsx(rows: Rows) -> bytes:
    """A workbook with every table."""
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True})
    text = book.add_format({"num_format": "@"})
    head = book.add_format({"num_format": "@", "bold": True})
    for name, sheet in SHEETS.items():
        page = book.add_worksheet(name)
        page.set_column(0, len(sheet.header) - 1, 18, text)
        page.freeze_panes(1, 0)
        page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        for column, title in enumerate(sheet.header):
            page.write_string(0, column, title, head)
        for i, cells in enumerate(rows[name], 1):
            for column, title in enumerate(sheet.header):
                if title in cells:
                    page.write_string(i, column, cells[title], text)
    book.close()
    return made.getvalue()


def write_csv(rows: Rows) -> dict[str, bytes]:
    """The files of a folder by their names. With semicolons and a BOM, as Polish spreadsheets open it by themselves."""
    files = {}
    for name, sheet in SHEETS.items():
        made = io.StringIO()
        out = csv.writer(made, delimiter=";", lineterminator="\r\n")
        out.writerow(sheet.header)
        out.writerows([_safe(cells.get(title, "")) for title in sheet.header] for cells in rows[name])
        files[f"{name}.csv"] = made.getvalue().encode("utf-8-sig")
    return files


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_RUNS) else text


def _unsafe(text: str) -> str:
    return text[1:] if text.startswith("'") else text


def read_xlsx(path: Path) -> Numbered:
    """The sheets of a workbook.

    Raises:
        ConfigError: it can't be read, or a sheet, column or cell isn't one of a cluster's.
    """
    file = str(path)
    content = _bytes(path)
    found: Numbered = {}
    problems: list[Problem] = []
    try:
        with opened_workbook(content, formulas=True) as book:
            for page in book.worksheets:
                page.reset_dimensions()
                rows = page.iter_rows(max_col=max(len(sheet.header) for sheet in SHEETS.values()) + 1)
                found[page.title] = _sheet(page.title, _texts(rows, page.title, file, problems), file, problems)
    except NotReadError as error:
        raise ConfigError([Problem(file, "", "", str(error))]) from error
    if problems:
        raise ConfigError(problems)
    return found


def _texts(rows: Any, sheet: str, file: str, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(rows, 1):
        texts = []
        for i, cell in enumerate(row, 1):
            text, said = _cell(cell)
            if said:
                where = f"sheet {sheet}, row {number}, column {i}"
                problems.append(Problem(file, where, f'"{text[:60]}"', said))
            texts.append(text)
        yield number, texts


def _cell(cell: Any) -> tuple[str, str]:
    """A cell's text, and why it can't be used."""
    value = cell.value
    if value is None:
        return "", ""
    if cell.data_type == "f":
        return str(value), "is a formula: write its value as text"
    if isinstance(value, bool):
        return ("true" if value else "false"), ""
    if isinstance(value, int | float):
        if abs(value) >= _EXACT_BELOW:
            return f"{value:.0f}", "is a number of more than 15 digits, the last ones are lost: format it as text"
        return (str(int(value)) if value == int(value) else format(value, ".15g")), ""
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds"), ""
    return str(value), ""


def read_folder(path: Path) -> Numbered:
    """The CSVs of a folder.

    Raises:
        ConfigError: as ``read_xlsx``.
    """
    found: Numbered = {}
    problems: list[Problem] = []
    for one in sorted(path.glob("*.csv")):
        file = str(one)
        if one.stem not in SHEETS:
            problems.append(Problem(file, "", "", f"unknown table; known: {', '.join(SHEETS)}"))
            continue
        try:
            text = _bytes(one).decode("utf-8-sig")
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
            texts = [(number, [_unsafe(cell) for cell in row]) for number, row in enumerate(rows, 1)]
        except ConfigError as error:
            problems += error.problems
        except UnicodeDecodeError as error:
            problems.append(Problem(file, "", "", f"isn't UTF-8 (byte {error.start}): save it as CSV UTF-8"))
        except csv.Error as error:
            problems.append(Problem(file, "", "", f"isn't CSV: {error}"))
        else:
            found[one.stem] = _sheet(one.stem, iter(texts), file, problems)
    if not found and not problems:
        problems.append(Problem(str(path), "", "", "no CSV is in this folder: cluster.csv, members.csv, points.csv, …"))
    if problems:
        raise ConfigError(problems)
    return found


def _delimiter(text: str) -> str:
    head = text.partition("\n")[0]
    return max(_DELIMITERS, key=head.count)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError([Problem(str(path), "", "", f"is larger than {MAX_BYTES >> 20} MiB")])
        return path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(str(path), "", "", why_unread(error))]) from error


def _sheet(
    name: str, rows: Iterator[tuple[int, list[str]]], file: str, problems: list[Problem]
) -> list[tuple[int, Cells]]:
    """The rows below the header that aren't empty, by column."""
    if name not in SHEETS:
        problems.append(Problem(file, f"sheet {name}", "", f"unknown table; known: {', '.join(SHEETS)}"))
        return []
    columns = SHEETS[name].header
    _, titles = next(rows, (1, []))
    titles = [title.strip() for title in titles]
    for i, title in enumerate(titles, 1):
        if (title and title not in columns) or titles.index(title) + 1 < i * bool(title):
            said = "stands twice" if title in columns else f"unknown column; known here: {', '.join(columns)}"
            problems.append(Problem(file, f"sheet {name}, row 1, column {i}", f'"{title[:60]}"', said))
    found = []
    for number, row in rows:
        if number > MAX_ROWS:
            problems.append(Problem(file, f"sheet {name}", "", f"has more than {MAX_ROWS} rows"))
            break
        if cells := _row(name, number, titles, row, file, problems):
            found.append((number, cells))
    return found


def _row(name: str, number: int, titles: list[str], row: list[str], file: str, problems: list[Problem]) -> Cells:
    cells: Cells = {}
    for i, text in enumerate(row):
        title = titles[i] if i < len(titles) else ""
        where = f"sheet {name}, row {number}, column {title or i + 1}"
        if len(text) > MAX_CELL:
            problems.append(Problem(file, where, f'"{text[:60]}…"', f"is longer than {MAX_CELL} characters"))
        elif text and title:
            cells[title] = text
        elif text.strip():
            problems.append(Problem(file, where, f'"{text[:60]}"', "stands outside the columns that row 1 names"))
    return cells


def numbered(rows: Mapping[str, list[Cells]]) -> Numbered:
    """Rows as they would be read from sheets."""
    return {name: list(enumerate(cells, 2)) for name, cells in rows.items()}
