"""A file as rows of cells, whether it is delimited text or a workbook: what layouts are found in and read from."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Final

from central.imports.found import NotReadError
from central.imports.workbook import workbook_rows

SEPARATORS: Final = (";", ",", "\t")
HEAD_ROWS: Final = 12
"""A header is looked for in so many rows."""
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_SPACE_AFTER_QUOTE = re.compile(r'" +(?=[;\r\n])')
"""Enea's older files close a quoted cell and put a space before the separator."""

Line = tuple[int, list[str]]


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that can't be split into cells."""

    line: int
    reason: str


@dataclass(frozen=True)
class Sheet:
    """A file's cells; a separator is tried only when a layout asks for it."""

    text: str = ""
    cells: Sequence[Line] | None = None
    """Of a workbook."""
    remarks: list[str] = field(default_factory=list)
    """What had to be done to read it."""

    def rows(self, separator: str) -> Iterator[Line | Broken]:
        """Every row with its line; a workbook has no separator."""
        if self.cells is not None:
            yield from self.cells
            return
        reader = csv.reader(io.StringIO(self.text, newline=""), delimiter=separator, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Broken(line, f"isn't CSV: {error}")
                continue
            yield line, row

    @cached_property
    def _heads(self) -> dict[str, list[Line]]:
        return {}

    def head(self, separator: str) -> list[Line]:
        """The first rows, split once."""
        if separator not in self._heads:
            first = islice(self.rows(separator), HEAD_ROWS)
            self._heads[separator] = [row for row in first if not isinstance(row, Broken)]
        return self._heads[separator]


def sheet_of(content: bytes) -> Sheet:
    """The cells of a file.

    Raises:
        NotReadError: it is no text and no workbook that can be read.
    """
    if content.startswith(_ZIP):
        remarks: list[str] = []
        return Sheet(cells=workbook_rows(content, remarks), remarks=remarks)
    if content.startswith(_OLD_EXCEL):
        raise NotReadError("it is a workbook of Excel before 2007; save it as .xlsx or CSV")
    text, remarks = decoded(content)
    text = _SPACE_AFTER_QUOTE.sub('"', text)
    return Sheet(text=text, remarks=remarks)


def decoded(content: bytes) -> tuple[str, list[str]]:
    """The text of a file, and what was remarkable in reading it: UTF-8, UTF-16 with BOM, then Windows-1250.

    Raises:
        NotReadError: none of them fits.
    """
    remarks: list[str] = []
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif content.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    else:
        encoding = "utf-8"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        try:
            text = content.decode("cp1250")
        except UnicodeDecodeError:
            raise NotReadError("its text is neither UTF-8 nor Windows-1250") from None
    if count := text.count("\0"):
        text = text.replace("\0", "")
        remarks.append(f"{count} NUL bytes were left out")
    return text, remarks


def tidy(cell: str) -> str:
    """A cell for comparison: composed letters, white space collapsed and trimmed."""
    return " ".join(unicodedata.normalize("NFC", cell).split())


def tidy_row(row: Sequence[str]) -> list[str]:
    """The cells for comparison, without empty ones at the end."""
    cells = [tidy(cell) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells
