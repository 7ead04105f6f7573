"""The readings store that a configuration names, opened."""

from __future__ import annotations

from central.config import CentralConfig
from central.intake_file import IntakeFile
from central.readings import ReadingsStore
from central.stores.sqlite import SqliteStore


def open_store(config: CentralConfig, *, read_only: bool = False) -> ReadingsStore:
    """Open it; a writer makes its files if they aren't there.

    Raises:
        FileNotFoundError: it is to be read and was never written.
        OSError, sqlite3.Error: it can't be opened.
    """
    file = config.readings if config.store.kind == "sqlite" else config.intake
    if read_only and not file.is_file():
        raise FileNotFoundError(file)
    if config.store.kind == "sqlite":
        return SqliteStore(file, read_only=read_only)
    from central.stores.influxdb import InfluxStore  # noqa: PLC0415 - its client takes half a second to import

    return InfluxStore(config.store, file, read_only=read_only)


def open_admitted(config: CentralConfig) -> SqliteStore | IntakeFile:
    """What was decided of stands and intervals, to be read: for a store on a server the file beside it.

    Raises:
        FileNotFoundError: central has never run here.
        sqlite3.Error: it can't be opened.
    """
    file = config.readings if config.store.kind == "sqlite" else config.intake
    if not file.is_file():
        raise FileNotFoundError(file)
    if config.store.kind == "sqlite":
        return SqliteStore(file, read_only=True)
    return IntakeFile(file, read_only=True)
