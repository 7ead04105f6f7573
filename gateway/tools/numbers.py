"""Every number that some words may mean: types times orders of bytes and words. Pure."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

import msgspec

ORDERS = ("ABCD", "CDAB", "BADC", "DCBA")
"""How the bytes of two words may lie, ABCD being high byte and high word first; four words alike."""
_TYPES = (("u16", ">H", 1), ("s16", ">h", 1), ("u32", ">I", 2), ("s32", ">i", 2), ("float32", ">f", 2),
          ("u64", ">Q", 4), ("float64", ">d", 4))  # fmt: skip
_LARGEST = 1e12
_LARGEST_COUNT = 10**12
_SMALLEST = 1e-6


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """What some words mean as one type."""

    address: int
    """Of the first word."""
    type: str
    values: dict[str, str]
    """By order; what can hardly be a measurement (beyond 10^12, or a fraction below a millionth) is empty."""


def meanings(address: int, words: Sequence[int]) -> list[Meant]:
    """All types at every place where they fit, counted from the first word in whole values."""
    found = []
    for name, code, length in _TYPES:
        for start in range(0, len(words) - length + 1, length):
            part = words[start : start + length]
            orders = ORDERS if length > 1 else ("AB", "BA")
            values = {order: _text(struct.unpack(code, _bytes(part, order))[0]) for order in orders}
            if any(values.values()):
                found.append(Meant(address=address + start, type=name, values=values))
    return found


def ascii_of(words: Sequence[int]) -> str:
    """Two characters a word; what can't be printed is a dot."""
    raw = b"".join(word.to_bytes(2, "big") for word in words)
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in raw)


def _bytes(words: Sequence[int], order: str) -> bytes:
    swapped = order in {"BADC", "DCBA", "BA"}
    ordered = words[::-1] if order in {"CDAB", "DCBA"} else words
    return b"".join(word.to_bytes(2, "little" if swapped else "big") for word in ordered)


def _text(number: float) -> str:
    if isinstance(number, int):
        return str(number) if abs(number) <= _LARGEST_COUNT else ""
    if number == 0 or (math.isfinite(number) and _SMALLEST <= abs(number) <= _LARGEST):
        return f"{number:.9g}"
    return ""
