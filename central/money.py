"""Exact money of many rows at once: whole Wh times a decimal price, in zł; and the same rounded to 0.01 zł."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Whole = npt.NDArray[Any]
"""Integers, of Python where they don't fit into 63 bits."""

_MOST = 2**62


def scaled(energy: Whole, price: Decimal, parts: int) -> tuple[Whole, int]:
    """``energy`` Wh × ``price`` zł/kWh ÷ ``parts`` as integers of 10^-n zł, exactly; and n. ``parts`` divides 100."""
    digits = -min(int(price.as_tuple().exponent), 0)
    times = int(price.scaleb(digits)) * (100 // parts)
    if int(np.max(energy, initial=0)) * times >= _MOST:
        energy = energy.astype(object)
    return energy * times, digits + 5


def groszy(value: Whole, digits: int) -> Whole:
    """Integers of 10^-digits zł (not negative), rounded half-up to groszy."""
    unit = 10 ** (digits - 2)
    if int(np.max(value, initial=0)) >= _MOST // 2 or unit >= _MOST // 4:
        value = value.astype(object)
    found: Whole = (2 * value + unit) // (2 * unit)
    return found


def plain(value: Whole, digits: int) -> pa.Array:
    """Integers of 10^-digits zł (not negative) as decimals without zeros at their end."""
    text = fixed(value, digits)
    return pc.utf8_rtrim(pc.utf8_rtrim(text, characters="0"), characters=".")


def fixed(value: Whole, digits: int) -> pa.Array:
    """Integers of 10^-digits zł (not negative) as decimals with all their digits."""
    unit = 10**digits
    whole, rest = _text(value // unit), _text(value % unit)
    return pc.binary_join_element_wise(whole, pc.utf8_lpad(rest, width=digits, padding="0"), ".")


def _text(value: Whole) -> pa.Array:
    if value.dtype == object:
        return pa.array([str(one) for one in value.tolist()], pa.string())
    return pa.array(value).cast(pa.string())


def with_pct(net: Whole, pct: Decimal) -> Whole:
    """``pct`` percent of groszy (not negative), rounded half-up to groszy."""
    digits = -min(int(pct.as_tuple().exponent), 0)
    times, unit = int(pct.scaleb(digits)), 100 * 10**digits
    found: Whole = (2 * net.astype(object) * times + unit) // (2 * unit)
    return found
