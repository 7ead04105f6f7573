"""The cluster as it was: another file, or the last state of the history beside the cluster file up to a day."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from central.cluster.columns import SHEETS
from central.cluster.flat import Named, typed
from central.cluster.history import History
from central.cluster.loading import cluster_of, load_cluster
from central.cluster.model import Cluster
from metering.period import day_start
from runtime.config import ConfigError, Problem


def cluster_of_named(named: Named, file: str) -> Cluster:
    """The cluster of a state of the history.

    Raises:
        ConfigError: it can't be read by this version.
    """
    rows = {
        name: [
            (number, {column: text for column, text in cells.items() if column in SHEETS[name].header})
            for number, cells in enumerate(named.get(name, {}).values(), 2)
        ]
        for name in SHEETS
    }
    made = typed(rows, file)
    if made.problems:
        raise ConfigError(made.problems)
    missing = [name for name in ("cluster", "members", "points") if name not in made.content]
    if missing:
        raise ConfigError([Problem(file, missing[0], "", "has no rows at that time")])
    return cluster_of(made.content, file)


def cluster_on(cluster_file: Path, day: date) -> tuple[Cluster, str]:
    """The cluster's data as they were recorded at the end of a day, and where that is from.

    Without a record up to that day: the present file, whose validities tell the past.

    Raises:
        HistoryError: the history's chain is broken.
        ConfigError: the state can't be read.
        OSError: the history can't be read.
    """
    end = day_start(day + timedelta(days=1))
    entries = [one for one in History(cluster_file.resolve()).entries() if one.at < end]
    if not entries:
        return load_cluster(cluster_file), f"okresy obowiązywania w {cluster_file.name}"
    number = entries[-1].number
    named = History(cluster_file.resolve()).state(number)
    return cluster_of_named(
        named, f"{cluster_file.name}, version {number}"
    ), f"historia {cluster_file.name}, zapis {number}"
