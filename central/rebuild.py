"""Make the readings store again from the journal and the archive of files, beside the old one.

It takes the old one's place when it is whole.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from central.config import CentralConfig, StoreKind, store_problems
from central.files_in import FilesIn, put_files_in
from central.intake import put_in
from central.journal import Journal
from central.opened import open_store
from central.readings import StoreDownError
from central.service import sole_writer
from runtime.config import ConfigError


def rebuild_readings(
    config: CentralConfig, progress: Callable[[int, int, str], None], kind: StoreKind | None = None
) -> tuple[int, FilesIn]:
    """Fill the configured store, or the one of ``kind``; gives the number of messages, and what files brought.

    ``progress`` is told how many of how many messages (or files) are done.

    Raises:
        BusyError: central is running.
        ConfigError: ``[store]`` doesn't say what a server needs.
        FileNotFoundError, OSError, sqlite3.Error, StoreDownError: the old store is left as it was.
    """
    chosen = msgspec.structs.replace(config.store, kind=kind or config.store.kind)
    if chosen.kind == "influxdb" and (problems := store_problems(chosen, "[store]")):
        raise ConfigError(problems)
    config = msgspec.structs.replace(config, store=chosen)
    if not config.journal.is_file():
        way = "no stand ever came here; klaster-central import brings files in"
        raise FileNotFoundError(f"there is no journal {config.journal}: {way}")
    with sole_writer(config):
        fresh = config.data_dir / "rebuilt"
        fresh.mkdir(exist_ok=True)
        beside = msgspec.structs.replace(config, central=msgspec.structs.replace(config.central, data_dir=str(fresh)))
        moved = [(beside.readings, config.readings) if chosen.kind == "sqlite" else (beside.intake, config.intake)]
        for new, _ in moved:
            _remove(new)
        done = _fill(beside, config.journal, progress)
        files = put_files_in(beside, config.files, lambda count, of: progress(count, of, "files"))
        if files.down:
            raise StoreDownError(files.down)
        for new, old in moved:
            _remove(old)
            new.replace(old)
        fresh.rmdir()
    return done, files


def _fill(config: CentralConfig, file: Path, progress: Callable[[int, int, str], None]) -> int:
    journal, store = Journal(file), open_store(config)
    try:
        done, of = 0, journal.last()
        for batch in journal.after(0):
            put_in(store, batch)
            done += len(batch)
            progress(done, of, "messages")
    finally:
        store.close()
        journal.close()
    return done


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
