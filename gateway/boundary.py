"""The stand at every full hour (or quarter), from the polls around it.

A value is measured where it is proved: a poll at that very instant, or two equal values around it. Between two
different values it is interpolated, if the polls are at most the profile's gap apart. Otherwise it stays missing.

When the clock is stepped, what was polled before is dated anew by the steady clock, so that nothing is interpolated
across a step. While the clock of a machine that has just started may still be set, nothing is decided.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Context, Decimal

from gateway.observation import Accepted
from gateway.words import to_multiple
from metering.period import HOUR, floor_to
from metering.stand import Quality
from metering.wire import ClockState
from runtime.timebase import UNKNOWN, Timebase

WIDEST = timedelta(seconds=5)
"""An answer that took longer says too little about its instant to interpolate from it."""

_WIDE = Context(prec=60)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class StandAt:
    """A register's stand at one boundary; ``wh`` and ``resolution`` in Wh."""

    at: datetime
    wh: Decimal
    resolution: Decimal
    before: datetime
    after: datetime
    quality: Quality
    epoch: str


@dataclass(frozen=True, slots=True)
class Missing:
    """No stand can be had for the boundaries from ``first`` to ``last``, both inclusive."""

    first: datetime
    last: datetime


def stand_at(at: datetime, seen: tuple[Accepted, ...], gap: timedelta) -> StandAt | None:
    """The stand at ``at`` from accepted observations in the order of their polls, or None when they don't give it."""
    for one in seen:
        if one.sent == at == one.received:
            return StandAt(at, one.wh, one.step, at, at, Quality.MEASURED, one.epoch)
    around = _around(at, seen, gap, lambda _: True)
    if around and around[0].wh == around[1].wh:
        return _between(at, *around)
    around = _around(at, seen, gap, lambda one: one.spread <= WIDEST)
    return _between(at, *around) if around else None


def _around(
    at: datetime, seen: tuple[Accepted, ...], gap: timedelta, usable: Callable[[Accepted], bool]
) -> tuple[Accepted, Accepted] | None:
    """The last usable observation before ``at`` and the first after it, if they are of one life and close enough."""
    before = next((one for one in reversed(seen) if one.received <= at and usable(one)), None)
    after = next((one for one in seen if one.sent >= at and usable(one)), None)
    if before is None or after is None or before.epoch != after.epoch or after.sent - before.received > gap:
        return None
    return None if _strange(before.base, after.base) else (before, after)


def _strange(before: Timebase, after: Timebase) -> bool:
    """Whether the first instant is of an earlier run, and nothing says that the clock has gone on from there."""
    return before.origin is None and after.origin is not None and after.state is ClockState.UNSYNCHRONISED


def _between(at: datetime, before: Accepted, after: Accepted) -> StandAt:
    resolution = max(before.step, after.step)
    if before.wh == after.wh:
        return StandAt(at, before.wh, resolution, before.received, after.sent, Quality.MEASURED, before.epoch)
    passed = Decimal((at - before.received) // _MICROSECOND)
    whole = Decimal((after.sent - before.received) // _MICROSECOND)
    rise = _WIDE.divide(_WIDE.multiply(_WIDE.subtract(after.wh, before.wh), passed), whole)
    # Rounding to a multiple may leave the two polls behind: never below the earlier nor above the later.
    wh = min(max(to_multiple(_WIDE.add(before.wh, rise), resolution), before.wh), after.wh)
    return StandAt(at, wh, resolution, before.received, after.sent, Quality.INTERPOLATED, before.epoch)


@dataclass(frozen=True, slots=True)
class Boundaries:
    """One register's boundaries, decided one after the other; every step gives the state that comes after it."""

    gap: timedelta
    length: timedelta = HOUR
    pending: datetime | None = None
    """The boundary to be decided next; None before anything was seen."""
    seen: tuple[Accepted, ...] = ()
    """What is still needed, in the order of the polls."""

    @classmethod
    def after(cls, last: Accepted, gap: timedelta, length: timedelta = HOUR) -> Boundaries:
        """Go on from the last observation of an earlier run of the program."""
        return cls(gap, length, floor_to(last.sent, length) + length, (last,))

    def advance(
        self, now: datetime, new: tuple[Accepted, ...], base: Timebase = UNKNOWN
    ) -> tuple[Boundaries, list[StandAt | Missing]]:
        """Take ``new`` observations and decide what can be decided.

        ``now`` is an instant before which no further poll will be sent, by a clock that stands as ``base`` says.
        """
        seen = tuple(one.moved_to(base) for one in self.seen) + new
        if not base.settled:
            return replace(self, seen=seen), []
        if self.pending is not None and now < self.pending - self.length:
            # The clock was set back: what couldn't be dated anew belongs to another time.
            dated = tuple(one for one in seen[: len(self.seen)] if one.base.origin is not None)
            return Boundaries(self.gap, self.length, None, dated).advance(now, new, base)
        pending = self.pending
        if pending is None:
            first = min((one.sent for one in seen), default=now)
            pending = floor_to(first, self.length)
            pending += timedelta(0) if pending == first else self.length
        found: list[StandAt | Missing] = []
        while pending <= now:
            stand = stand_at(pending, seen, self.gap)
            if stand is None and now <= self._deadline(pending, seen):
                break
            if stand is not None:
                found.append(stand)
                pending += self.length
                continue
            last = self._last_hopeless(pending, now, seen)
            found.append(Missing(pending, last))
            pending = last + self.length
        return Boundaries(self.gap, self.length, pending, _needed(seen, pending)), found

    def _deadline(self, at: datetime, seen: tuple[Accepted, ...]) -> datetime:
        """After this instant no poll can give the stand at ``at`` any more."""
        before = next((one for one in reversed(seen) if one.received <= at), None)
        return max(at, before.received + self.gap) if before else at

    def _last_hopeless(self, at: datetime, now: datetime, seen: tuple[Accepted, ...]) -> datetime:
        """The last boundary from ``at`` on that is as hopeless: nothing was polled near it."""
        later = min((one.sent for one in seen if one.sent >= at), default=now)
        last = floor_to(min(later, now) - self.gap - self.length, self.length)
        return max(at, last)


def _needed(seen: tuple[Accepted, ...], pending: datetime) -> tuple[Accepted, ...]:
    """What may still serve: everything from the last narrow and the last wide observation before ``pending`` on."""
    old = [one for one in seen if one.received <= pending]
    kept = {id(old[-1])} if old else set()
    narrow = next((one for one in reversed(old) if one.spread <= WIDEST), None)
    if narrow is not None:
        kept.add(id(narrow))
    return tuple(one for one in seen if one.received > pending or id(one) in kept)
