"""Answers to Flux: annotated CSV, read block by block into Arrow tables.

A block begins with ``#datatype`` and a header, and ends with an empty line; a new one comes for every other set of
columns or types. An error that is met after the first rows comes as a block with the columns ``error`` and
``reference``. Source: docs.influxdata.com, "Annotated CSV".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.csv as pacsv

from central.owned import owned

_WORDS = pa.dictionary(pa.int32(), pa.string())
_TYPES = {
    "long": pa.int64(),
    "unsignedLong": pa.uint64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "dateTime:RFC3339": pa.timestamp("ns", "UTC"),
    "dateTime:RFC3339Nano": pa.timestamp("ns", "UTC"),
}
_OWN = ("", "result", "table")


class ErrorTableError(Exception):
    """The answer holds an error; its text is the message."""


def blocks(body: bytes) -> Iterator[pa.Table]:
    """The tables of an answer without the columns that only count them.

    ``_time`` is in whole seconds; words are dictionaries, but for ``_value``, which is plain text where it is text.

    Raises:
        ErrorTableError: the server put an error into its answer.
    """
    for block in body.replace(b"\r\n", b"\n").split(b"\n\n"):
        if block.strip():
            yield _table(block)


def _table(block: bytes) -> pa.Table:
    kinds: list[str] = []
    rest = block.lstrip(b"\n")
    while rest.startswith(b"#"):
        first, _, rest = rest.partition(b"\n")
        if first.startswith(b"#datatype"):
            kinds = first.decode().split(",")
    names = next(csv.reader([rest.partition(b"\n")[0].decode()]), [])
    if "error" in names:
        row = next(csv.DictReader(io.StringIO(rest.decode(errors="replace"))), {})
        raise ErrorTableError(row.get("error") or "an error without a text")
    types = {name: _type(name, kind) for name, kind in zip(names, kinds, strict=False) if name not in _OWN}
    return pacsv.read_csv(
        pa.BufferReader(owned(rest + b"\n")),
        read_options=pacsv.ReadOptions(block_size=8 << 20),
        convert_options=pacsv.ConvertOptions(column_types=types, include_columns=list(types)),
    )


def _type(name: str, kind: str) -> pa.DataType:
    if name == "_time":
        return pa.timestamp("s", "UTC")
    return _TYPES.get(kind, pa.string() if name == "_value" else _WORDS)
