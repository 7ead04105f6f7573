"""How one meter is read out: which blocks to ask for, and what the answers show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.live import LiveHeard
from gateway.observation import Answer, Event, Observation
from gateway.profile import Block


@dataclass(frozen=True, slots=True)
class Heard:
    """What an answer brought, and what to ask next."""

    seen: Mapping[str, Observation] = field(default_factory=dict)
    """Observations by OBIS code."""
    next: Block | None = None
    """The next block of this poll; None when the poll is at its end."""
    problem: str = ""
    """Why the poll can't go on, in one sentence."""
    events: tuple[Event, ...] = ()
    serial: str = ""
    """The device's serial number, where it was told on the way."""


class Readout(Protocol):
    """Polls of one meter, one after the other: ``first``, then ``take`` until there is no next block."""

    @property
    def codes(self) -> tuple[str, ...]:
        """The OBIS codes that are known to come."""

    def first(self) -> Block:
        """The block that a poll begins with."""

    def take(self, block: Block, answer: Answer | None) -> Heard:
        """The answer to a block of this poll; None when the device refused it by an exception."""

    def again(self, block: Block, answer: Answer) -> Mapping[str, Observation]:
        """What a block of stands shows that was read once more in the same poll."""

    @property
    def serial_block(self) -> Block | None:
        """Where the device tells its serial number; None where that isn't known (yet)."""

    def serial(self, answer: Answer) -> str:
        """The serial number in the words of that block; empty where they hold none."""

    def first_live(self) -> Block | None:
        """The first block of live values; None where there are none (yet)."""

    def take_live(self, block: Block, answer: Answer | None) -> LiveHeard:
        """The answer to a block of live values; None when the device refused it by an exception."""
