"""Gaps that a person accepts by name, and which of a month's gaps nobody has accepted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from central.completeness import WAYS, completeness
from central.estimates.asked import instant_of
from central.evidence import GRACE
from central.register.manifest import AcceptedGap
from central.settings import Settings
from central.tables import GAPS
from metering.period import Month, local_text

_FORM: Final = "POINT/drawn|injected/FROM..TO=REASON, FROM and TO local days or instants like 2026-10-05T14:00+02:00"
_GAP: Final = re.compile(r"(?P<point>[^/]{1,100})/(?P<way>drawn|injected)/(?P<first>.+?)\.\.(?P<last>.+?)=(?P<why>.+)")
_MOST_REASON: Final = 500


def accepted_gap(text: str) -> AcceptedGap:
    """Read ``P1/drawn/2026-10-05..2026-10-06=meter burnt``; a day at the end is included.

    Raises:
        ValueError: it isn't of that form.
    """
    found = _GAP.fullmatch(text.strip())
    if not found or len(found["why"]) > _MOST_REASON or not text.strip().isprintable():
        raise ValueError(f"{text[:80]!r}: expected {_FORM}")
    since, until = instant_of(found["first"], end=False), instant_of(found["last"], end=True)
    if until <= since:
        raise ValueError(f"{text[:80]!r}: ends before it begins")
    return AcceptedGap(
        point=found["point"], direction=found["way"], since=since, until=until, reason=found["why"].strip()
    )


def missing(
    tables: Mapping[str, pa.Table], hours: pa.Table, gaps: pa.Table | None, settings: Settings, month: Month
) -> list[AcceptedGap]:
    """The stretches that lack a declared value in a month, by point and direction; nobody's reason yet."""
    if pc.all(pc.equal(hours["status"], "complete"), min_count=0).as_py():
        return []
    whole = completeness(tables, GAPS.empty_table() if gaps is None else gaps, settings, month.end + 2 * GRACE)
    return [
        AcceptedGap(
            point=whole.lines[one.p].point,
            direction=whole.lines[one.p].direction,
            since=whole.at(one.first),
            until=whole.at(one.last),
            reason="",
        )
        for one in whole.stretches()
        if whole.lines[one.p].direction in WAYS
    ]


def unaccepted(gaps: Iterable[AcceptedGap], accepted: Sequence[AcceptedGap]) -> list[AcceptedGap]:
    """Those of which not every instant is accepted."""
    return [gap for gap in gaps if not _covered(gap, accepted)]


def _covered(gap: AcceptedGap, accepted: Sequence[AcceptedGap]) -> bool:
    reached = gap.since
    for one in sorted(accepted, key=lambda one: one.since):
        if (one.point, one.direction) == (gap.point, gap.direction) and one.since <= reached:
            reached = max(reached, one.until)
    return reached >= gap.until


def gap_text(gap: AcceptedGap) -> str:
    """As ``--accept-gap`` takes it, without the reason."""
    return f"{gap.point}/{gap.direction}/{_short(gap.since)}..{_short(gap.until)}"


def _short(at: datetime) -> str:
    text = local_text(at)
    return f"{text[:16]}{text[19:]}" if text[17:19] == "00" else text
