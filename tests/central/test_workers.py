from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from central.books import Books
from central.config import load_config
from central.files_in import FilesIn, files_behind, take_in_files
from central.importing import archived
from central.workers import Workers
from tests.central.made_month import make_month


def dies_once(mark: Path) -> int:
    if not mark.exists():
        mark.touch()
        os._exit(1)
    return os.getpid()


async def test_what_was_asked_together_is_answered_by_one_new_worker_when_the_worker_dies(tmp_path):
    workers = Workers()
    try:
        first = workers.compute(dies_once, tmp_path / "died")
        others = (workers.compute(os.getpid) for _ in range(8))
        found = await asyncio.gather(first, *others, return_exceptions=True)
    finally:
        workers.close()
    assert len(set(found)) == 1, found
    assert isinstance(found[0], int)


def test_an_archive_that_its_first_writer_is_just_making_is_none_yet(tmp_path):
    config_file = make_month(tmp_path).config
    config = load_config(config_file)
    # As SQLite leaves it between its first page and the tables.
    with closing(sqlite3.connect(config.files)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    assert config.files.stat().st_size
    assert files_behind(config) == 0
    assert take_in_files(config_file) == FilesIn()
    assert archived(config) == []
    assert Books(config).archived() == {}
