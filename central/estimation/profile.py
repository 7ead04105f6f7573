"""``profile``: a load profile that somebody gives: weights by kind of day and hour of the clock."""

from __future__ import annotations

from decimal import Decimal

from central.estimation.history import Given, History, NotEstimatedError, Unit
from central.grid import Ints

_MILLIONTHS = 1_000_000


def estimate(history: History, wanted: Ints, given: Given) -> list[int]:
    """Weights of the wanted periods, in millionths: they are shares of a sum, proved or given, and no energies yet.

    Raises:
        NotEstimatedError: the profile has no weight for a period.
    """
    days = history.days
    slots_an_hour = 3600 // history.length_s
    found = []
    for period in wanted.tolist():
        unit = Unit(days.kinds[int(days.of[period])], int(days.slot[period]) // slots_an_hour)
        weight: Decimal | None = given.weights.get(unit)
        if weight is None:
            raise NotEstimatedError(f"the profile has no weight for {unit.kind.name.lower()}, hour {unit.hour}")
        found.append(int(weight * _MILLIONTHS))
    return found
