"""What lies below the tables, read where it is: store, archive, estimates and journal beside central."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property

import msgspec
import pyarrow as pa

from central.archive import Archive, archived_files
from central.books import Books
from central.config import CentralConfig
from central.estimate import Estimate
from central.estimates.file import estimates_of
from central.explaining.case import Case, FileFacts, Row, Tables
from central.explaining.estimating import of_period
from central.explaining.step import Raw
from central.imports.found import NotReadError
from central.imports.recognise import WITHOUT_LINES, read_file
from central.journal import Journal
from central.opened import open_store
from metering.period import Month, utc_text
from metering.wire import StandOnWire


def case_of(books: Books, month: Month) -> Case:
    """A month as the books know it now.

    Raises:
        StoreDownError: the store's server can't be used.
    """
    settled = books.settled(month)
    outputs = {name: getattr(settled, name) for name in ("hours", "shares", "charges", "storages", "stocks")}
    if (totals := getattr(settled, "totals", None)) is not None:
        outputs["totals"] = totals
    tables = Tables(settled.tables, outputs, settled.cluster.settings, settled.estimated, settled.doubles)
    return Case(tables, BooksEvidence(books.config), str(month))


class BooksEvidence:
    """See ``central.explaining.case.Evidence``: all of it is there, beside the service."""

    ends = ""
    read_from = ()

    def __init__(self, config: CentralConfig) -> None:
        """Nothing is read yet."""
        self._config = config

    def stands(self, first: datetime, last: datetime, meters: Sequence[str] | None = None) -> pa.Table | None:
        """See ``Evidence``; raises StoreDownError where the store's server can't be used."""
        store = open_store(self._config, read_only=True)
        try:
            return store.stands(first, last, meters)
        finally:
            store.close()

    def versions(self, first: datetime, last: datetime) -> pa.Table | None:
        """See ``Evidence``."""
        store = open_store(self._config, read_only=True)
        try:
            return store.intervals(first, last, versions=True)
        finally:
            store.close()

    @cached_property
    def _estimates(self) -> dict[int, Estimate]:
        return {one.number: one for one in estimates_of(self._config.estimates)}

    def estimate(self, number: int) -> Estimate | None:
        """See ``Evidence``."""
        return self._estimates.get(number)

    def estimates_of(self, point: str, direction: str, start: int) -> list[Estimate]:
        """See ``Evidence``."""
        return of_period(list(self._estimates.values()), point, direction, start)

    def file(self, number: int) -> FileFacts | None:
        """See ``Evidence``."""
        for one in archived_files(self._config.files):
            if one.number == number:
                lines = one.layout not in WITHOUT_LINES
                return FileFacts(number, one.name, one.digest, utc_text(one.imported), one.who, lines)
        return None

    def line(self, number: int, codes: set[str], key: tuple[str, str, int, int]) -> int | None:
        """See ``Evidence``: the file's own bytes are read again."""
        about = next((one for one in archived_files(self._config.files) if one.number == number), None)
        if about is None:
            return None
        archive = Archive(self._config.files, read_only=True)
        try:
            values = read_file(archive.content(number), about.given).values
        except NotReadError:
            return None
        finally:
            archive.close()
        return next((value.line for value in values if value.point in codes and value[1:5] == key), None)

    def message(self, row: int, stand: Row) -> Raw | None:
        """See ``Evidence``."""
        if not self._config.journal.is_file():
            return None
        try:
            journal = Journal(self._config.journal, read_only=True)
        except sqlite3.Error:
            return None
        try:
            found = next((one for batch in journal.after(row - 1, 1) for one in batch[:1]), None)
        finally:
            journal.close()
        if found is None or found[0] != row:
            return None
        message = found[1]
        first, last = place_of(message.payload, stand)
        found_stand = msgspec.json.decode(message.payload[first:last], type=StandOnWire) if first >= 0 else None
        return Raw(
            row=row,
            sequence=found_stand.sequence if found_stand else None,
            digest=hashlib.sha256(message.payload).hexdigest(),
            received=utc_text(message.received),
            payload=message.payload,
            first=first,
            last=last,
        )


class _Envelope(msgspec.Struct):
    stands: tuple[msgspec.Raw, ...]


def place_of(payload: bytes, stand: Row) -> tuple[int, int]:
    """Where in a message's bytes a stand is (first byte, the byte after its last); (-1, -1) where it isn't in it."""
    try:
        raws = msgspec.json.decode(payload, type=_Envelope).stands
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return -1, -1
    place = 0
    for raw in raws:
        # Each one's bytes follow the one's before it in the message.
        place = payload.find(bytes(raw), place)
        if place < 0:
            break
        if _is(bytes(raw), stand):
            return place, place + len(bytes(raw))
        place += len(bytes(raw))
    return -1, -1


def _is(raw: bytes, stand: Row) -> bool:
    try:
        one = msgspec.json.decode(raw, type=StandOnWire)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    same = one.meter == stand["meter"] and one.register == stand["register"] and one.epoch == stand["epoch"]
    return bool(same and one.at.astimezone(UTC) == stand["at"] and one.wh == stand["wh"])
