"""What happens to the clock, for the log: steps with both instants, and whether it is synchronised. Pure."""

from __future__ import annotations

from datetime import datetime

from gateway.observation import Event
from metering.period import utc_text
from metering.wire import ClockState
from runtime.timebase import Timebase


class ClockWatch:
    """Compares the clock with what it was at the last look."""

    def __init__(self) -> None:
        """The first look is compared with nothing."""
        self._before: Timebase | None = None

    def look(self, now: datetime, base: Timebase) -> tuple[Event, ...]:
        """What has happened since the last look."""
        before, self._before = self._before, base
        if before is None:
            return (Event("clock_unsynchronised", {}),) if base.state is ClockState.UNSYNCHRONISED else ()
        events = []
        if step := before.step_to(base):
            seconds = f"{step.total_seconds():+.3f}"
            events.append(
                Event("clock_stepped", {"was": utc_text(now - step), "now": utc_text(now), "seconds": seconds})
            )
        else:
            # So that many small steps are seen when together they are one.
            self._before = before if before.state is base.state else Timebase(base.state, before.origin, base.settled)
        if before.state is not base.state:
            events.append(Event(f"clock_{base.state.value}"))
        return tuple(events)
