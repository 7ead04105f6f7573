"""A register's life: which observations are believed, and when a new life (epoch) has begun.

Only where the register's modulus is known, and a wrap explains it within the greatest power, is a fall a rollover: the
stand goes on counting. Any other fall is a glitch until several polls in a row agree that the register has begun anew,
or the meter's serial number tells at once that another one answers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from gateway.observation import Accepted, Event, Observation
from gateway.plausible import break_between, least_time, nonsense
from gateway.words import plain
from metering.period import utc_text
from metering.wire import ClockState

WITNESSES = 3
"""So many polls in a row must agree on a new life."""
WITNESSED = timedelta(seconds=30)
"""So much time must lie between the first and the last of them."""
_MOST_WITNESSES = 16
"""So many are remembered while a value stands still: the first, and the newest."""
_KEPT_TIME = frozenset({ClockState.SYNCHRONISED, ClockState.SIMULATED})
_BY_SERIAL = "#"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of one observation."""

    accepted: tuple[Accepted, ...] = ()
    """Oldest first; more than one when a new life is confirmed, none when the observation isn't believed."""
    events: tuple[Event, ...] = ()


def serial_of(epoch: str) -> str:
    """The serial number of the meter whose life this is; empty where it wasn't known."""
    return epoch.partition(_BY_SERIAL)[2]


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
    """``last`` is from an earlier run: how long ago that was, only a clock that keeps time can tell."""
    serial: str = ""
    """The serial number of the meter that answers; empty where it isn't known."""
    ended: Accepted | None = None
    """The last of a life that an exchange has ended, until the next one begins."""
    former: str = ""
    """The serial number of the meter whose life that was."""
    young: bool = False
    """The life rests on one reading alone."""

    def told(self, serial: str) -> Counter:
        """The meter's serial number is this; where another was known, whatever it shows now begins a new life."""
        if serial == self.serial or not self.serial:
            return replace(self, serial=serial)
        ended, former = (self.last, self.serial) if self.last else (self.ended, self.former)
        return Counter(self.max_power_w, serial=serial, ended=ended, former=former)

    def observe(self, seen: Observation) -> tuple[Counter, Judgement]:
        """Judge one observation (they come in the order of their polls)."""
        if seen.wh is None or nonsense(seen):
            return self._doubt(seen, nonsense(seen) or "not a number")
        if self.last is None:
            return self._believe(seen, seen.wh, 0)
        # What a register with a modulus has counted: as often round as at the last poll, or once more.
        wraps = self.last.wraps
        counted = seen.wh + wraps * (seen.modulus or 0)
        turned = counted + (seen.modulus or 0)
        if counted < self.last.wh and seen.modulus is not None and self._problem(seen, turned) is None:
            # A false zero near the end looks the same: a second reading tells.
            if self._confirmed(seen, turned):
                return self._believe(seen, turned, wraps + 1)
            return self._doubt(seen, "falls, perhaps at its end")
        problem = self._problem(seen, counted)
        if problem is None or self._confirmed(seen, counted):
            return self._believe(seen, counted, wraps)
        # One reading against one: neither is proved, and no life is worth waiting for.
        return self._begin(self._name(seen), (seen,), problem) if self.young else self._doubt(seen, problem)

    def _problem(self, seen: Observation, counted: Decimal) -> str | None:
        """Why it can't have come to this since the last poll."""
        if self.last is None:
            return None
        if self._untimed(seen) and counted > self.last.wh and seen.sent < self.last.sent:
            return "rises while the clock went back"
        return break_between(_shown(self.last), replace(seen, wh=counted), self.max_power_w)

    def _confirmed(self, seen: Observation, counted: Decimal) -> bool:
        """Whether a second reading shows a rise that is too fast since the last poll, but not for all that is known.

        A register that stood still may have been stuck: what counts is the time since it last rose. And where nobody
        can say how long the gateway was away, its rise isn't judged.
        """
        if self.last is None or not self.witnesses:
            return False
        first = self.witnesses[-1]
        if first.wh is None or break_between(first, seen, self.max_power_w):
            return False
        power = None if self._untimed(seen) else self.max_power_w
        since = _shown(replace(self.last, sent=self.last.sent - self.last.idle))
        shift = counted - (seen.wh or 0)
        both = (replace(first, wh=first.wh + shift), replace(seen, wh=counted))
        return all(break_between(since, one, power) is None for one in both)

    def _untimed(self, seen: Observation) -> bool:
        # Where the register may turn over, its rate must be known: a fall would pass for a turn otherwise.
        return self.restored and seen.modulus is None and seen.base.state not in _KEPT_TIME

    def _believe(self, seen: Observation, wh: Decimal, wraps: int) -> tuple[Counter, Judgement]:
        events: list[Event] = []
        last = self.last
        epoch, idle = last.epoch if last else self._name(seen), timedelta(0)
        if last is None:
            events += self._started(epoch, wh)
        else:
            if self.rejecting:
                events.append(Event("value_plausible_again", {"wh": plain(wh)}))
            if wraps > last.wraps:
                events.append(_rollover(last, seen, wh))
            passed = max(seen.sent - last.sent - last.base.step_to(seen.base), timedelta(0))
            idle = passed + (last.idle if wh == last.wh else timedelta(0))
        accepted = Accepted(epoch, wh, seen.step, seen.sent, seen.received, wraps, seen.scale, seen.base, idle)
        counter = Counter(self.max_power_w, accepted, serial=self.serial, young=last is None)
        return counter, Judgement((accepted,), tuple(events))

    def _doubt(self, seen: Observation, problem: str) -> tuple[Counter, Judgement]:
        events: tuple[Event, ...] = () if self.rejecting else (self._rejection(seen, problem),)
        witnesses = self._witnesses_with(seen)
        if not _agree(witnesses):
            return replace(self, witnesses=witnesses, rejecting=True), Judgement((), events)
        counter, judged = self._begin(self._name(witnesses[0]), witnesses, problem)
        return counter, replace(judged, events=(*events, *judged.events))

    def _begin(self, epoch: str, shown: tuple[Observation, ...], cause: str) -> tuple[Counter, Judgement]:
        """A new life after another one, with what was seen of it."""
        accepted = tuple(
            Accepted(epoch, one.wh, one.step, one.sent, one.received, 0, one.scale, one.base)
            for one in shown
            if one.wh is not None
        )
        events: tuple[Event, ...] = ()
        fields = {"epoch": epoch, "cause": cause, "wh": plain(accepted[0].wh)}
        if self.last is not None:
            fields |= {"last_epoch": self.last.epoch, "last_wh": plain(self.last.wh)}
            events = () if self.young else self._ending(self.last, accepted[0])
        counter = Counter(self.max_power_w, accepted[-1], serial=self.serial, young=len(accepted) == 1)
        return counter, Judgement(accepted, (*events, Event("epoch_started", fields)))

    def _witnesses_with(self, seen: Observation) -> tuple[Observation, ...]:
        if nonsense(seen):
            return ()
        if not self.witnesses or break_between(self.witnesses[-1], seen, self.max_power_w):
            return (seen,)
        # The first one dates the new life; the last ones show that it goes on.
        return (*self.witnesses[:1], *self.witnesses[1:][2 - _MOST_WITNESSES :], seen)

    def _rejection(self, seen: Observation, problem: str) -> Event:
        fields = {"problem": problem, "wh": "" if seen.wh is None else plain(seen.wh)}
        if self.last is not None:
            fields |= {"last_wh": plain(self.last.wh), "last_read": utc_text(self.last.received)}
        return Event("value_rejected", fields)

    def _name(self, first: Observation) -> str:
        return utc_text(first.received) + (f"{_BY_SERIAL}{self.serial}" if self.serial else "")

    def _started(self, epoch: str, wh: Decimal) -> list[Event]:
        fields = {"epoch": epoch, "cause": "first seen", "wh": plain(wh)}
        if self.ended is None:
            return [Event("epoch_started", fields)]
        numbers = {"last_wh": plain(self.ended.wh), "wh": plain(wh)}
        serials = {"last_serial": self.former, "serial": self.serial}
        fields |= {"cause": "meter exchanged", "last_epoch": self.ended.epoch, **numbers}
        return [Event("meter_exchanged", {**serials, **numbers}), Event("epoch_started", fields)]

    def _ending(self, last: Accepted, first: Accepted) -> tuple[Event, ...]:
        """What has ended a life, as far as it can be told: a register set back, or supposedly another meter."""
        numbers = {"last_wh": plain(last.wh), "wh": plain(first.wh)}
        falls = first.wh < last.wh
        passed = first.received - last.sent - last.base.step_to(first.base)
        if falls and (self.serial or least_time(first.wh, self.max_power_w) <= passed):
            return (Event("register_reset", numbers),)
        return () if self.serial else (Event("exchange_supposed", numbers),)


def _shown(last: Accepted) -> Observation:
    return Observation(last.wh, last.step, last.sent, last.received, last.scale, base=last.base)


def _agree(witnesses: tuple[Observation, ...]) -> bool:
    """Whether they make a new life: enough of them, over enough time, and the register counts.

    A value that stands still may be a meter that has nothing to say yet (zeros after a power cut): the old life goes on
    if its register comes back, and nothing is lost by waiting.
    """
    if len(witnesses) < WITNESSES:
        return False
    first, last = witnesses[0], witnesses[-1]
    rises = first.wh is not None and last.wh is not None and last.wh > first.wh
    return rises and abs(last.sent - first.received - first.base.step_to(last.base)) >= WITNESSED


def _rollover(last: Accepted, seen: Observation, wh: Decimal) -> Event:
    modulus = seen.modulus or Decimal(0)
    shown_before = last.wh - last.wraps * modulus
    fields = {"shown_before": plain(shown_before), "shown": plain(seen.wh or Decimal(0)), "modulus": plain(modulus)}
    return Event("counter_rolled_over", {**fields, "last_wh": plain(last.wh), "wh": plain(wh)})
