"""Put new data in place of a cluster file: all of it or nothing, with a record in its history and a copy of the old."""

from __future__ import annotations

import os
import tempfile
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from central.cluster.columns import SHEETS
from central.cluster.flat import named_rows
from central.cluster.history import Entry, History
from central.cluster.sources import Source
from runtime.config import Problem


@dataclass(frozen=True, slots=True)
class Replaced:
    """What an import did."""

    entry: Entry | None
    """Its record; None where the file said the same already."""
    copy: Path | None
    """Where the old file is kept; None where there was none."""


class ChangedMeanwhileError(Exception):
    """Somebody else has changed the cluster file since it was looked at; nothing was changed."""


def content_of(target: Path) -> bytes | None:
    """What a cluster file holds now; None where there is none. Raises OSError."""
    return target.read_bytes() if target.exists() else None


def replace_cluster(source: Source, target: Path, by: str, now: datetime, old: bytes | None) -> Replaced:
    """Write the source's data to the cluster file; ``old`` is what it held when the new data were checked against it.

    The record comes first and is taken back where the file can't be replaced: nothing is done without its record.

    Raises:
        ChangedMeanwhileError: it holds something else by now; nothing was changed.
        HistoryError: the history's chain is broken; nothing was changed.
        OSError: something can't be written; nothing was changed.
    """
    target = target.resolve()
    if old == source.text == content_of(target):
        return Replaced(None, None)
    copy = None
    new = _written(source.text, target)
    try:
        with History(target).recording(named_rows(source.content), source.text, by, now) as entry:
            # Here nobody else replaces it: what is kept is what is replaced.
            if content_of(target) != old:
                raise ChangedMeanwhileError(f"{target}: somebody else has changed it meanwhile")
            if old is not None:
                copy = _kept(old, target, now)
            new.replace(target)
    except BaseException:
        new.unlink(missing_ok=True)
        if copy is not None:
            copy.unlink(missing_ok=True)
        raise
    _sync(target.parent)
    return Replaced(entry, copy)


def _written(text: bytes, target: Path) -> Path:
    """The text in a new file beside the target, with the target's mode."""
    file, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    with os.fdopen(file, "wb") as out:
        out.write(text)
        out.flush()
        os.fchmod(out.fileno(), target.stat().st_mode & 0o777 if target.exists() else 0o644)
        os.fsync(out.fileno())
    return Path(name)


def _kept(old: bytes, target: Path, now: datetime) -> Path:
    """A copy of the old file under a name that says when it was replaced; no earlier copy is overwritten."""
    stem = f"{target.name}.{now:%Y%m%dT%H%M%SZ}"
    path = next(one for i in range(1, 1000) if not (one := target.with_name(f"{stem}.{i}" if i > 1 else stem)).exists())
    with path.open("xb") as out:
        out.write(old)
        out.flush()
        os.fsync(out.fileno())
    return path


def _sync(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def not_a_cluster_file(target: Path) -> Problem | None:
    """Why an import can't be meant for this file: it is something else than a cluster file, whole or damaged."""
    if target.is_dir():
        return Problem(str(target), "", "", "is a folder; the cluster file is expected")
    try:
        content = tomllib.loads(target.read_bytes().decode("utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, RecursionError):
        return None  # it isn't there yet, can't be read, which is told later, or is a damaged file that is mended
    except UnicodeDecodeError:
        content = {"": None}
    if content and not content.keys() & set(SHEETS):
        said = "isn't a cluster file, and an import would take its place: name the cluster file, or move it away"
        return Problem(str(target), "", "", said)
    return None


def has_comments(text: bytes) -> bool:
    """Whether a cluster file may hold comments, which sheets don't keep."""
    return any(b"#" in line for line in text.splitlines())
