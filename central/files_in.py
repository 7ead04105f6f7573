"""From the archive of files to the readings store: in a process of its own beside a running service, or by the command.

A file that was archived is read again here; whatever its format's reader makes of it now counts. One that can't be read
any more is passed by, and said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from central.archive import Archive, is_archive
from central.config import CentralConfig, load_config
from central.imports.found import Found, NotReadError
from central.imports.recognise import read_file
from central.opened import open_admitted, open_store
from central.readings import IntervalGiven, ReadingsStore, StoreDownError


class FilesIn(msgspec.Struct, frozen=True):
    """What a round put in."""

    files: int = 0
    values: int = 0
    unreadable: tuple[str, ...] = ()
    """Files that can't be read, with the reason."""
    down: str = ""
    """Why the store's server can't be used; the rest comes later."""


def files_behind(config: CentralConfig) -> int:
    """How many archived files the store lacks; cheap enough to look at each second.

    Raises:
        sqlite3.Error: a file can't be read.
    """
    if not is_archive(config.files):
        return 0
    archive = Archive(config.files, read_only=True)
    try:
        return archive.count_after(files_position(config))
    finally:
        archive.close()


def files_position(config: CentralConfig) -> int:
    """The number of the last archived file whose values the store has.

    Raises:
        sqlite3.Error: a file can't be read.
    """
    store = open_store(config, read_only=True)
    try:
        return store.file_position()
    finally:
        store.close()


def files_decided(config: CentralConfig) -> int:
    """The number of the last file whose versions are decided, whether or not a server has them yet."""
    known = open_admitted(config)
    try:
        return known.file_position()
    finally:
        known.close()


def take_in_files(config_file: Path) -> FilesIn:
    """Put in what the store lacks. Runs in a worker process: what it takes and gives is plain."""
    return put_files_in(load_config(config_file))


def put_files_in(
    config: CentralConfig, archived: Path | None = None, progress: Callable[[int, int], None] = lambda _, __: None
) -> FilesIn:
    """The same of a configuration that is read already; ``archived`` is another archive than its own.

    Raises:
        OSError, sqlite3.Error: a file can't be opened, read or written.
    """
    file = archived or config.files
    if not is_archive(file):
        return FilesIn()
    archive, store = Archive(file, read_only=True), open_store(config)
    try:
        return _put_in(archive, store, progress)
    finally:
        archive.close()
        store.close()


def _put_in(archive: Archive, store: ReadingsStore, progress: Callable[[int, int], None]) -> FilesIn:
    count = values = 0
    unreadable: list[str] = []
    of = archive.count_after(store.file_position())
    while (one := archive.after(store.file_position())) is not None:
        try:
            given = intervals_of(read_file(archive.content(one.number), one.given))
        except NotReadError as error:
            unreadable.append(f"file {one.number}, {one.name}: {error}")
            given = []
        try:
            store.admit_file(one.number, given)
        except StoreDownError as error:
            return FilesIn(count, values, tuple(unreadable), str(error))
        count, values = count + 1, values + len(given)
        progress(count, of)
    return FilesIn(count, values, tuple(unreadable))


def intervals_of(found: Found) -> list[IntervalGiven]:
    """A file's values as the store takes them."""
    return [IntervalGiven(*value[:8]) for value in found.values]
