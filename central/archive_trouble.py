"""Trouble with the archive of imported files and the readings beside it, as texts that tell the way out."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from central.archive import Archive, is_archive
from central.config import CentralConfig
from central.files_in import files_decided
from central.sqlite_file import connect


class LostFilesError(Exception):
    """The readings have values of more files than the archive: it was lost, or is an older one."""


def all_there(config: CentralConfig) -> None:
    """Make sure that the archive has every file whose values were taken in: a new one would get a number again.

    Raises:
        LostFilesError: it hasn't.
        sqlite3.Error: a file can't be read.
    """
    try:
        taken_in = files_decided(config)
    except FileNotFoundError:
        return
    if taken_in > (kept := _last(config.files)):
        lost = f"the readings have values of {taken_in} imported file{'s' * (taken_in > 1)}, and {config.files} "
        lost += f"has {kept}" if config.files.is_file() else "isn't there"
        way = (
            f"Restore it from its backup; or leave their values out: {_anew(config)}; then import again what is at hand"
        )
        raise LostFilesError(f"{lost}: it was lost, or is an older one. {way}.")


def trouble_text(config: CentralConfig, error: Exception) -> str:
    """What an ``OSError`` or ``sqlite3.Error`` of an import means to a person, and what to do."""
    if isinstance(error, OSError):
        what = error.filename or config.data_dir
        return f"{what} can't be written: {error.strerror}. [central] data_dir must be a folder that may be written."
    if _damaged(config.files):
        return f"{config.files} is damaged ({error}): restore it from its backup. Without it imported files are lost."
    if _damaged(store := _store(config)):
        return f"{store} is damaged ({error}): {_anew(config)}, which makes it again from what is kept."
    return f"{config.data_dir} can't be read or written: {error}. Is its disk full, or another user's?"


def _store(config: CentralConfig) -> Path:
    return config.readings if config.store.kind == "sqlite" else config.intake


def _anew(config: CentralConfig) -> str:
    """How the readings are made again; where no stand ever came there is no journal, and files alone make them."""
    away = f"move {_store(config)} away, with the -wal and -shm files beside it"
    return f"{away}, and run klaster-central {'rebuild' if config.journal.is_file() else 'import'} CONFIG"


def _last(file: Path) -> int:
    if not is_archive(file):
        return 0
    archive = Archive(file, read_only=True)
    try:
        return archive.last()
    finally:
        archive.close()


def _damaged(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        db = connect(file, "", read_only=True)
        try:
            return str(db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok"
        finally:
            db.close()
    except sqlite3.DatabaseError as error:
        return error.sqlite_errorname in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}
