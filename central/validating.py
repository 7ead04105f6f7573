"""Months validated on the spot, beside a running service or without one: what is doubted, and what was accepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from central.books import Books
from central.checks import validated
from central.finding import VALIDATED
from central.findings import Known, finding_row
from central.watch import Watch
from metering.period import Month, utc_text


def validate_months(books: Books, months: Sequence[Month], now: datetime) -> dict[str, Any]:
    """The doubts of some months; ``accepted`` are false alarms that somebody accepted, with who and why.

    Raises:
        StoreDownError: the store's server can't be used.
    """
    watch = Watch(books)
    records = [record for record in watch.records(closed=False) if record.finding.kind in VALIDATED]
    open_ = {record.finding.key: record for record in records if record.closed is None}
    accepted = {record.finding.key: record for record in records if record.by}
    found = {one.key: one for month in months for one in validated.check(watch.month_seen(month, now))}
    doubts = [Known(one, open_.get(key)) for key, one in found.items() if key not in accepted]
    told = [Known(one, accepted[key]) for key, one in found.items() if key in accepted]
    first, last = months[0], months[-1]
    return {
        "span": str(first) if first == last else f"{first} to {last}",
        "now": utc_text(now),
        "findings": [finding_row(one) for one in sorted(doubts, key=lambda one: one.finding.order)],
        "accepted": [finding_row(one) for one in sorted(told, key=lambda one: one.finding.order)],
    }
