"""An estimate: values that somebody gave a point and direction by a named method, and what became of them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from metering.point import Direction


class Undone(msgspec.Struct, frozen=True):
    """Who took an estimate back, when and why."""

    at: datetime
    by: str
    reason: str


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """As it was recorded; it is never changed."""

    number: int = 0
    """Of its record; 0 while it isn't recorded."""
    point: str
    direction: Direction
    method: str
    """One of ``central.estimation.METHODS``."""
    parameters: dict[str, str] = {}
    """What the method was given, as text."""
    length_s: int = 3600
    """Of a period."""
    starts: tuple[int, ...]
    """Of its periods, seconds since 1970, in order."""
    wh: tuple[int, ...]
    """Its value of each."""
    reason: str
    by: str
    at: datetime
    """When it was recorded (UTC)."""
    undone: Undone | None = None

    @property
    def id(self) -> str:
        """Its name for people: ``E12``."""
        return f"E{self.number}"

    @property
    def since(self) -> datetime:
        """The start of its first period (UTC)."""
        return datetime.fromtimestamp(self.starts[0], UTC)

    @property
    def until(self) -> datetime:
        """The end of its last one."""
        return datetime.fromtimestamp(self.starts[-1] + self.length_s, UTC)


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an estimate's values, by what is measured now."""

    estimate: Estimate
    counting: int
    """How many of its values are in the books."""
    counting_wh: int
    proved: int
    """How many of those add up, with what is measured between, to the difference of two stands."""
    measured: int
    """In how many of its periods there is a measured value now."""
    measured_wh: int
    """What was measured in those …"""
    replaced_wh: int
    """… and had been estimated for them."""
    contradicted: int
    """How many don't count, because stands prove that their sum can't be."""
