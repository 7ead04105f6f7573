"""What was delivered to the members in each hour, and which hours are short of what is asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np

from central.conditions.condition import Between, Failing
from central.conditions.hours import OPEN, Hours
from central.conditions.rules import Rules
from central.grid import Bools, Ints
from metering.period import EPOCH


def most(hours: Hours) -> Ints:
    """The most that each hour's deliveries can be; ``OPEN`` where nobody knows."""
    return np.where(hours.drawn_more == OPEN, OPEN, hours.drawn + hours.drawn_more)


def greatest(hours: Hours) -> Between | None:
    """The greatest hour's deliveries, Wh; None where there is no hour."""
    if not len(hours.starts):
        return None
    bounds = most(hours)
    high = None if (bounds == OPEN).any() else Fraction(int(bounds.max()))
    return Between(Fraction(int(hours.drawn.max())), high)


def short(generated: Ints, delivered: Ints, rules: Rules) -> Bools:
    """Whether what was generated is less than the share of what was delivered; never where it is open."""
    asked = rules.coverage
    lacks: Bools = (generated != OPEN) & (generated * asked.denominator < delivered * asked.numerator)
    return lacks


def failing(hours: Hours, fails: Bools, covered: Bools) -> Failing:
    """The hours that fail; those that are neither failing nor covered for certain are unknown."""
    starts: list[datetime] = [EPOCH + timedelta(seconds=start) for start in hours.starts[fails].tolist()]
    return Failing(starts, len(hours.starts), len(fails) - int(fails.sum()) - int(covered.sum()))
