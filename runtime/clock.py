"""The clock: the machine's, or the simulation's staircase. No other module reads the time.

Simulated time is a staircase that every program computes alike from the real clock: it stands still at ``start`` until
``real_start``, then advances by ``step_s`` at once, ``speed`` times as fast as real time on average. Time limits of
I/O stay in real time.

The machine's clock may be set while a program runs, and a machine without a clock of its own starts in the past: so
every instant that matters is taken with its ``Timebase``, from which a step is seen and made good.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Protocol

import msgspec

from metering.wire import ClockState
from runtime.kernel_clock import kernel_state
from runtime.timebase import Timebase

_NANO = 1_000_000_000
_LONGEST_NAP_S = 30.0
_CLOSE_NS = 1_000_000
_READINGS = 5
SETTLING = timedelta(minutes=15)
"""So long after the machine's start the first synchronisation is waited for before its clock is used as it is."""
_SETTLING_NS = SETTLING // timedelta(microseconds=1) * 1000


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

    def timebase(self) -> Timebase:
        """What ``now()`` rests on at present."""

    def real_seconds_until(self, at: datetime) -> float:
        """Real seconds until ``now()`` is at or after ``at``; 0 when it is."""

    async def sleep_until(self, at: datetime) -> None:
        """Return when ``now()`` is at or after ``at``."""


class Machine:
    """The clocks of this machine, as its kernel gives them."""

    def wall_ns(self) -> int:
        """Nanoseconds since 1970 by the clock that may be set."""
        return time.time_ns()

    def steady_ns(self) -> int:
        """Nanoseconds since the machine's start, its sleep included; nobody sets this clock."""
        return time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def state(self) -> ClockState:
        """Whether the clock that may be set is synchronised."""
        return kernel_state()


class SystemClock:
    """The machine's clock."""

    def __init__(self, machine: Machine | None = None) -> None:
        """Read ``machine``'s clocks; absent: this one's."""
        self._machine = machine or Machine()
        self._settled = False

    @property
    def state(self) -> ClockState:
        """Whether the clock is synchronised at present."""
        return self._machine.state()

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        return _at(self._machine.wall_ns())

    def timebase(self) -> Timebase:
        """State, origin, and whether it has settled: synchronised once, or ``SETTLING`` after the machine's start."""
        state = self._machine.state()
        since_ns, origin_ns = self._origin()
        self._settled |= (
            state is not ClockState.UNSYNCHRONISED or since_ns >= SETTLING // timedelta(microseconds=1) * 1000
        )
        return Timebase(state, _at(origin_ns), self._settled)

    def _origin(self) -> tuple[int, int]:
        """The steady clock, and the start of the machine: the closest of a few readings, one may be interrupted."""
        closest, found = None, (0, 0)
        for _ in range(_READINGS):
            before = self._machine.steady_ns()
            wall = self._machine.wall_ns()
            after = self._machine.steady_ns()
            if closest is None or after - before < closest:
                closest, found = after - before, (after, wall - (before + after) // 2)
            if closest < _CLOSE_NS:
                break
        return found

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

    def timebase(self) -> Timebase:
        """Simulated time is never set."""
        return Timebase(self.state)

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


def _at(ns: int) -> datetime:
    # A float holds the microseconds of the next two centuries, and is four times as fast as a sum of integers.
    return datetime.fromtimestamp(ns // 1000 / 1_000_000, UTC)


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
