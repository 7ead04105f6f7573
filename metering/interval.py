"""An interval: the energy of one period at one point."""

from __future__ import annotations

import msgspec

from metering.period import Period
from metering.point import Direction
from metering.stand import Quality


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """The energy of one period, in whole Wh."""

    point: str
    direction: Direction
    period: Period
    wh: int
    quality: Quality
