"""A register's life: which observations are believed, and when a new life (epoch) has begun.

Only where the register's modulus is known, and a wrap explains it within the greatest power, is a fall a rollover: the
stand goes on counting. Any other fall is a glitch until several polls in a row agree that the register has begun anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from gateway.observation import Accepted, Event, Observation
from gateway.words import plain
from metering.period import utc_text

WITNESSES = 3
"""So many polls in a row must agree on a new life."""
WITNESSED = timedelta(seconds=30)
"""So much of the clock's time must lie between the first and the last of them."""
_MOST_WITNESSES = 16
"""So many are remembered while a value stands still: the first, and the newest."""

MOST_WH = Decimal(10) ** 15
"""More than any meter counts, in Wh: a float32 can hold far more, and then it isn't energy."""

_HOUR = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one observation."""

    accepted: tuple[Accepted, ...] = ()
    """Oldest first; more than one when a new life is confirmed, none when the observation isn't believed."""
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Counter:
    """One register of one meter; every observation gives the counter that comes after it."""

    max_power_w: int
    """A rise faster than this is not believed, in W (var)."""
    last: Accepted | None = None
    """The newest observation that was believed: what a restart continues from."""
    witnesses: tuple[Observation, ...] = ()
    rejecting: bool = False
    restored: bool = False
    """``last`` is from an earlier run: how long ago that was, a clock that begins anew with the machine can't tell."""

    def observe(self, seen: Observation) -> tuple[Counter, Judgement]:
        """Judge one observation (they come in the order of their polls)."""
        if seen.wh is None or _nonsense(seen):
            return self._doubt(seen, _nonsense(seen) or "not a number")
        if self.last is None:
            return self._believe(seen, seen.wh, 0)
        # What a register with a modulus has counted: as often round as at the last poll, or once more.
        wraps = self.last.wraps
        counted = seen.wh + wraps * (seen.modulus or 0)
        if counted < self.last.wh and seen.modulus is not None and self._problem(seen, counted + seen.modulus) is None:
            return self._believe(seen, counted + seen.modulus, wraps + 1)
        problem = self._problem(seen, counted)
        return self._doubt(seen, problem) if problem else self._believe(seen, counted, wraps)

    def _problem(self, seen: Observation, counted: Decimal) -> str | None:
        if self.last is None:
            return None
        last = self.last
        before = Observation(last.wh, last.step, last.sent, last.received, last.scale)
        # Where the register may turn over, its rate must be known: a fall would pass for a turn otherwise.
        power = None if self.restored and seen.modulus is None else self.max_power_w
        return _break_between(before, replace(seen, wh=counted), power)

    def _believe(self, seen: Observation, wh: Decimal, wraps: int) -> tuple[Counter, Judgement]:
        events = []
        epoch = self.last.epoch if self.last else utc_text(seen.received)
        if self.last is None:
            events.append(Event("epoch_started", {"epoch": epoch, "cause": "first seen", "wh": plain(wh)}))
        elif self.rejecting:
            events.append(Event("value_plausible_again", {"wh": plain(wh)}))
        if self.last is not None and wraps > self.last.wraps:
            events.append(_rollover(self.last, seen, wh))
        accepted = Accepted(epoch, wh, seen.step, seen.sent, seen.received, wraps, seen.scale)
        return Counter(self.max_power_w, accepted), Judgement((accepted,), tuple(events))

    def _doubt(self, seen: Observation, problem: str) -> tuple[Counter, Judgement]:
        events = () if self.rejecting else (self._rejection(seen, problem),)
        witnesses = self._witnesses_with(seen)
        if not _agree(witnesses):
            return replace(self, witnesses=witnesses, rejecting=True), Judgement((), events)
        epoch = utc_text(witnesses[0].received)
        accepted = tuple(
            Accepted(epoch, one.wh, one.step, one.sent, one.received, 0, one.scale)
            for one in witnesses
            if one.wh is not None
        )
        fields = {"epoch": epoch, "cause": problem, "wh": plain(accepted[0].wh)}
        if self.last is not None:
            fields |= {"last_epoch": self.last.epoch, "last_wh": plain(self.last.wh)}
        return Counter(self.max_power_w, accepted[-1]), Judgement(accepted, (*events, Event("epoch_started", fields)))

    def _witnesses_with(self, seen: Observation) -> tuple[Observation, ...]:
        if _nonsense(seen):
            return ()
        if not self.witnesses or _break_between(self.witnesses[-1], seen, self.max_power_w):
            return (seen,)
        # The first one dates the new life; the last ones show that it goes on.
        return (*self.witnesses[:1], *self.witnesses[1:][2 - _MOST_WITNESSES :], seen)

    def _rejection(self, seen: Observation, problem: str) -> Event:
        fields = {"problem": problem, "wh": "" if seen.wh is None else plain(seen.wh)}
        if self.last is not None:
            fields |= {"last_wh": plain(self.last.wh), "last_read": utc_text(self.last.received)}
        return Event("value_rejected", fields)


def _agree(witnesses: tuple[Observation, ...]) -> bool:
    """Whether they make a new life: enough of them, over enough time, and the register counts.

    A value that stands still may be a meter that has nothing to say yet (zeros after a power cut): the old life goes on
    if its register comes back, and nothing is lost by waiting.
    """
    if len(witnesses) < WITNESSES:
        return False
    first, last = witnesses[0], witnesses[-1]
    rises = first.wh is not None and last.wh is not None and last.wh > first.wh
    return rises and abs(last.sent - first.received) >= WITNESSED


def _rollover(last: Accepted, seen: Observation, wh: Decimal) -> Event:
    modulus = seen.modulus or Decimal(0)
    shown_before = last.wh - last.wraps * modulus
    fields = {"shown_before": plain(shown_before), "shown": plain(seen.wh or Decimal(0)), "modulus": plain(modulus)}
    return Event("counter_rolled_over", {**fields, "last_wh": plain(last.wh), "wh": plain(wh)})


def _nonsense(seen: Observation) -> str | None:
    """Why a value can't be energy, whatever came before it."""
    if seen.wh is None:
        return "not a number"
    if seen.wh < 0:
        return "negative"
    return "more than any meter counts" if seen.wh >= MOST_WH else None


def _break_between(before: Observation, after: Observation, max_power_w: int | None) -> str | None:
    """Why ``after`` can't come after ``before`` in one life, or None when it can.

    Without a power, and where the clock went back, the rate isn't judged: trouble with the clock says nothing about the
    register.
    """
    if before.wh is None or after.wh is None:
        return "not a number"
    if None not in {before.scale, after.scale} and before.scale != after.scale:
        return "the weight of a count changed"
    if after.wh < before.wh:
        return "falls"
    if max_power_w is None or after.sent < before.sent:
        return None
    most = energy_within(max_power_w, before.sent, after.received) + before.step + after.step
    if after.wh - before.wh > most:
        return "rises too fast"
    # So long a silence may hide a whole turn of the counter: nobody can say how much was counted in it.
    return "unread for a whole turn of the counter" if after.modulus is not None and most >= after.modulus else None


def energy_within(power_w: int, start: datetime, end: datetime) -> Decimal:
    """The energy of a constant power (W) from ``start`` to ``end``, in Wh."""
    return Decimal((end - start) // _MICROSECOND) * power_w / Decimal(_HOUR // _MICROSECOND)
