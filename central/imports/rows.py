"""The rows of a CSV file of readings as arrays: fast where the file is well formed, line by line where it isn't."""

from __future__ import annotations

import codecs
import csv
import mmap
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from central.imports.found import WHOLE
from central.tables import LABEL
from runtime.unread import why_unread

COLUMNS = ("point", "direction", "start", "wh")
_BLOCK = 16 * 2**20
_LONGEST_CELL = 131_072
_PLAIN_CELL = re.compile(rb'(?<![^,\r\n\xbf])"[^",\r\n]*"(?![^,\r\n])')
"""A quoted cell without quotes, commas or line ends in it; the byte BF ends a BOM."""


@dataclass(frozen=True, slots=True)
class Rows:
    """One file's rows: dictionary columns point, direction, start and the text column wh."""

    file: Path
    table: pa.Table
    lines: np.ndarray[tuple[int], np.dtype[np.int64]] | None
    """Each row's line (the header is line 1), where the file was read line by line."""
    broken: list[tuple[int, str]] = field(default_factory=list)
    """Lines that aren't rows at all, with the reason."""

    def line(self, row: int) -> int:
        """The line on which a row stands."""
        return int(self.lines[row]) if self.lines is not None else self.reread().line(row)

    def reread(self) -> Rows:
        """The same file line by line, so that every row knows its line."""
        return self if self.lines is not None else _line_by_line(self.file, self.table.column_names)


def read_rows(file: Path) -> Rows:
    """Read a file of readings.

    Trouble with the file as a whole (absent, a folder, empty) is the broken line ``WHOLE``, with its header line 1.
    """
    try:
        if file.is_dir():
            return _unreadable(file, "is a folder; name the files in it")
        if file.exists() and not file.is_file():
            return _unreadable(file, "isn't a file that can be read twice; save it as one first")
        header = _header(file)
        if file.stat().st_size == 0:
            return _unreadable(file, f"is empty (expected the columns {','.join(COLUMNS)})")
        if problem := _header_problem(header):
            return _unreadable(file, problem, 1)
        return _at_once(file, header) or _line_by_line(file, header)
    except OSError as error:
        return _unreadable(file, why_unread(error))


def is_ours(file: Path) -> bool:
    """Whether a file has our own header, as far as its columns go.

    Raises:
        OSError: it can't be read.
    """
    return file.is_file() and _header_problem(_header(file)) is None


def meant_as_ours(file: Path) -> bool:
    """Whether a file's first line has any of our columns among others, whatever separates them.

    Raises:
        OSError: it can't be read.
    """
    header = _header(file)
    cells = header[0].split(";") if len(header) == 1 else header
    return not any(header) or any(cell.strip().lower() in COLUMNS for cell in cells)


def _unreadable(file: Path, why: str, line: int = WHOLE) -> Rows:
    empty = pa.table({name: pa.array([], LABEL if name != "wh" else pa.string()) for name in COLUMNS})
    return Rows(file, empty, _no_lines(), [(line, why)])


def _no_lines() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.zeros(0, dtype=np.int64)


def _header(file: Path) -> list[str]:
    with file.open("rb") as raw:
        if raw.read(2) in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
            raise OSError(0, "it is UTF-16; save it as UTF-8")
    with file.open("r", encoding="utf-8-sig", errors="replace", newline="") as text:
        try:
            return next(csv.reader([text.readline(_LONGEST_CELL)]), [])
        except csv.Error:
            return []


def _header_problem(header: Sequence[str]) -> str | None:
    found = []
    absent = [name for name in COLUMNS if name not in header]
    unknown = [name for name in header if name not in COLUMNS]
    twice = sorted({name for name in header if header.count(name) > 1})
    if absent:
        found.append(f"column {', '.join(absent)} is absent")
    if unknown:
        found.append("unknown column " + ", ".join(f"{name[:40]!r}" for name in unknown[:5]))
    if twice:
        found.append(f"column {', '.join(name[:40] for name in twice)} stands twice")
    if len(header) == 1 and ";" in header[0]:
        found.append("its cells are separated by semicolons; commas are expected")
    return "; ".join(found) + f" (expected the columns {','.join(COLUMNS)})" if found else None


def _at_once(file: Path, header: Sequence[str]) -> Rows | None:
    """The whole file by pyarrow, or None where any line isn't a row."""
    if not _quotes_are_plain(file):
        return None
    try:
        # Opened by pyarrow itself: a file or a handler of Python's could outlive Python in one of its threads.
        with pa.OSFile(str(file)) as raw:
            table = pacsv.read_csv(
                raw,
                read_options=pacsv.ReadOptions(column_names=list(header), skip_rows=1, block_size=_BLOCK),
                convert_options=pacsv.ConvertOptions(
                    column_types={name: pa.string() if name == "wh" else LABEL for name in header},
                    strings_can_be_null=False,
                ),
            )
    except pa.ArrowException:
        return None
    return Rows(file, table.unify_dictionaries(), None)


def _quotes_are_plain(file: Path) -> bool:
    """Whether every quote begins or ends a plain cell: of others pyarrow makes something without a word."""
    with file.open("rb") as raw:
        if not raw.seek(0, 2):
            return True
        with mmap.mmap(raw.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content.find(b'"') < 0:
                return True
            quotes = sum(content[i : i + _BLOCK].count(b'"') for i in range(0, len(content), _BLOCK))
            return quotes == 2 * sum(1 for _ in _PLAIN_CELL.finditer(content))


def _line_by_line(file: Path, header: Sequence[str]) -> Rows:
    cells: dict[str, list[str]] = {name: [] for name in header}
    lines: list[int] = []
    broken: list[tuple[int, str]] = []
    with file.open("r", encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        reader = csv.reader(text, strict=True)
        next(reader, None)
        for line, row in _records(reader, broken):
            if not row:
                continue
            if len(row) != len(header):
                few = "few" if len(row) < len(header) else "many"
                broken.append((line, f"too {few} cells: {len(row)}, expected {len(header)}"))
            elif any(not cell.isascii() and _undecodable(cell) for cell in row):
                broken.append((line, "isn't UTF-8"))
            else:
                lines.append(line)
                for name, cell in zip(header, row, strict=True):
                    cells[name].append(cell)
    table = pa.table(
        {name: pa.array(cells[name], pa.string()).cast(pa.string() if name == "wh" else LABEL) for name in header}
    )
    return Rows(file, table, np.array(lines, dtype=np.int64), broken)


def _records(reader: Iterator[list[str]], broken: list[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it begins; a record the reader can't read is noted and passed over."""
    while True:
        line = reader.line_num + 1  # type: ignore[attr-defined]  # csv's reader has it, its protocol doesn't
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            broken.append((line, f"isn't CSV: {error}"))
            continue
        yield line, row


def _undecodable(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return True
    return False
