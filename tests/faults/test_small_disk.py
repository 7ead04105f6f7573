"""The small disk is really full when it is filled: SQLite says so, as on a machine whose disk is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.faults.small_disk import small_disk


def test_a_filled_disk_refuses_a_commit_and_takes_it_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 4) as disk:
        connection = sqlite3.connect(disk.folder / "books.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE rows (text TEXT)")
        disk.fill()
        with pytest.raises(sqlite3.OperationalError, match="disk is full"):
            connection.execute("INSERT INTO rows VALUES (?)", ("x" * 100_000,))
        disk.empty()
        connection.execute("INSERT INTO rows VALUES (?)", ("x" * 100_000,))
        assert connection.execute("SELECT count(*) FROM rows").fetchone() == (1,)
        connection.close()
