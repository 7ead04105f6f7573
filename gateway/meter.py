"""One meter: what to ask of it, and what its answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.boundary import Boundaries, Missing, StandAt
from gateway.config import MeterSettings
from gateway.counter import Counter, serial_of
from gateway.identity import Identity, clean
from gateway.live import LiveHeard
from gateway.observation import Accepted, Answer, Event, Observation
from gateway.profile import Block, Profile
from gateway.readout import Heard, Readout
from gateway.register_readout import RegisterReadout
from gateway.rejections import Rejections
from gateway.sunspec_readout import SunSpecReadout
from metering.period import HOUR, utc_text
from metering.stand import Stand
from runtime.timebase import UNKNOWN, Timebase


@dataclass(slots=True)
class Findings:
    """What came of an answer or of the passing of time."""

    stands: list[Stand] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    new_epoch: bool = False
    """A life of a register began: remember it before anything is shipped in it."""
    next: Block | None = None
    """What to ask next in this poll."""
    problem: str = ""
    """Why this poll can't go on."""
    again: bool = False
    """The block showed what can't be believed: it is to be read once more before the next one."""


@dataclass(slots=True)
class _Life:
    obis: str
    counter: Counter
    boundaries: Boundaries


class Meter:
    """The registers' lives of one configured meter."""

    def __init__(
        self,
        settings: MeterSettings,
        profile: Profile,
        remembered: Mapping[str, Accepted],
        length: timedelta = HOUR,
    ) -> None:
        """Go on from what an earlier run remembered of each register (OBIS code: last accepted observation).

        ``length`` is how far apart its stands are.
        """
        self.id = settings.id
        self.unit = settings.unit_of(profile)
        self.every = timedelta(seconds=settings.every_s)
        self.length = length
        self.profile = profile
        self._readout: Readout = (
            SunSpecReadout(settings.id, settings.sunspec) if profile.protocol == "sunspec" else RegisterReadout(profile)
        )
        self._gap = timedelta(seconds=settings.gap_s or profile.gap_s)
        self._power = settings.max_power_w or profile.max_power_w
        self._remembered = remembered
        self._lives: dict[str, _Life] = {}
        self.rejections = Rejections()
        known = next(filter(None, (serial_of(last.epoch) for last in remembered.values())), "")
        self._identity = Identity(settings.serial, known)
        self._identifies = False
        # What a device that describes itself had before is waited for, though it may sleep now.
        for obis in self._readout.codes or remembered:
            self._life(obis)

    def first_block(self) -> Block:
        """What a poll begins with: at times the question who answers."""
        number = self._readout.serial_block
        self._identifies = number is not None and self._identity.begin()
        return number if number is not None and self._identifies else self._readout.first()

    def take(self, block: Block, answer: Answer | None) -> Findings:
        """What the answer to one block tells of its registers; None when the device refused by an exception."""
        if self._identifies:
            return self._identify(block, None if answer is None else self._readout.serial(answer))
        heard = self._readout.take(block, answer)
        found = Findings(next=heard.next, problem=heard.problem)
        found.events += [self._of_meter(event) for event in heard.events]
        if answer is not None:
            self._observe_all(heard.seen, answer, found)
        return self._met(heard, found) if heard.serial else found

    def take_again(self, block: Block, answer: Answer) -> Findings:
        """What a block shows that was read once more: only of registers that weren't believed."""
        found = Findings()
        seen = self._readout.again(block, answer)
        self._observe_all(
            {obis: one for obis, one in seen.items() if self._life(obis).counter.rejecting}, answer, found
        )
        return found

    def unheard(self, *, asked: bool) -> None:
        """A request came to nothing; ``asked``: it was on the line. Who answers next may be another meter."""
        self._identity.unheard(asked=asked)

    def _identify(self, block: Block, text: str | None) -> Findings:
        told = self._identity.take(None if text is None else clean(text))
        found = Findings(events=[self._of_meter(event) for event in told.events], problem=told.problem)
        self._identifies = told.again
        if told.again:
            found.next = block
        elif not told.problem:
            self._tell_lives()
            found.next = self._readout.first()
        return found

    def _met(self, heard: Heard, found: Findings) -> Findings:
        """The device has told its serial number on the way: nothing of another one is read as this one's."""
        told = self._identity.take(clean(heard.serial))
        found.events += [self._of_meter(event) for event in told.events]
        found.problem = found.problem or told.problem
        if told.again:
            self._identifies, found.next = True, self._readout.serial_block
        elif told.problem:
            found.next = None
        else:
            self._tell_lives()
        return found

    def _tell_lives(self) -> None:
        if serial := self._identity.serial:
            for life in self._lives.values():
                life.counter = life.counter.told(serial)

    def _observe_all(self, seen: Mapping[str, Observation], answer: Answer, found: Findings) -> None:
        if seen:
            found.events += [self._of_meter(event) for event in self._identity.answered(answer.received)]
        for obis, one in seen.items():
            self._observe(self._life(obis), one, found)

    def first_live(self) -> Block | None:
        """What to ask first for its live values; None where it has none (yet)."""
        return self._readout.first_live()

    def take_live(self, block: Block, answer: Answer | None) -> LiveHeard:
        """The live values of one block; None when the device refused it by an exception."""
        return self._readout.take_live(block, answer)

    def _life(self, obis: str) -> _Life:
        if obis not in self._lives:
            last = self._remembered.get(obis)
            gap, length = self._gap, self.length
            boundaries = Boundaries.after(last, gap, length) if last else Boundaries(gap, length)
            serial = (serial_of(last.epoch) if last else "") or self._identity.serial
            counter = Counter(self._power, last, restored=last is not None, serial=serial)
            self._lives[obis] = _Life(obis, counter, boundaries)
        return self._lives[obis]

    def pass_time(self, now: datetime, base: Timebase = UNKNOWN) -> Findings:
        """What is decided by time alone: ``now`` is an instant before which no further poll will be sent."""
        found = Findings()
        for life in self._lives.values():
            self._advance(life, now, base, (), found)
        return found

    def memory(self) -> dict[str, Accepted]:
        """What a later run needs: the last accepted observation of each life that rests on more than one reading."""
        counters = {obis: life.counter for obis, life in self._lives.items()}
        return {obis: one.last for obis, one in counters.items() if one.last is not None and not one.young}

    def _observe(self, life: _Life, seen: Observation, found: Findings) -> None:
        counter, before = life.counter, life.counter.last
        life.counter, judged = counter.observe(seen)
        self.rejections.note(life.obis, counter, seen, judged)
        found.events += [self._named(life, event) for event in judged.events]
        after = life.counter.last
        found.new_epoch |= after is not None and (before is None or before.epoch != after.epoch)
        if life.counter.rejecting and not counter.rejecting:
            self._identity.doubted()
        # Whatever contradicts all that was read before is read again, not what goes on in the same way.
        first = len(life.counter.witnesses) == 1 or not counter.rejecting
        found.again |= life.counter.rejecting and not judged.accepted and first
        self._advance(life, seen.received, seen.base, judged.accepted, found)

    def _advance(self, life: _Life, now: datetime, base: Timebase, new: tuple[Accepted, ...], found: Findings) -> None:
        life.boundaries, decided = life.boundaries.advance(now, new, base)
        for one in decided:
            if isinstance(one, Missing):
                fields = {"first": utc_text(one.first), "last": utc_text(one.last)}
                found.events.append(self._named(life, Event("stand_missing", fields)))
            else:
                found.stands.append(self._stand(life, one))

    def _stand(self, life: _Life, one: StandAt) -> Stand:
        return Stand(
            meter=self.id,
            register=life.obis,
            wh=one.wh,
            resolution=one.resolution,
            at=one.at,
            before=one.before,
            after=one.after,
            quality=one.quality,
            epoch=one.epoch,
        )

    def _of_meter(self, event: Event) -> Event:
        return Event(event.name, {"meter": self.id, **event.fields})

    def _named(self, life: _Life, event: Event) -> Event:
        return Event(event.name, {"meter": self.id, "register": life.obis, **event.fields})
