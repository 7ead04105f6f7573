"""What validation doubts (``central.validation``): measured energies that can't be right, or hardly."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import MonthSeen
from central.finding import Finding
from central.series import make_series
from central.validation import validate


def check(seen: MonthSeen) -> Iterator[Finding]:
    """Of the periods that have ended, whatever was estimated left out."""
    yield from validate(make_series(seen.month, seen.now, seen.tables, seen.facts, seen.limits))
