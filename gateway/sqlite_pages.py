"""Records read from the bytes of an SQLite file or its WAL, page by page: for a file that SQLite itself refuses.

Only leaf pages are looked at, and nothing else is trusted: no header, no tree, no list of pages. Records that continue
on other pages are passed over (the outbox has none). The format: https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import itertools
import mmap
import struct
from collections.abc import Callable, Iterator
from typing import Final

Column = int | float | str | bytes | None
Record = tuple[int | None, tuple[Column, ...]]
"""The row's number (None in an index or a table WITHOUT ROWID), and its columns."""
WAL_HEADER: Final = 32
FRAME_HEADER: Final = 24
_TABLE_LEAF: Final = 0x0D
_INDEX_LEAF: Final = 0x0A
_WIDTHS: Final = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
_MOST_COLUMNS: Final = 64


def _none(_: Record) -> bool:
    return False


def file_records(data: bytes | mmap.mmap, page_size: int, but: Callable[[Record], bool] = _none) -> Iterator[Record]:
    """All records of a database file (its first page holds the schema alone).

    A page whose first records are such as ``but`` says is passed over: looking into each takes most of the time.
    """
    for start in range(page_size, len(data), page_size):
        yield from _wanted(page_records(data[start : start + page_size]), but)


def wal_records(data: bytes | mmap.mmap, page_size: int, but: Callable[[Record], bool] = _none) -> Iterator[Record]:
    """All records of a WAL, of earlier states of a page too; ``but`` as above."""
    for start in range(WAL_HEADER + FRAME_HEADER, len(data), FRAME_HEADER + page_size):
        yield from _wanted(page_records(data[start : start + page_size]), but)


def _wanted(records: Iterator[Record], but: Callable[[Record], bool]) -> Iterator[Record]:
    first = list(itertools.islice(records, 2))
    if not all(but(record) for record in first):
        yield from first
        yield from records


def page_records(page: bytes) -> Iterator[Record]:
    """The records of a leaf page that can be read; of any other page none."""
    if len(page) < 8 or page[0] not in {_TABLE_LEAF, _INDEX_LEAF}:
        return
    of_table = page[0] == _TABLE_LEAF
    cells = int.from_bytes(page[3:5], "big")
    for place in range(8, min(8 + 2 * cells, len(page) - 1), 2):
        try:
            yield _cell(page, int.from_bytes(page[place : place + 2], "big"), of_table=of_table)
        except (ValueError, IndexError, struct.error):
            continue


def _cell(page: bytes, at: int, *, of_table: bool) -> Record:
    size, at = _varint(page, at)
    row: int | None = None
    if of_table:
        row, at = _varint(page, at)
    if at + size > len(page):
        raise ValueError("it ends beyond the page")
    return row, _columns(page[at : at + size])


def _columns(payload: bytes) -> tuple[Column, ...]:
    header, at = _varint(payload, 0)
    kinds: list[int] = []
    while at < header:
        kind, at = _varint(payload, at)
        kinds.append(kind)
        if len(kinds) > _MOST_COLUMNS:
            raise ValueError("too many columns")
    columns: list[Column] = []
    for kind in kinds:
        value, at = _value(payload, at, kind)
        columns.append(value)
    if at != len(payload):
        raise ValueError("its columns don't fill it")
    return tuple(columns)


def _value(payload: bytes, at: int, kind: int) -> tuple[Column, int]:
    if kind in {10, 11}:
        raise ValueError("a reserved kind")
    width = _WIDTHS[kind] if kind < 12 else (kind - 12) // 2
    end = at + width
    raw = payload[at:end]
    if len(raw) != width:
        raise ValueError("a column ends beyond the record")
    if kind == 0:
        return None, end
    if kind == 7:
        return struct.unpack(">d", raw)[0], end
    if kind < 7:
        return int.from_bytes(raw, "big", signed=True), end
    if kind < 10:
        return kind - 8, end
    return (raw if kind % 2 == 0 else raw.decode()), end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(at, at + 8):
        byte = data[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    value = value << 8 | data[at + 8]
    return value - (1 << 64) if value >= 1 << 63 else value, at + 9
