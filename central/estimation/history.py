"""What an estimate of one point and direction can rest on: its measured energies around the time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from central.free_days import DayKind
from central.grid import Bools, Ints
from central.local_days import LocalDays


class NotEstimatedError(Exception):
    """A method can't estimate what is wanted; the message says why and what could."""


class Unit(NamedTuple):
    """A weight of a profile: what kind of day, and which hour of its clock."""

    kind: DayKind
    hour: int


@dataclass(frozen=True, slots=True)
class History:
    """Measured energies of one point and direction."""

    starts: Ints
    """(T,) seconds since 1970; periods that follow one another."""
    length_s: int
    wh: Ints
    known: Bools
    """(T,) whether a measured value is there."""
    days: LocalDays


@dataclass(frozen=True, slots=True)
class Given:
    """What the person who estimates gives beside the time; each method takes some of it."""

    weeks: int = 4
    """``like_days``: how many weeks before."""
    values: Mapping[int, int] = field(default_factory=dict)
    """``manual`` and ``own_load_profile``: Wh by the period's start in seconds since 1970."""
    weights: Mapping[Unit, Decimal] = field(default_factory=dict)
    """``profile``."""
    total_wh: int | None = None
    """``profile``: the sum, where none is proved."""
