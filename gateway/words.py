"""Modbus words to exact Decimals, each with the step between neighbouring values: the only home of float.

A word is a 16-bit register. ``big`` puts a value's high word first; which it is, Modbus itself (V1.1b3) leaves
to the device.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum


class WordType(StrEnum):
    """What the words of one value mean."""

    U16 = "u16"
    S16 = "s16"
    U32 = "u32"
    S32 = "s32"
    U64 = "u64"
    S64 = "s64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"

    @property
    def words(self) -> int:
        """How many words a value has."""
        return struct.calcsize(_FORMAT[self]) // 2


class WordOrder(StrEnum):
    """Which word of a value comes first."""

    BIG = "big"
    LITTLE = "little"


_FORMAT = {
    WordType.U16: ">H",
    WordType.S16: ">h",
    WordType.U32: ">I",
    WordType.S32: ">i",
    WordType.U64: ">Q",
    WordType.S64: ">q",
    WordType.FLOAT32: ">f",
    WordType.FLOAT64: ">d",
}
_FLOAT32_DIGITS = 24
_FLOAT32_LEAST = -149
# Room for every digit of any float64 that is an energy; nothing here may round by accident.
_WIDE = Context(prec=400, Emax=2000, Emin=-2000)


@dataclass(frozen=True, slots=True)
class Value:
    """A decoded value and the distance to the next one that the words could hold, both in the register's unit."""

    value: Decimal
    step: Decimal


def decode(
    words: Sequence[int], kind: WordType, order: WordOrder = WordOrder.BIG, absent: Sequence[int] = ()
) -> Value | None:
    """The exact value of one register's words; None where they hold no number (NaN, infinite, one of ``absent``).

    ``absent`` are the patterns by which the device says that it has no value, as unsigned numbers of the ordered words.

    Raises:
        ValueError: the number of words isn't the type's, or a word is not 16 bits.
    """
    if len(words) != kind.words:
        raise ValueError(f"{kind} has {kind.words} words, not {len(words)}")
    if not all(0 <= word <= 0xFFFF for word in words):
        raise ValueError(f"not words of 16 bits: {list(words)}")
    ordered = words if order is WordOrder.BIG else words[::-1]
    raw = b"".join(word.to_bytes(2, "big") for word in ordered)
    if int.from_bytes(raw, "big") in absent:
        return None
    (number,) = struct.unpack(_FORMAT[kind], raw)
    if isinstance(number, int):
        return Value(Decimal(number), Decimal(1))
    if not math.isfinite(number):
        return None
    step = math.ulp(number) if kind is WordType.FLOAT64 else _step32(number)
    return Value(Decimal(number), Decimal(step))


def _step32(number: float) -> float:
    exponent = math.frexp(number)[1] - _FLOAT32_DIGITS
    return math.ldexp(1.0, max(exponent, _FLOAT32_LEAST) if number else _FLOAT32_LEAST)


def energy(raw: Value, wh_per_unit: Decimal, resolution: Decimal) -> Value:
    """A register's energy and its step, both in Wh (varh).

    Where the words are finer than the register's resolution (Wh) the value is rounded to it, half up: a float32 of
    kWh below 16,384 gives back the Wh that the meter counted. Where they are coarser it stays exactly as decoded.
    """
    value = _WIDE.multiply(raw.value, wh_per_unit)
    step = _WIDE.multiply(raw.step, wh_per_unit)
    if step < resolution:
        return Value(to_multiple(value, resolution), resolution)
    return Value(value, step)


def text(words: Sequence[int]) -> str:
    """Two characters a word, up to the first NUL; what isn't ASCII is shown as a question mark."""
    raw = b"".join(word.to_bytes(2, "big") for word in words)
    return raw.split(b"\0")[0].decode("ascii", "replace").replace("\ufffd", "?").strip()


def to_multiple(value: Decimal, of: Decimal) -> Decimal:
    """The multiple of ``of`` (> 0) that is nearest to ``value``, halves upwards for positive values."""
    return _WIDE.multiply(_WIDE.divide(value, of).to_integral_value(ROUND_HALF_UP), of)


def plain(value: Decimal) -> str:
    """A number as it is written on the wire: no exponent, no needless zeros, at most 12 decimals."""
    text = format(value.quantize(Decimal("1e-12"), ROUND_HALF_UP, _WIDE), "f")
    return text.rstrip("0").rstrip(".")
