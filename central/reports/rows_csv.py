"""Tables of many rows as CSV, written in a worker process to a file that the service sends on."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv as pacsv

from central.answers import Span, share_rows
from central.books import Books
from central.places import folders_of, told
from central.readings import StoreDownError
from central.reports.settlement_csv import columns_of, text_tables
from central.standing import standing_books
from central.trouble import trouble_text
from metering.period import utc_text
from runtime.config import ConfigError

RowsTable = Literal["shares", "stands"]


def write_rows(table: RowsTable, config_file: Path, span: Span, now: datetime, out: Path) -> str:
    """Write one row for each point and period (shares), or for each stand as it was sent.

    Gives why it can't be done, without places on the disk, or nothing.
    """
    try:
        books = standing_books(config_file)
        if table == "shares":
            _write_shares(books, span, now, out)
        else:
            _write_stands(books, span, out)
    except FileNotFoundError as error:
        return told(trouble_text(error), folders_of(config_file))
    except (ConfigError, StoreDownError, OSError, sqlite3.Error) as error:
        return told(str(error), folders_of(config_file))
    return ""


def _write_shares(books: Books, span: Span, now: datetime, out: Path) -> None:
    rows = share_rows(books, span, now)
    names = columns_of("shares", rows)
    with out.open("wb") as sink:
        sink.write(f"{','.join(names)}\n".encode())
        # No cell needs quotes: ids have no comma or quote.
        options = pacsv.WriteOptions(include_header=False, quoting_style="none")
        for part in text_tables("shares", rows):
            pacsv.write_csv(part, sink, options)


def _write_stands(books: Books, span: Span, out: Path) -> None:
    stands = books.stands(span.start, span.end)
    columns = {}
    for field in stands.schema:
        column = stands[field.name]
        if pa.types.is_timestamp(field.type):
            columns[field.name] = pa.array([utc_text(at) for at in column.to_pylist()], pa.string())
        else:
            columns[field.name] = column
    with out.open("wb") as sink:
        pacsv.write_csv(pa.table(columns), sink, pacsv.WriteOptions(quoting_style="needed"))
