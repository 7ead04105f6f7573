"""The findings of a month as they are now, with their records: for the command, the API and the page alike."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from central.books import Books
from central.finding import Finding
from central.findings_file import Record
from central.watch import Watch
from metering.period import Month, utc_text


class Known(msgspec.Struct, frozen=True):
    """A finding, and its record unless it is younger than the service's last look."""

    finding: Finding
    record: Record | None


def findings_now(books: Books, month: Month, now: datetime, *, closed: bool = False) -> tuple[list[Known], int]:
    """Open findings, heaviest first: of a month and the intake as they are now, of other months as last recorded.

    With ``closed`` those too that were recorded and are closed. Gives beside them how many messages nobody has looked
    through for gateways' clocks yet.
    """
    watch = Watch(books)
    fresh, scopes = watch.findings(month, now)
    records = watch.records(closed=closed)
    open_ = {record.finding.key: record for record in records if record.closed is None}
    acknowledged = {record.finding.key for record in records if record.by}
    found = {one.key: one for one in fresh if not one.over and one.key not in acknowledged}
    known = [Known(one, open_.get(key)) for key, one in found.items()]
    known += [
        Known(record.finding, record)
        for key, record in open_.items()
        if key not in found and record.scope not in scopes
    ]
    if closed:
        known += [Known(record.finding, record) for record in records if record.closed is not None]
    return sorted(known, key=lambda one: one.finding.order), watch.unread


def finding_row(known: Known) -> dict[str, Any]:
    """A finding as plain values; instants as text in UTC."""
    one, record = known.finding, known.record
    return {
        "id": record.id if record else one.key,
        "kind": one.kind,
        "weight": one.weight,
        "what": one.what,
        "where": one.where,
        "since": _text(one.since),
        "until": _text(one.until),
        "first": one.first,
        "second": one.second,
        "unit": one.unit,
        "text": one.text,
        "way_out": one.way_out,
        "notes": msgspec.to_builtins(one.notes),
        "wh": one.wh,
        "opened": _text(record.opened) if record else None,
        "closed": _text(record.closed) if record else None,
        "acknowledged": {"by": record.by, "reason": record.reason} if record and record.by else None,
    }


def _text(at: datetime | None) -> str | None:
    return None if at is None else utc_text(at)
