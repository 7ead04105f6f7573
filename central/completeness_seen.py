"""What explains missing values, gathered from the books: gateways, held stands, findings, operators and their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from central.aliases import versions_under_ids
from central.archive import Archive, is_archive
from central.asked_for import AskedFor
from central.books import Books, Settled
from central.causes import Around, Causes, Recorded, Stretch
from central.clock_scan import ClockScan
from central.cluster import Point
from central.completeness import STORAGE
from central.gaps_asked import gaps_asked
from central.opened import open_store
from central.readings import INTERVALS, PointSeen
from central.validity import is_valid
from central.watch import Watch
from metering.period import day_start

_EXPLAIN = {"gateway_silent", "meter_failing"}
"""Kinds of findings that explain stands that never came."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known besides a month's energies."""

    causes: Causes
    files: Mapping[str, PointSeen]
    """Points of which operators' files gave values."""
    versions: pa.Table
    """Operators' values of the month with their older versions (``central.readings.INTERVALS``)."""
    imported: Mapping[int, float]
    """When each archived file was imported, in seconds since 1970."""
    asked: Mapping[str, list[AskedFor]]
    """What gateways were asked for, by point."""
    points: Mapping[str, Sequence[Point]]
    """By id; the rows of one id follow one another in time."""

    def operator(self, point: str, direction: str, day: date) -> str | None:
        """On whose files a point's day rests: those it has had, or where no gateway reads it its operator's.

        Empty where the cluster file doesn't name the operator; None where it rests on no file.
        """
        if direction == STORAGE:
            return None
        since, until = day_start(day), day_start(day + timedelta(days=1))
        rows = self.points[point]
        codes = (point, *dict.fromkeys(alias.code for row in rows for alias in row.aliases))
        had = [self.files[code] for code in codes if code in self.files]
        there = next((row for row in rows if is_valid(row, until - timedelta(seconds=1))), rows[-1])
        known = [one.operator for one in there.supplied if is_valid(one, since) and one.operator]
        name = known[0] if known else ""
        if any(one.first < until for one in had):
            return name
        if not name:
            return None
        here = self.causes.read_here(Stretch(point=point, direction=direction, since=since, until=until))
        return None if here else name


def seen_around(books: Books, settled: Settled, now: datetime) -> Seen:
    """Gather it.

    Raises:
        StoreDownError: the store's server can't be used.
        sqlite3.Error: a file can't be read.
    """
    config, month = books.config, settled.month
    watch = Watch(books)
    intake = watch.intake_seen(now, ClockScan(0, {}, []))
    store = open_store(config, read_only=True)
    try:
        files = {one.point: one for one in store.points()}
        meters = store.meters()
        versions = store.intervals(month.start, month.end, versions=True) if files else INTERVALS.empty_table()
    finally:
        store.close()
    versions = versions_under_ids(versions, settled.tables)
    doubles: dict[tuple[str, str], list[datetime]] = {}
    for row in settled.doubles.to_pylist():
        doubles.setdefault((row["point"], row["direction"]), []).append(row["start"])
    falls: dict[tuple[str, str], list[tuple[datetime, datetime]]] = {}
    for row in settled.gaps.filter(pc.invert(settled.gaps["proved"])).to_pylist():
        falls.setdefault((row["point"], row["direction"]), []).append((row["since"], row["until"]))
    around = Around(
        now=now,
        meters=settled.tables["meters"].to_pylist(),
        seen=meters,
        held=intake.held,
        gateways=intake.gateways,
        records=_recorded(watch),
        doubles=doubles,
        falls=falls,
    )
    asked: dict[str, list[AskedFor]] = {}
    for one in gaps_asked(config.gaps):
        asked.setdefault(one.point, []).append(one)
    points: dict[str, list[Point]] = {}
    for point in settled.cluster.points:
        points.setdefault(point.id, []).append(point)
    return Seen(Causes(around), files, versions, _imported(books) if files else {}, asked, points)


def _recorded(watch: Watch) -> list[Recorded]:
    """Trouble of gateways and meters, from when it began to when it was over."""
    return [
        Recorded(
            id=one.id,
            finding=one.finding,
            since=min(one.opened, one.finding.since or one.opened),
            until=one.closed,
        )
        for one in watch.records(closed=True)
        if one.finding.kind in _EXPLAIN
    ]


def _imported(books: Books) -> dict[int, float]:
    if not is_archive(books.config.files):
        return {}
    archive = Archive(books.config.files, read_only=True)
    try:
        return {one.number: one.imported.timestamp() for one in archive.all()}
    finally:
        archive.close()
