"""Make the readings store again from the journal, beside the old one, and put it in its place when it is whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from central.cluster import load_cluster
from central.config import CentralConfig
from central.intake import KnownMeters, take_in
from central.journal import Journal
from central.service import sole_writer
from central.stores.sqlite import SqliteStore


def rebuild_readings(config: CentralConfig, progress: Callable[[int, int], None]) -> int:
    """Rebuild; gives the number of messages. ``progress`` is told how many of how many are done.

    Raises:
        BusyError: central is running.
        ConfigError, FileNotFoundError, OSError, sqlite3.Error: the old store is left as it was.
    """
    meters = KnownMeters(load_cluster(config.cluster_file))
    if not config.journal.is_file():
        raise FileNotFoundError(2, "there is no journal", str(config.journal))
    fresh = config.readings.with_suffix(".new")
    with sole_writer(config):
        _remove(fresh)
        journal, store = Journal(config.journal), SqliteStore(fresh)
        try:
            done, of = 0, journal.last()
            for batch in journal.after(0):
                take_in(store, batch, meters)
                done += len(batch)
                progress(done, of)
        finally:
            store.close()
            journal.close()
        _remove(config.readings)
        fresh.replace(config.readings)
    return done


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
