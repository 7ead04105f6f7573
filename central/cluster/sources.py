"""The cluster's data from wherever it is kept: a cluster file (TOML), a workbook, or a folder of CSVs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from central.cluster.flat import placed, typed
from central.cluster.loading import cluster_of
from central.cluster.model import Cluster
from central.cluster.sheets import MAX_BYTES, Numbered, read_folder, read_xlsx
from central.cluster.toml import toml_text
from runtime.config import ConfigError, Problem, read_toml
from runtime.unread import why_unread

MAX_TOLD = 200
"""So many problems are told, and how many more there are."""


@dataclass(frozen=True, slots=True)
class Source:
    """Data that make a cluster, checked."""

    cluster: Cluster
    content: dict[str, Any]
    """As a TOML parser gives it."""
    text: bytes
    """The cluster file that says it; of a TOML file its own bytes."""


def read_source(path: Path) -> Source:
    """Read and check everything.

    Raises:
        ConfigError: with every problem, each by table, row and column; of very many the first.
    """
    try:
        return _read(path)
    except ConfigError as error:
        more = len(error.problems) - MAX_TOLD
        if more <= 0:
            raise
        told = [*error.problems[:MAX_TOLD], Problem(str(path), "", "", f"and {more} more problems")]
        raise ConfigError(told) from error


def _read(path: Path) -> Source:
    if path.is_dir():
        return _of_sheets(read_folder(path), path)
    if path.suffix.lower() == ".xlsx":
        return _of_sheets(read_xlsx(path), path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigError([Problem(str(path), "", "", f"is larger than {MAX_BYTES >> 20} MiB")])
        text = path.read_bytes()
    except OSError as error:
        raise ConfigError([Problem(str(path), "", "", why_unread(error))]) from error
    content = read_toml(path)
    return Source(cluster_of(content, str(path)), content, text)


def _of_sheets(sheets: Numbered, path: Path) -> Source:
    file = str(path)
    made = typed(sheets, file)
    problems = list(made.problems)
    missing = [name for name in ("cluster", "members", "points") if name not in made.content]
    problems += [Problem(file, f"sheet {name}", "", "is missing, or has no rows") for name in missing]
    if not missing:
        try:
            cluster = cluster_of(made.content, file)
        except ConfigError as error:
            # A cell that could not be read is missing for whoever comes after: it was told already.
            told = {problem.key for problem in problems}
            found = [placed(problem, made.places) for problem in error.problems]
            problems += [problem for problem in found if problem.key not in told]
    if problems:
        raise ConfigError(problems)
    return Source(cluster, made.content, toml_text(made.content).encode())
