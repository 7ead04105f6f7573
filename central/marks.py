"""When what the answers rest on was changed, from the files alone: cheap enough to look at for each request."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from central.config import CentralConfig

Marks = tuple[tuple[str, int, int, int], ...]
"""Name, inode, time of the last change in ns and size of each file that is there."""


def books_marks(config: CentralConfig, config_file: Path) -> Marks:
    """What a settlement rests on: the configuration, cluster and rates, the stands admitted, and the estimates."""
    databases = (config.readings, config.intake, config.estimates)
    files = [config_file, config.cluster_file, *config.rates_files, *databases, *map(_wal, databases)]
    return _marks(file for file in files if file)


def all_marks(config: CentralConfig, config_file: Path) -> Marks:
    """What any answer rests on: the books' files and every other database beside them."""
    databases = (file for file in config.data_dir.glob("*.sqlite*") if not file.name.endswith("-shm"))
    return books_marks(config, config_file) + _marks(sorted(databases))


def register_marks(config: CentralConfig, config_file: Path) -> Marks:
    """What an answer of the register rests on: its rows, and every file of its runs."""
    folder = config.register
    # Not rglob: it raises where a folder goes while it is being listed.
    runs = (Path(where, name) for where, names, files in os.walk(folder / "runs") for name in (*names, *files))
    return _marks([config_file, *sorted(folder.glob("*.sqlite")), *sorted(runs)])


def _wal(file: Path) -> Path:
    return file.with_name(f"{file.name}-wal")


def _marks(files: Iterable[Path]) -> Marks:
    found = []
    for file in files:
        try:
            seen = file.stat()
        except OSError:
            continue
        # A reader leaves an empty log behind: that is no change.
        if seen.st_size:
            found.append((file.name, seen.st_ino, seen.st_mtime_ns, seen.st_size))
    return tuple(found)
