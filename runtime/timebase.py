"""What the instants of a clock rest on: whether it is synchronised, and how it stands to the steady clock. Pure.

The machine's steady clock counts the time since the machine's start and is never set. The instant of that start *by the
clock* is the same as long as nobody sets the clock; when it moves, the clock was stepped by just so much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from metering.wire import ClockState

STEP = timedelta(milliseconds=100)
"""A smaller difference is how long reading two clocks may take: at 100 kW it is 3 Wh."""
_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Timebase:
    """A clock's state at one instant."""

    state: ClockState = ClockState.UNKNOWN
    origin: datetime | None = None
    """When the machine started, by this clock; None where there is no steady clock, or it is another run's."""
    settled: bool = True
    """False while the clock of a machine that has just started may still be set for the first time."""

    def step_to(self, later: Timebase) -> timedelta:
        """By how much the clock was stepped since; 0 where that isn't known."""
        if self.origin is None or later.origin is None:
            return _NONE
        step = later.origin - self.origin
        return step if abs(step) >= STEP else _NONE

    def moved_to(self, later: Timebase) -> Timebase:
        """The same moment by the clock as it is ``later``."""
        return replace(self, origin=later.origin)


UNKNOWN: Final = Timebase()
"""Where nothing is known of a clock, as of an earlier run's."""
