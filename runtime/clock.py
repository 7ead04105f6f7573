"""The clock: the machine's, or the simulation's staircase. No other module reads the time.

Simulated time is a staircase that every program computes alike from the real clock: it stands still at ``start`` until
``real_start``, then advances by ``step_s`` at once, ``speed`` times as fast as real time on average. Time limits of
I/O stay in real time.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Protocol

import msgspec

from metering.wire import ClockState

_NANO = 1_000_000_000
_LONGEST_NAP_S = 30.0


class SimulationSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The ``[clock]`` table of a configuration: absent, the machine's clock counts."""

    start: Annotated[datetime, msgspec.Meta(tz=True)]
    """The simulated instant at ``real_start``."""
    real_start: Annotated[datetime, msgspec.Meta(tz=True)]
    """The real instant at which simulated time begins to move."""
    speed: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    """Simulated seconds per real second, on average."""
    step_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 60
    """The height of one stair, in simulated seconds."""


class Clock(Protocol):
    """What the programs may ask of time."""

    @property
    def state(self) -> ClockState:
        """What is known of this clock."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""

    def real_seconds_until(self, at: datetime) -> float:
        """Real seconds until ``now()`` is at or after ``at``; 0 when it is."""

    async def sleep_until(self, at: datetime) -> None:
        """Return when ``now()`` is at or after ``at``."""


class SystemClock:
    """The machine's clock."""

    state = ClockState.UNKNOWN

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        return datetime.now(UTC)

    def real_seconds_until(self, at: datetime) -> float:
        """Real seconds until ``at``; 0 when it has passed."""
        return max(0.0, (at - self.now()).total_seconds())

    async def sleep_until(self, at: datetime) -> None:
        """Return at ``at``; a clock set meanwhile is noticed within half a minute."""
        while (left := self.real_seconds_until(at)) > 0:  # noqa: ASYNC110 - time itself has no event
            await asyncio.sleep(min(left, _LONGEST_NAP_S))


class SimulationClock:
    """The staircase described at the head of this module."""

    state = ClockState.SIMULATED

    def __init__(self, settings: SimulationSettings) -> None:
        """Compute from ``settings`` and the real clock alone: nothing is exchanged between programs."""
        self._start = settings.start.astimezone(UTC)
        self._real_start_ns = round(settings.real_start.timestamp() * 1000) * 1_000_000
        self._speed = settings.speed
        self._step_s = settings.step_s

    def now(self) -> datetime:
        """The present simulated instant, aware, UTC: the foot of the present stair."""
        return self.at_real(time.time_ns())

    def at_real(self, real_ns: int) -> datetime:
        """The simulated instant at a real time in nanoseconds since 1970."""
        elapsed = max(0, real_ns - self._real_start_ns)
        stairs = elapsed * self._speed // (self._step_s * _NANO)
        return self._start + timedelta(seconds=self._step_s * stairs)

    def real_seconds_until(self, at: datetime) -> float:
        """Real seconds until the stair that reaches ``at``; 0 when it is reached."""
        stairs = -((self._start - at) // timedelta(seconds=self._step_s))
        reached = self._real_start_ns + -(-stairs * self._step_s * _NANO // self._speed)
        return max(0.0, (reached - time.time_ns()) / _NANO)

    async def sleep_until(self, at: datetime) -> None:
        """Return on the stair that reaches ``at``."""
        while self.now() < at:  # noqa: ASYNC110 - time itself has no event
            await asyncio.sleep(min(self.real_seconds_until(at) + 0.0002, _LONGEST_NAP_S))


def make_clock(simulation: SimulationSettings | None) -> Clock:
    """The machine's clock, or a simulated one."""
    return SystemClock() if simulation is None else SimulationClock(simulation)


def monotonic_ms() -> int:
    """Milliseconds of the machine's monotonic clock; meaningful within one ``boot_id()``."""
    return time.monotonic_ns() // 1_000_000


def monotonic_s() -> float:
    """Seconds of the machine's monotonic clock, for time limits and back-off."""
    return time.monotonic()


def boot_id() -> str:
    """Linux's id of this boot, or ``unknown`` where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return "unknown"
