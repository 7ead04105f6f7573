"""A cluster's hours as sums over its points, with how much more each could be where values are missing.

All that the conditions of art. 184l ask of energies; a year of it is small, whatever the number of points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from fractions import Fraction
from typing import Self

import numpy as np

from central.cluster.model import Point
from central.conditions.condition import Between
from central.grid import Bools, Ints
from metering.period import Month

PARTS = 100
"""Renewable and other injection are in hundredths of Wh: of several fuels whole per cent are renewable."""
_IN_PARTS = frozenset({"res", "other", "either", "res_more", "other_more"})
OPEN = -1
"""In a column ``…_more``: nobody knows how much more it could be; of ``discharged``: it isn't known."""


@dataclass(frozen=True, slots=True)
class Hours:
    """(T,) whole hours. What is known is at least so much; with ``…_more`` it is the most that it can be."""

    starts: Ints
    """Seconds since 1970."""
    drawn: Ints
    """Delivered to members, Wh: by the grid, and by private wires."""
    drawn_more: Ints
    generated: Ints
    """By all members' installations, Wh, before their own use."""
    generated_more: Ints
    discharged: Ints
    """What storages gave, Wh."""
    res: Ints
    """Generated and injected, renewable; hundredths of Wh, as the next four."""
    other: Ints
    either: Ints
    """Injected, and either of both: a storage's whose origin isn't known."""
    res_more: Ints
    other_more: Ints

    def within(self, first: datetime, last: datetime) -> Hours:
        """The hours from one instant to another."""
        inside = (self.starts >= first.timestamp()) & (self.starts < last.timestamp())
        return self.where(inside)

    def where(self, chosen: Bools) -> Hours:
        """Some of the hours."""
        return Hours(*(getattr(self, one.name)[chosen] for one in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Hours]) -> Self:
        """One after another."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(*(np.concatenate([empty, *(getattr(part, one.name) for part in parts)]) for one in fields(cls)))

    def sum(self, name: str) -> Fraction:
        """The sum of a column, in Wh."""
        total = sum(getattr(self, name).tolist())
        return (
            Fraction(total, PARTS) if name in {"res", "other", "either", "res_more", "other_more"} else Fraction(total)
        )

    def more(self, name: str) -> Fraction | None:
        """The sum of a column ``…_more``; None where one is open."""
        return None if (getattr(self, name) == OPEN).any() else self.sum(name)

    def between(self, name: str) -> Between:
        """The sum of ``drawn`` or ``generated`` with its bounds."""
        low, more = self.sum(name), self.more(f"{name}_more")
        return Between(low, None if more is None else low + more)


@dataclass(frozen=True, slots=True)
class PointSums:
    """One point's month; periods of the cluster's length."""

    drawn_wh: int = 0
    drawn_periods: int = 0
    """In how many it is known."""
    injected_wh: int = 0
    injected_periods: int = 0
    generated_wh: int = 0
    generated_periods: int = 0

    def __add__(self, other: PointSums) -> PointSums:
        """Both together."""
        return PointSums(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


def point_key(point: Point) -> str:
    """The name of a point's sums while it is one member's. Neither id has a comma."""
    return f"{point.id},{point.member}"


@dataclass(frozen=True, slots=True)
class MonthSums:
    """One local month."""

    month: Month
    hours: Hours
    points: Mapping[str, PointSums]
    """By ``point_key``: what a point did while it was another's isn't its member's."""
    lacking: Mapping[str, int]
    """Points that lack declared values, with the number of periods."""
