"""``missing``: periods that have ended and lack a point's value, as stretches, with the sum that is proved for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from central.asked_for import asked_words
from central.evidence import GRACE, MonthSeen
from central.finding import Finding
from central.found import found
from central.reports.note import Note
from central.sentence import counted, joined, sentence, way
from metering.period import EPOCH


def check(seen: MonthSeen) -> Iterator[Finding]:
    """A stretch is the same finding as long as it begins at the same period."""
    grid = seen.grid
    length = timedelta(seconds=int(grid.starts[1] - grid.starts[0])) if len(grid.starts) > 1 else timedelta(hours=1)
    ended = min(seen.now - GRACE, seen.month.end)
    past = grid.starts + length.total_seconds() <= ended.timestamp()
    absent = (grid.valid & ~grid.known) & past[:, None]
    proofs = [row for row in seen.tables["gaps"].to_pylist() if row["proved"]]
    for p in np.flatnonzero(absent.any(axis=0)).tolist():
        for first, last in _stretches(np.flatnonzero(absent[:, p]).tolist()):
            since = EPOCH + timedelta(seconds=int(grid.starts[first]))
            until = EPOCH + timedelta(seconds=int(grid.starts[last])) + length
            asked = asked_words(seen.asked, grid.points[p], since)
            yield _missing(grid.points[p], since, until, (until - since) // length, proofs, asked)


def _stretches(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    cuts = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(places)) if b != a + 1), len(places)]
    for first, last in pairwise(cuts):
        yield places[first], places[last - 1]


def _missing(
    point: str, since: datetime, until: datetime, count: int, proofs: Iterable[dict[str, Any]], asked: Sequence[Note]
) -> Finding:
    exact = [row for row in proofs if (row["point"], row["since"], row["until"]) == (point, since, until)]
    said = counted("findings.missing", count, "period without a value", "periods without a value")
    if exact:
        proved = [
            sentence(
                "findings.proved",
                "{direction} in all exactly {wh_num} Wh",
                direction=way(row["direction"]),
                wh_num=row["then_wh"] - row["first_wh"],
            )
            for row in exact
        ]
        said = sentence("findings.missing_proved", "{periods}: {proved}", periods=said, proved=proved)
    one = exact[0] if len(exact) == 1 else None
    return found(
        kind="missing",
        what=point,
        where="" if one is None else sentence("findings.where.meter", "meter {meter}", meter=one["meter"]),
        since=since,
        until=until,
        first=None if one is None else str(one["first_wh"]),
        second=None if one is None else str(one["then_wh"]),
        unit="" if one is None else "Wh",
        text=joined([said, *asked]),
        way_out="wait for the gateway's backlog, read the operator's file, or estimate by name",
        wh=None if one is None else one["then_wh"] - one["first_wh"],
    )
