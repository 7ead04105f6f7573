"""What installations can give at most in a period: the bound of a value that is missing."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from central.cluster.model import Installation
from central.conditions.hours import OPEN
from central.grid import Ints
from central.validity import Dated, valid_instants
from metering.point import Source


def generators(installations: Iterable[Installation]) -> list[Installation]:
    """Those that generate, be it with a storage beside."""
    return [one for one in installations if one.kind is not Source.STORAGE]


def power_bound(installations: Iterable[Installation], starts: Ints, wh_of_kw: Fraction, *, stored: bool) -> Ints:
    """(T,) Wh that they can give in each period, ``wh_of_kw`` for a kW; ``OPEN`` where none is recorded.

    ``stored``: a storage's power counts too.
    """
    found = np.full(len(starts), OPEN, dtype=np.int64)
    for one in installations:
        power = Fraction(one.power_kw) + (Fraction(one.storage_power_kw) if stored else 0)
        most = -int(-(power * wh_of_kw) // 1)
        if most > 0:
            inside = within(one, starts)
            found = np.where(inside, np.maximum(found, 0) + most, found)
    return found


def within(row: Dated, starts: Ints) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """(T,) whether each period begins in the row's validity."""
    first, last = valid_instants(row)
    inside = np.ones(len(starts), dtype=np.bool_)
    if first is not None:
        inside &= starts >= first.timestamp()
    if last is not None:
        inside &= starts < last.timestamp()
    return inside


def added(total: Ints, more: Ints) -> Ints:
    """Two bounds together; open where either is."""
    return np.where((total == OPEN) | (more == OPEN), OPEN, total + more)
