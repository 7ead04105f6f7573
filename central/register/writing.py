"""A run's files, written while the settlement goes on: hashing, encoding and the disk take no turn of its thread."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import pyarrow as pa

from central.register.digests import digests
from central.register.manifest import Kept, sha256
from central.register.tables_file import parquet_bytes

_THREADS = 2


class Writing:
    """The files of one run, into a folder that nobody knows yet."""

    def __init__(self, folder: Path) -> None:
        """Make the folder.

        Raises:
            OSError: it can't be made.
        """
        self.folder = folder
        for name in ("in", "out", "evidence"):
            (folder / name).mkdir(parents=True)
        self._pool = ThreadPoolExecutor(_THREADS, "register")
        self._open: dict[str, Future[Kept]] = {}

    def __enter__(self) -> Writing:
        """Nothing more."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Wait for the threads; what was begun may end."""
        self._pool.shutdown(cancel_futures=True)

    def table(self, where: str, name: str, table: pa.Table) -> None:
        """Begin to write a table as ``where/name.parquet``."""
        self._open[f"{where}/{name}.parquet"] = self._pool.submit(self._table, where, name, table)

    def values(self, name: str, values: Any) -> None:
        """Write a JSON value as ``name.json``."""
        content = msgspec.json.encode(values) + b"\n"
        self._open[f"{name}.json"] = self._pool.submit(self._bytes, f"{name}.json", content)

    def done(self) -> dict[str, Kept]:
        """Wait for all files, which are then on the disk; gives what is said of them, by name.

        Raises:
            OSError: one can't be written.
        """
        found = {name: future.result() for name, future in sorted(self._open.items())}
        for name in ("in", "out", "evidence"):
            if not any((self.folder / name).iterdir()):
                (self.folder / name).rmdir()
                continue
            sync_folder(self.folder / name)
        return found

    def _table(self, where: str, name: str, table: pa.Table) -> Kept:
        kept = self._bytes(f"{where}/{name}.parquet", parquet_bytes(table))
        return msgspec.structs.replace(kept, rows=table.num_rows, columns=digests(table, name))

    def _bytes(self, name: str, content: pa.Buffer | bytes) -> Kept:
        write_synced(self.folder / name, content)
        return Kept(sha256=sha256(memoryview(content)), size=len(memoryview(content)))


def write_synced(path: Path, content: pa.Buffer | bytes) -> None:
    """Write a file so that it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Put on the disk that a folder's files are there."""
    place = os.open(path, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
