"""The calendar in the service's look: on each new day, and when the cluster file or its history changed."""

from __future__ import annotations

from datetime import datetime, timedelta

from central.books import Books
from central.checks import of_deadlines
from central.checks.deadlines import DeadlinesSeen
from central.cluster.dealings import FilingKind
from central.cluster.history import History, HistoryError
from central.config import CentralConfig
from central.finding import Finding
from central.papers.duties import Calendar
from central.papers.noticed import noticed
from metering.period import WARSAW

AHEAD = timedelta(days=366)
"""Longer than any day of warning."""


def look_at_deadlines(
    config: CentralConfig, books: Books, mark: str, now: datetime
) -> tuple[str, list[Finding] | None]:
    """What the calendar gives now, and a mark of what it rests on; None where that is ``mark``: nothing is new.

    A cluster that keeps neither ``[coordinator]`` nor ``[[filings]]`` has no calendar. With a history that can't be
    trusted records stay as they are; ``deadlines`` tells why.

    Raises:
        OSError: the cluster file or its history can't be read.
    """
    today = now.astimezone(WARSAW).date()
    history = History(config.cluster_file.resolve()).path
    rests = [config.cluster_file, *([history] if history.exists() else [])]
    fresh = " ".join([today.isoformat(), *(str(file.stat().st_mtime_ns) for file in rests)])
    if fresh == mark:
        return mark, None
    cluster = books.cluster
    if cluster.coordinator is None and not cluster.filings:
        return fresh, []
    try:
        told = noticed(config.cluster_file)
    except HistoryError:
        return fresh, None
    duties = Calendar(cluster, today, today + AHEAD, told).duties()
    filed, file = any(one.kind is FilingKind.REGISTER_CHANGE for one in cluster.filings), config.cluster_file.name
    return fresh, of_deadlines(DeadlinesSeen(today=today, duties=duties, cluster_file=file, filed=filed))
