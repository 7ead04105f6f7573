"""Findings: what isn't as it should be, with both numbers and the way out. Values, never exceptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
import numpy as np
import pyarrow as pa

from central.grid import make_grid
from central.intake import KnownMeters
from central.readings import Doubt, MeterSeen
from metering.period import EPOCH, utc_text
from metering.wire import Verdict


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that isn't as it should be."""

    kind: str
    """missing · fall · two_values · new_life · unknown_meter · conflict · refused · store_behind · store_down."""
    what: str
    """The point, meter or gateway it is about."""
    since: datetime | None = None
    until: datetime | None = None
    text: str
    """What was found, with its numbers."""
    way_out: str
    wh: int | None = None
    """The proved energy of a gap, in Wh."""


def missing(tables: Mapping[str, pa.Table], gaps: pa.Table, ended: datetime) -> Iterator[Finding]:
    """Periods that ended before ``ended`` and lack a point's value, as stretches, with the sum that is proved for each.

    ``tables`` are those of one settlement.
    """
    grid = make_grid(tables)
    length = timedelta(seconds=int(grid.starts[1] - grid.starts[0])) if len(grid.starts) > 1 else timedelta(hours=1)
    past = grid.starts + length.total_seconds() <= ended.timestamp()
    absent = (grid.valid & ~grid.known) & past[:, None]
    proofs = [row for row in gaps.to_pylist() if row["proved"]]
    for p in np.flatnonzero(absent.any(axis=0)).tolist():
        for first, last in _stretches(np.flatnonzero(absent[:, p]).tolist()):
            since = EPOCH + timedelta(seconds=int(grid.starts[first]))
            until = EPOCH + timedelta(seconds=int(grid.starts[last])) + length
            yield _missing(grid.points[p], since, until, (until - since) // length, proofs)


def _stretches(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    cuts = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(places)) if b != a + 1), len(places)]
    for first, last in pairwise(cuts):
        yield places[first], places[last - 1]


def _missing(point: str, since: datetime, until: datetime, count: int, proofs: Iterable[dict[str, object]]) -> Finding:
    exact = [row for row in proofs if (row["point"], row["since"], row["until"]) == (point, since, until)]
    known = "; ".join(f"{row['direction']} in all exactly {_wh(row)} Wh" for row in exact)
    return Finding(
        kind="missing",
        what=point,
        since=since,
        until=until,
        text=f"{count} period{'s' if count > 1 else ''} without a value" + (f": {known}" if known else ""),
        way_out="wait for the gateway's backlog, read the operator's file, or estimate by name",
        wh=sum(_wh(row) for row in exact) if len(exact) == 1 else None,
    )


def _wh(row: Mapping[str, object]) -> int:
    return int(str(row["then_wh"])) - int(str(row["first_wh"]))


def falls(gaps: pa.Table) -> Iterator[Finding]:
    """Neighbouring stands of one epoch whose difference can't be an energy."""
    for row in gaps.to_pylist():
        if not row["proved"]:
            yield Finding(
                kind="fall",
                what=row["point"],
                since=row["since"],
                until=row["until"],
                text=f"meter {row['meter']}, {row['direction']}: {row['first_wh']} Wh, then {row['then_wh']} Wh",
                way_out="look at the meter: if it was exchanged or reset, its stands belong to two records",
            )


def doubles(table: pa.Table) -> Iterator[Finding]:
    """Periods for which two lives give different energies: none counts."""
    for row in table.to_pylist():
        yield Finding(
            kind="two_values",
            what=row["point"],
            since=row["start"],
            until=row["start"],
            text=f"{row['direction']}: {row['low_wh']} Wh and {row['high_wh']} Wh for one period, so none counts",
            way_out="find out who reads this meter, and name its gateway in [[meters]]",
        )


def new_lives(table: pa.Table) -> Iterator[Finding]:
    """Settlement registers that began anew: what was used between the two lives is in no sum."""
    rows = sorted(table.to_pylist(), key=lambda row: (row["meter"], row["direction"], row["gateway"], row["first"]))
    for old, new in pairwise(rows):
        if all(old[name] == new[name] for name in ("point", "meter", "direction", "gateway")):
            yield Finding(
                kind="new_life",
                what=new["meter"],
                since=old["last"],
                until=new["first"],
                text=f"{new['direction']}: it stood at {old['last_wh']} Wh and began anew at {new['first_wh']} Wh",
                way_out="reset, exchange or a wrong reading: look at the meter; what lies between is not proved",
            )


def unknown_meters(seen: Iterable[MeterSeen], meters: KnownMeters) -> Iterator[Finding]:
    """Meters whose stands are held."""
    for row in seen:
        problem = meters.problem(row.meter, row.last, row.gateway)
        if problem:
            yield Finding(
                kind="unknown_meter",
                what=row.meter,
                since=row.first,
                until=row.last,
                text=f"{problem}; {row.stands} stands of gateway {row.gateway} are held",
                way_out="correct [[meters]] in the cluster file: its stands enter by themselves",
            )


def doubts(kept: Iterable[Doubt]) -> Iterator[Finding]:
    """Conflicts and refusals."""
    for doubt in kept:
        if doubt.verdict is Verdict.CONFLICT:
            at = "" if doubt.at is None else f" at {utc_text(doubt.at)}"
            said = f"register {doubt.register}{at}: {doubt.first_wh} Wh stays, {doubt.wh} Wh came later"
            way_out = "find out why one stand was sent with two values; the first counts"
        else:
            said = f"message {doubt.journal} of the journal: {doubt.reason}"
            way_out = "look at the gateway's outbox: the row is set aside there"
        yield Finding(
            kind=doubt.verdict.value,
            what=doubt.meter or doubt.gateway,
            since=doubt.at,
            until=doubt.at,
            text=said,
            way_out=way_out,
        )


def behind(count: int, since: datetime, now: datetime) -> Finding:
    """Journalled messages that the readings store's server doesn't have yet; ``since``: when the first of them came."""
    return Finding(
        kind="store_behind",
        what="readings store",
        since=since,
        until=now,
        text=f"{count} journalled message{'s are' if count > 1 else ' is'} not in the store yet; nothing is lost",
        way_out="see to the InfluxDB server: the store catches up by itself when it can be reached",
    )


def unreachable(reason: str, now: datetime) -> Finding:
    """The readings store's server can't be read now, so the month's own findings aren't known."""
    return Finding(
        kind="store_down",
        what="readings store",
        since=now,
        until=now,
        text=f"{reason}; missing hours and falls can't be told meanwhile",
        way_out="see to the InfluxDB server, and to url, bucket and token_file of [store]",
    )
