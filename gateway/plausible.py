"""Whether one value can come after another in one life of a register: it counts on, and within its greatest power."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Final

from gateway.observation import Observation

MOST_WH: Final = Decimal(10) ** 13
"""More than any meter's display holds, in Wh: a float32 can hold far more, and then it isn't energy."""
_HOUR = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)


def nonsense(seen: Observation) -> str | None:
    """Why a value can't be energy, whatever came before it."""
    if seen.wh is None:
        return "not a number"
    if seen.wh < 0:
        return "negative"
    return "more than any meter counts" if seen.wh >= MOST_WH else None


def break_between(before: Observation, after: Observation, max_power_w: int | None) -> str | None:
    """Why ``after`` can't come after ``before`` in one life, or None when it can.

    Without a power, and where the clock went back and no steady clock tells by how much, the rate isn't judged: trouble
    with the clock says nothing about the register.
    """
    if before.wh is None or after.wh is None:
        return "not a number"
    if None not in {before.scale, after.scale} and before.scale != after.scale:
        return "the weight of a count changed"
    if after.wh < before.wh:
        return "falls"
    since = before.sent + before.base.step_to(after.base)
    if max_power_w is None or after.sent < since:
        return None
    most = energy_within(max_power_w, since, after.received) + before.step + after.step
    if after.wh - before.wh > most:
        return "rises too fast"
    # So long a silence may hide a whole turn of the counter: nobody can say how much was counted in it.
    return "unread for a whole turn of the counter" if after.modulus is not None and most >= after.modulus else None


def energy_within(power_w: int, start: datetime, end: datetime) -> Decimal:
    """The energy of a constant power (W) from ``start`` to ``end``, in Wh."""
    return Decimal((end - start) // _MICROSECOND) * power_w / Decimal(_HOUR // _MICROSECOND)


def least_time(wh: Decimal, power_w: int) -> timedelta:
    """How long a constant power (W) needs at least for an energy (Wh)."""
    return timedelta(seconds=int((wh * 3600 / power_w).to_integral_value(ROUND_FLOOR)))
