"""Which files make up a cluster's books, and in what order they are copied while the service writes on.

What rests on something else is copied before it: then a copy never knows of a message, file or run that its source's
copy lacks. Of the register the rows come first, and of the runs those that have a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from central.config import CentralConfig
from central.register.register_file import REGISTER

_LAST: Final = ("files.sqlite", "journal.sqlite")
"""What all else is made of."""
_BESIDE: Final = ("-wal", "-shm", "-journal")
_PASSING: Final = frozenset({"lock", "making", "installation.id"})


class Content(NamedTuple):
    """A file, and what it is called in the backup."""

    path: Path
    name: str


def books(config: CentralConfig, runs: Iterable[str]) -> Iterator[Content]:
    """The files of the data folder but for the register's rows, in the order in which they are to be copied.

    ``runs`` are those that the rows name, which were copied before. Raises OSError.
    """
    folder, register = config.data_dir, config.register
    for run in runs:
        yield from _below(register / "runs" / run, f"data/register/runs/{run}")
    if register.is_dir():
        for path in sorted(register.iterdir()):
            if path.name not in {*_PASSING, "runs", REGISTER}:
                yield from _below(path, f"data/register/{path.name}")
    named = {path.name: path for path in folder.iterdir() if path != register and path.name not in _PASSING}
    cluster = {path.name for path in cluster_files(config.cluster_file) if path.parent == folder.resolve()}
    for name in sorted(named.keys() - set(_LAST) - cluster):
        yield from _below(named[name], f"data/{name}")
    yield from (Content(named[name], f"data/{name}") for name in _LAST if name in named)


def cluster_files(cluster_file: Path) -> list[Path]:
    """The cluster file, its history, and the old ones that imports kept."""
    there = cluster_file.resolve()
    return sorted(path for path in there.parent.glob(f"{there.name}*") if path.is_file() and path.suffix != ".lock")


def _below(path: Path, name: str) -> Iterator[Content]:
    if path.is_dir():
        for one in sorted(path.iterdir()):
            yield from _below(one, f"{name}/{one.name}")
    elif path.is_file() and not path.name.endswith(_BESIDE):
        yield Content(path, name)
