"""What a meter knows of itself at one instant: the only thing that a simulated device is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec


class Reading(msgspec.Struct, frozen=True):
    """A meter's own counters and power, without any CT/VT multiplier."""

    import_wh: int
    """Active energy in from the grid's side (1.8.0), Wh."""
    export_wh: int
    """Active energy out to the grid's side (2.8.0), Wh."""
    power_w: float
    """Active power, W; positive is import."""
    export_today_wh: int = 0
    """What was counted as export since local midnight, Wh."""
    charge_permille: int = 0
    """State of charge of the site's storage, in 0.1 %."""


def steady(since: datetime, stand_wh: int, power_w: int) -> Callable[[datetime], Reading]:
    """The readings of a meter that had ``stand_wh`` in both counters and sees a constant power from ``since`` on."""

    def at(now: datetime) -> Reading:
        seconds = max(0, (now - since) // timedelta(seconds=1))
        energy_wh = abs(power_w) * seconds // 3600
        return Reading(
            import_wh=stand_wh + (energy_wh if power_w > 0 else 0),
            export_wh=stand_wh + (energy_wh if power_w < 0 else 0),
            power_w=float(power_w),
        )

    return at
