"""What each gateway last said of its clock: with its newest stands, since a status has nothing of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from central.books import Books
from central.readings import StoreDownError

LATELY = timedelta(hours=2)
"""Stands of at least one full hour are among those of the last two."""


def clocks_lately(books: Books, now: datetime) -> dict[str, str]:
    """The state of the clock (``ClockState``) by gateway, of those that sent stands lately and whose store answers."""
    try:
        stands = books.stands(now - LATELY, now)
    except StoreDownError:
        return {}
    newest: dict[str, tuple[datetime, str]] = {}
    for gateway, at, clock in zip(*(stands[name].to_pylist() for name in ("gateway", "at", "clock")), strict=True):
        if gateway not in newest or at >= newest[gateway][0]:
            newest[gateway] = at, clock
    return {gateway: clock for gateway, (_, clock) in newest.items()}
