"""Whole watt-hours: sharing without a remainder, and the one rounding rule."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

MAX_READING_WH = 2**40
"""The largest energy of one period that is admitted as a reading (about 1.1 TWh), in Wh."""


def share(total: int, weights: Sequence[int]) -> list[int]:
    """Split ``total`` Wh in proportion to ``weights``; the parts sum to ``total`` exactly.

    Largest remainder: every part is the floor of its exact share, and the Wh left over go one each to the
    largest remainders, ties to the earlier weight (reference: the project's convention for art. 184m).
    All weights zero: all parts are zero when ``total`` is zero.

    Raises:
        ValueError: a negative number, or a positive total with no weight to carry it.
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError(f"cannot share {total} Wh over weights with a negative number in them")
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError(f"cannot share {total} Wh: all weights are zero")
        return [0] * len(weights)
    parts = [weight * total // whole for weight in weights]
    left = total - sum(parts)
    remainders = [weight * total % whole for weight in weights]
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
        parts[index] += 1
    return parts


def half_up(value: Decimal | Fraction) -> int:
    """Round to the nearest whole number, halves away from zero; exact for any magnitude."""
    exact = Fraction(value)
    doubled = abs(exact.numerator) * 2 + exact.denominator
    rounded = doubled // (2 * exact.denominator)
    return rounded if exact >= 0 else -rounded
