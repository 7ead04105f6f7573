"""One meter: what to ask of it, and what its answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from gateway.boundary import Boundaries, Missing, StandAt
from gateway.config import MeterSettings
from gateway.counter import Counter
from gateway.observation import Accepted, Event, Observation
from gateway.profile import Block, Profile, Register, blocks
from gateway.words import decode, energy
from metering.period import utc_text
from metering.stand import Stand


@dataclass(frozen=True, slots=True)
class Answer:
    """The words of one block, and between which instants they were read."""

    words: tuple[int, ...]
    sent: datetime
    received: datetime


@dataclass(slots=True)
class Findings:
    """What came of an answer or of the passing of time."""

    stands: list[Stand] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    new_epoch: bool = False
    """A life of a register began: remember it before anything is shipped in it."""


@dataclass(slots=True)
class _Life:
    register: Register
    counter: Counter
    boundaries: Boundaries


class Meter:
    """The registers' lives of one configured meter."""

    def __init__(self, settings: MeterSettings, profile: Profile, remembered: Mapping[str, Accepted]) -> None:
        """Go on from what an earlier run remembered of each register (OBIS code: last accepted observation)."""
        self.id = settings.id
        self.unit = settings.unit
        self.every = timedelta(seconds=settings.every_s)
        self.profile = profile
        self.blocks: tuple[Block, ...] = blocks(profile.stands, profile.limits)
        gap = timedelta(seconds=settings.gap_s or profile.gap_s)
        power = settings.max_power_w or profile.max_power_w
        self._lives: dict[str, _Life] = {}
        for register in profile.stands:
            last = remembered.get(register.obis)
            boundaries = Boundaries.after(last, gap) if last else Boundaries(gap)
            self._lives[register.obis] = _Life(register, Counter(power, last), boundaries)

    def take(self, block: Block, answer: Answer) -> Findings:
        """What the answer to one block tells of its registers."""
        found = Findings()
        for register in block.registers:
            self._observe(self._lives[register.obis], block.words_of(register, answer.words), answer, found)
        return found

    def pass_time(self, now: datetime) -> Findings:
        """What is decided by time alone: ``now`` is an instant before which no further poll will be sent."""
        found = Findings()
        for life in self._lives.values():
            self._advance(life, now, (), found)
        return found

    def memory(self) -> dict[str, Accepted]:
        """What a later run needs: the last accepted observation of each register that has one."""
        return {obis: life.counter.last for obis, life in self._lives.items() if life.counter.last is not None}

    def _observe(self, life: _Life, words: tuple[int, ...], answer: Answer, found: Findings) -> None:
        register = life.register
        raw = decode(words, register.type, register.word_order)
        value = energy(raw, register.wh_per_count, register.resolution_wh) if raw else None
        seen = Observation(
            wh=value.value if value else None,
            step=value.step if value else Decimal(0),
            sent=answer.sent,
            received=answer.received,
        )
        before = life.counter.last
        life.counter, judged = life.counter.observe(seen)
        found.events += [self._named(life, event) for event in judged.events]
        after = life.counter.last
        found.new_epoch |= after is not None and (before is None or before.epoch != after.epoch)
        self._advance(life, answer.received, judged.accepted, found)

    def _advance(self, life: _Life, now: datetime, new: tuple[Accepted, ...], found: Findings) -> None:
        life.boundaries, decided = life.boundaries.advance(now, new)
        for one in decided:
            if isinstance(one, Missing):
                fields = {"first": utc_text(one.first), "last": utc_text(one.last)}
                found.events.append(self._named(life, Event("stand_missing", fields)))
            else:
                found.stands.append(self._stand(life, one))

    def _stand(self, life: _Life, one: StandAt) -> Stand:
        return Stand(
            meter=self.id,
            register=life.register.obis,
            wh=one.wh,
            resolution=one.resolution,
            at=one.at,
            before=one.before,
            after=one.after,
            quality=one.quality,
            epoch=one.epoch,
        )

    def _named(self, life: _Life, event: Event) -> Event:
        return Event(event.name, {"meter": self.id, "register": life.register.obis, **event.fields})
