"""What one poll saw of one register, and what the gateway notes about it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from metering.wire import ClockState
from runtime.timebase import UNKNOWN, Timebase

_NONE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Observation:
    """A register's value at some instant between ``sent`` and ``received`` (both aware, UTC)."""

    wh: Decimal | None
    """In Wh (varh); None when the words held no number."""
    step: Decimal
    """The smallest step of ``wh``, in Wh."""
    sent: datetime
    """When the request left."""
    received: datetime
    """When its answer was there."""
    scale: Decimal | None = None
    """What one count of the register is, in Wh; None when that isn't known."""
    modulus: Decimal | None = None
    """At which the register begins again from 0, in Wh; None when it has no known modulus."""
    base: Timebase = UNKNOWN
    """What its instants rest on."""

    def __post_init__(self) -> None:
        """Refuse an answer before its question."""
        if self.received < self.sent:
            raise ValueError(f"received {self.received.isoformat()} before sent {self.sent.isoformat()}")

    @property
    def spread(self) -> timedelta:
        """How long the value's own instant is uncertain."""
        return self.received - self.sent


@dataclass(frozen=True, slots=True)
class Answer:
    """The words of one block, and between which instants (UTC) they were read."""

    words: tuple[int, ...]
    sent: datetime
    received: datetime
    base: Timebase = UNKNOWN
    """What these instants rest on."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """An observation that belongs to one life of its register."""

    epoch: str
    wh: Decimal
    """What the register shows, and its modulus for each time that it has begun again in this life, in Wh (varh)."""
    step: Decimal
    sent: datetime
    received: datetime
    wraps: int = 0
    """How often the register has begun again from 0 at its modulus in this life."""
    scale: Decimal | None = None
    """What one count of the register was then, in Wh; None when that isn't known."""
    base: Timebase = UNKNOWN
    """What its instants rest on; of an earlier run nothing is known."""
    idle: timedelta = _NONE
    """So long before ``sent`` the register may have begun to show this value."""

    @property
    def spread(self) -> timedelta:
        """How long the value's own instant is uncertain."""
        return self.received - self.sent

    def moved_to(self, base: Timebase) -> Accepted:
        """The same observation by the clock as it is now; one of an earlier run as it is, a later step moves it too."""
        if base.origin is None:
            return self
        if self.base.origin is None:
            return replace(self, base=base) if base.state is ClockState.SYNCHRONISED else self
        if step := self.base.step_to(base):
            return replace(self, sent=self.sent + step, received=self.received + step, base=base)
        return replace(self, base=replace(self.base, state=base.state)) if self.base.state is not base.state else self


@dataclass(frozen=True, slots=True)
class Event:
    """Something worth a line in the log: an event's name and its fields."""

    name: str
    fields: dict[str, str] = field(default_factory=dict)
