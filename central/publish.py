"""One round of writing back: the present and the previous month settled, and what changed written to the server.

Runs in a worker process: what it is given and gives back is plain.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from central.books import Books
from central.config import CentralConfig, load_config
from central.estimates.file import Place, changed_since
from central.influx.server import InfluxServer
from central.intake_file import IntakeFile
from central.readings import StoreDownError
from central.write_back import gateway_lines, settled_lines
from central.written import Written
from metering.period import Month, floor_to
from runtime.config import ConfigError

_PERIODS = 24
"""Periods that are written and remembered together."""


class Published(msgspec.Struct, frozen=True):
    """What a round did."""

    lines: int = 0
    refused: tuple[str, ...] = ()
    """Lines that the server refused, with its reason."""
    state: tuple[str, ...] = ()
    """What the figures rest on: as long as it is the same, they are."""
    trouble: str = ""


def publish(config_file: Path, now: datetime, before: tuple[str, ...]) -> Published:
    """Write back; ``before`` is the last round's state. Trouble that was anticipated is a text, not an exception."""
    try:
        config = load_config(config_file)
        return _publish(config, now, before)
    except (ConfigError, StoreDownError, sqlite3.Error, OSError) as error:
        return Published(state=before, trouble=str(error))


def _publish(config: CentralConfig, now: datetime, before: tuple[str, ...]) -> Published:
    books = Books(config)
    server = InfluxServer(config.store)
    try:
        lines = gateway_lines(books.gateways(), now)
        refused = server.write(lines)
        count = len(lines)
        position, fill = _intake(config)
        estimates = changed_since(config.estimates, Place())[0]
        ended = floor_to(now, books.cluster.period.length)
        state = (str(position), fill, ended.isoformat(), str(estimates), *_marks(config))
        if state != before:
            target = f"{config.store.url} {config.store.org} {config.store.bucket} {fill}"
            written = Written(config.written, target)
            try:
                for periods in _batches(written.changed(_periods(books, now))):
                    lines = [text for _, texts in periods for text in texts]
                    refused += server.write(lines)
                    count += len(lines)
                    written.wrote(periods)
            finally:
                written.close()
        return Published(count, tuple(f"{bad.line}: {bad.reason}" for bad in refused), state)
    finally:
        server.close()


def _intake(config: CentralConfig) -> tuple[int, str]:
    file = IntakeFile(config.intake, read_only=True)
    try:
        return file.on_server(), file.fill()
    finally:
        file.close()


def _marks(config: CentralConfig) -> Iterator[str]:
    """When the files were changed that the figures rest on beside the stands."""
    for file in (config.cluster_file, *config.rates_files):
        yield str(file.stat().st_mtime_ns) if file else ""


def _periods(books: Books, now: datetime) -> Iterator[tuple[int, list[str]]]:
    month = Month.of(now)
    for one in (Month.of(month.start - timedelta(days=1)), month):
        yield from settled_lines(books.settled(one), now)


def _batches(periods: Iterable[tuple[int, list[str]]]) -> Iterator[list[tuple[int, list[str]]]]:
    batch: list[tuple[int, list[str]]] = []
    for period in periods:
        batch.append(period)
        if len(batch) == _PERIODS:
            yield batch
            batch = []
    if batch:
        yield batch
