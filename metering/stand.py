"""A stand: what a meter's register shows at one instant."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec


class Quality(StrEnum):
    """How a value came about."""

    MEASURED = "measured"
    INTERPOLATED = "interpolated"
    ESTIMATED = "estimated"
    SUBSTITUTED = "substituted"
    MISSING = "missing"


class Stand(msgspec.Struct, frozen=True, kw_only=True):
    """One register's cumulative value at one instant, as the meter's display would show it.

    The CT/VT multiplier (mnożna) is not in it: it belongs to the meter's dated record in central.
    """

    meter: str
    """Serial number or declared id."""
    register: str
    """OBIS code."""
    wh: Decimal
    """The value in Wh (varh for reactive registers), exactly as decoded at the register's resolution."""
    resolution: Decimal
    """The smallest step of the value, in Wh."""
    at: datetime
    """The instant (UTC) for which the value stands."""
    before: datetime
    """The last poll at or before ``at`` that it rests on."""
    after: datetime
    """The first poll at or after ``at`` that it rests on; equal to ``before`` when exact."""
    quality: Quality
    epoch: str
    """Which life of the register it belongs to: stands of two epochs are never differenced."""
