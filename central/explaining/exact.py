"""Exact decimals: every charge is one, since Wh times a decimal price is divided by 1000 and by 20 alone."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

_EXACT = Context(prec=200)


def text(value: Fraction) -> str:
    """The decimal in full, without zeros at its end."""
    found = f"{_EXACT.divide(Decimal(value.numerator), Decimal(value.denominator)):f}"
    return found.rstrip("0").rstrip(".") if "." in found else found


def to_grosz(value: Fraction) -> str:
    """To 0.01 zł, halves up; of amounts that are not negative."""
    groszy = (200 * value.numerator + value.denominator) // (2 * value.denominator)
    return zl(groszy)


def zl(groszy: int) -> str:
    """Groszy as zł."""
    sign = "-" if groszy < 0 else ""
    return f"{sign}{abs(groszy) // 100}.{abs(groszy) % 100:02d}"


def groszy(amount: str) -> int:
    """An amount of whole groszy like ``12.30``."""
    return int(Decimal(amount) * 100)
