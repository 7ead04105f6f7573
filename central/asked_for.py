"""What a gateway was asked for by itself, and when it is asked again: the pause grows each time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from central.reports.note import Note
from central.sentence import sentence

KEPT: Final = timedelta(days=450)
"""So long gateways keep what they have sent."""
FIRST: Final = timedelta(hours=1)
"""The first pause."""
_GROWS: Final = 4
_LONGEST: Final = timedelta(days=30)


class AskedFor(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway was asked for a gap so far."""

    gateway: str
    point: str
    since: datetime
    until: datetime
    """The gap as it was when it was last asked for."""
    times: int
    at: datetime
    """When the gateway was last asked (UTC)."""
    request: str
    """The id of that request."""

    @property
    def again(self) -> datetime:
        """When it is asked again at the earliest, if the gap is still there."""
        return self.at + min(FIRST * int(_GROWS ** min(self.times - 1, 10)), _LONGEST)


def asked_words(asked: Iterable[AskedFor], point: str, since: datetime) -> list[Note]:
    """Which gateways were asked for a gap and when, to be said after a finding's text."""
    found = [one for one in asked if (one.point, one.since) == (point, since)]
    return [
        sentence("findings.asked", "gateway {gateway} was asked again at {at}", gateway=one.gateway, at=one.at)
        for one in found
    ]
