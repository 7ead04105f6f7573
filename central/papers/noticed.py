"""Changes of the register's data that only the history tells: no validity says when they were."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from central.cluster.changes import apply
from central.cluster.flat import Named
from central.cluster.history import Entry, History
from central.cluster.model import Cluster, Installation, Member, Point
from central.papers.entry import entry_at
from central.papers.facts import Changed, changed
from central.papers.past import cluster_of_named
from metering.period import WARSAW
from runtime.config import ConfigError


def noticed(cluster_file: Path) -> list[tuple[date, Sequence[Changed]]]:
    """Each record after which the register's facts of that very instant are others than before it.

    A thing that the record gave a validity from an earlier day is told by that day instead. States that this version
    can't read are passed over.

    Raises:
        HistoryError: the chain is broken.
        OSError: it can't be read.
    """
    found: list[tuple[date, Sequence[Changed]]] = []
    state: Named = {}
    before: Cluster | None = None
    for entry in History(cluster_file.resolve()).entries():
        apply(state, entry.changes)
        try:
            after = cluster_of_named(state, cluster_file.name)
        except ConfigError:
            continue
        if before is not None and (more := _between(before, after, entry)):
            found.append((entry.at.astimezone(WARSAW).date(), more))
        before = after
    return found


def _between(before: Cluster, after: Cluster, entry: Entry) -> list[Changed]:
    differs = changed(entry_at(before, entry.at, ""), entry_at(after, entry.at, ""))
    return [one for one in differs if not _has_its_own_day(one, after)]


def _has_its_own_day(one: Changed, cluster: Cluster) -> bool:
    """Whether it came or went, and its row says itself from or to when it counts."""
    if one.before is not None and one.after is not None:
        return False
    rows: list[Member | Point | Installation] = [*cluster.members, *cluster.points, *cluster.installations]
    mine = [row for row in rows if row.id == one.fact.subject]
    return any(row.valid_from is not None or row.valid_to is not None for row in mine)
