"""The cells of a workbook's first sheet (XLSX, also one that calls itself .xls), as text; hostile until read.

Bounded before it is parsed: what the archive says it holds, what it really holds, rows and columns. Entities and
document types are forbidden (defusedxml, which openpyxl takes when it is installed).
"""

from __future__ import annotations

import contextlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from central.imports.found import NotReadError

MAX_INFLATED: Final = 256 * 2**20
MAX_PARTS: Final = 1000
MAX_ROWS: Final = 400_000
MAX_COLUMNS: Final = 200
_CHUNK = 2**20
Row = tuple[int, list[str]]
_HALF_SECOND = timedelta(milliseconds=500)


def workbook_rows(content: bytes, remarks: list[str] | None = None) -> list[Row]:
    """Every row that isn't empty, with its number.

    Of a cell with a formula the value counts that the spreadsheet has kept; where it has kept none the formula stands
    there as text, which is no value. ``remarks`` is told that there are formulas.

    Raises:
        NotReadError: it is no workbook, or one that is larger than any report.
    """
    with opened_workbook(content) as book:
        if not book.worksheets:
            raise NotReadError("the workbook has no sheet of cells")
        rows = _rows(book.worksheets[0])
        if remarks is not None and (more := len(book.worksheets) - 1):
            sheets = "another sheet" if more == 1 else f"{more} more sheets"
            remarks.append(f"the first sheet, {book.sheetnames[0][:40]!r}, is read; {sheets} of the workbook not")
    with opened_workbook(content, formulas=True) if _has_formulas(content) else contextlib.nullcontext() as book:
        if book is None:
            return rows
        formulas = _rows(book.worksheets[0])
    values, count, lost = dict(rows), 0, 0
    for number, cells in formulas:
        for place, cell in enumerate(cells):
            if not cell.startswith("="):
                continue
            kept = values.setdefault(number, [])
            kept += [""] * (place + 1 - len(kept))
            count, lost = count + 1, lost + (not kept[place])
            kept[place] = kept[place] or cell
    if remarks is not None and count:
        said = f"cells are formulas: {count}; the values that the spreadsheet kept are taken"
        remarks.append(said + (f", of {lost} it kept none: open and save it in the spreadsheet" if lost else ""))
    return sorted(values.items())


def _has_formulas(content: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return any(
            b"<f>" in data or b"<f " in data
            for name in archive.namelist()
            if name.startswith("xl/worksheets/")
            for data in [archive.read(name)]
        )


@contextlib.contextmanager
def opened_workbook(content: bytes, *, formulas: bool = False) -> Iterator[Any]:
    """The workbook, bounded, read row by row; with ``formulas`` a cell that has one shows it, and never its value.

    Raises:
        NotReadError: it is no workbook, or one that is larger than any report; also for trouble while it is read.
    """
    # It takes a fifth of a second to import: only who has a workbook waits for it.
    import openpyxl  # noqa: PLC0415
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415
    from openpyxl.xml import DEFUSEDXML  # noqa: PLC0415

    if not DEFUSEDXML:
        raise NotReadError("workbooks can't be read safely here: install defusedxml")
    _check_size(content)
    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=not formulas, keep_links=False)
        try:
            yield book
        finally:
            book.close()
    except DefusedXmlException:
        raise NotReadError("the workbook has a document type or entities in it; no report has") from None
    except NotReadError:
        raise
    except (InvalidFileException, zipfile.BadZipFile, defusedxml.ElementTree.ParseError, zlib.error) as error:
        raise NotReadError(f"it isn't a workbook that can be read: {error}") from None
    except Exception as error:  # noqa: BLE001 - whatever the library meets in a hostile file
        way = "open it in a spreadsheet, and save it as .xlsx"
        raise NotReadError(f"it is a workbook that can't be read ({type(error).__name__}): {way}") from None


def _check_size(content: bytes) -> None:
    """Inflate each part once, counting: an archive may lie about what it holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_INFLATED:
                raise NotReadError(f"the workbook unpacks to more than {MAX_INFLATED >> 20} MiB or {MAX_PARTS} parts")
            _is_workbook({part.filename for part in parts})
            for part in parts:
                with archive.open(part) as stream:
                    while stream.read(_CHUNK):
                        pass
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise NotReadError(f"it isn't a workbook, or is damaged or cut off ({error}): download it again") from None


def _is_workbook(names: set[str]) -> None:
    if "content.xml" in names:
        raise NotReadError("it is an OpenDocument file; save it as .xlsx or CSV")
    if "[Content_Types].xml" not in names:
        raise NotReadError("it is a ZIP archive and no workbook: unpack it, and give the files in it")
    if any(name.endswith(".bin") and name.startswith("xl/workbook") for name in names):
        raise NotReadError("it is a binary workbook (.xlsb); save it as .xlsx or CSV")


def _rows(sheet: Any) -> list[Row]:
    rows: list[Row] = []
    # What the sheet says of its own size may be wrong, or a bomb.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS), 1):
        if number > MAX_ROWS:
            raise NotReadError(f"the workbook has more than {MAX_ROWS} rows")
        cells = [_text(cell) for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            rows.append((number, cells))
    return rows


def _text(cell: object) -> str:
    """A cell as a person reads it; numbers to 15 digits, which is what a spreadsheet keeps."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        short = format(cell, ".15g")
        # A large number stays with its exponent: its last digits are lost.
        return short if "e+" in short else format(Decimal(short), "f")
    if isinstance(cell, datetime):
        return (cell + _HALF_SECOND).replace(microsecond=0).isoformat(" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    return str(cell)
