"""Values of the moment: how they are read from registers, and the board on which only the newest of each stands. Pure.

Nothing of it is kept: no outbox, no queue, no counting as a failure. Stands always come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from gateway.observation import Answer, Event
from gateway.profile import Block
from gateway.words import decode
from metering.live import MAX_METERS, LiveMessage, LiveMeter, LiveValue, live_value
from metering.period import floor_to

_PHASES = ("power_l1_w", "power_l2_w", "power_l3_w")


@dataclass(frozen=True, slots=True)
class LiveHeard:
    """What an answer brought, and what to ask next."""

    values: tuple[LiveValue, ...] = ()
    next: Block | None = None
    events: tuple[Event, ...] = ()


def values_of(block: Block, answer: Answer) -> tuple[LiveValue, ...]:
    """The values of one block; what the device doesn't tell is absent."""
    found = []
    for register in block.registers:
        raw = decode(block.words_of(register, answer.words), register.type, register.word_order, register.absent)
        value = live_value(register.name, raw.value * register.scale, answer.received) if raw else None
        found.append(value)
    return with_sum(one for one in found if one is not None)


def with_sum(values: Iterable[LiveValue]) -> tuple[LiveValue, ...]:
    """The values, and the power as the sum of all three phases where the device tells no power of its own."""
    found = tuple(values)
    named = {one.name: one for one in found}
    if "power_w" in named or not named.keys() >= set(_PHASES):
        return found
    phases = [named[name] for name in _PHASES]
    total = live_value(
        "power_w", sum((Decimal(one.value) for one in phases), Decimal(0)), min(one.at for one in phases)
    )
    return found if total is None else (total, *found)


class LiveBoard:
    """The newest values of each meter of one gateway, until they are told."""

    def __init__(self, gateway: str, every: timedelta) -> None:
        """``every``: how often a meter's values are read, and told, at most; more than 0."""
        self._gateway = gateway
        self._every = every
        self._read: dict[str, datetime] = {}
        self._fresh: dict[str, dict[str, LiveValue]] = {}
        self._told: datetime | None = None

    def wants(self, meter: str, now: datetime) -> bool:
        """Whether a meter's values are to be read: once in each ``every`` of the clock."""
        last = self._read.get(meter)
        return last is None or floor_to(last, self._every) != floor_to(now, self._every)

    def begun(self, meter: str, now: datetime) -> None:
        """A meter's values are being read now."""
        self._read[meter] = now

    def put(self, meter: str, values: Sequence[LiveValue]) -> None:
        """All that a meter shows now takes the place of what wasn't told yet."""
        if values:
            self._fresh[meter] = {one.name: one for one in values}

    def take(self, now: datetime) -> list[LiveMessage]:
        """What is to be told now: nothing when the last time was less than ``every`` ago or nothing is new."""
        if not self._fresh or (self._told is not None and timedelta(0) <= now - self._told < self._every):
            return []
        self._told = now
        meters = [LiveMeter(meter=meter, values=tuple(values.values())) for meter, values in self._fresh.items()]
        self._fresh = {}
        parts = (meters[i : i + MAX_METERS] for i in range(0, len(meters), MAX_METERS))
        return [LiveMessage(gateway=self._gateway, at=now, meters=tuple(part)) for part in parts]
