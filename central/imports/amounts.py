"""Numbers of energy in files: exact decimals, nothing repaired.

A comma or a dot is a decimal mark where the format says so; separators of thousands, exponents, hex and signs are
refused.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from metering.energy import MAX_READING_WH

UNITS: Final = {"Wh": 0, "kWh": 3, "MWh": 6}
"""How many places a unit lies above the Wh."""

_NUMBER = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]{0,13})(?:(?P<mark>[.,])(?P<part>[0-9]{1,12}))?", re.ASCII)
_MOST = Decimal(MAX_READING_WH)
_FINEST = Decimal("0.000001")


def wh_of(text: str, unit: str, marks: str = ".,", *, signed: bool = False) -> Decimal:
    """The energy in Wh, exactly.

    Raises:
        ValueError: with what is wrong, to follow the cell in a sentence.
    """
    found = _NUMBER.fullmatch(text)
    if not found or not (found["whole"] or found["part"]):
        raise ValueError(_problem(text))
    if found["mark"] and found["mark"] not in marks:
        expected = " or ".join(map(repr, marks))
        raise ValueError(f"has the decimal mark {found['mark']!r}; {expected} is expected here")
    if found["sign"] and not signed:
        raise ValueError("is negative")
    wh = Decimal(text.replace(",", ".")).scaleb(UNITS[unit])
    if wh != wh.quantize(_FINEST):
        raise ValueError("is finer than a millionth of a Wh")
    if abs(wh) > _MOST:
        raise ValueError("is over 2^40 Wh")
    return wh


def plain_text(wh: Decimal) -> str:
    """The shortest text of an exact decimal: ``310``, ``77.5``."""
    text = format(wh, "f")
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _problem(text: str) -> str:
    if text.startswith("="):
        return "is a formula of which the spreadsheet has kept no value"
    if text.startswith("#"):
        return "is a spreadsheet's error"
    if re.fullmatch(r"-?[0-9]{14,}([.,][0-9]*)?", text):
        return "is over 2^40 Wh"
    if re.fullmatch(r"-?[0-9]*[.,][0-9]{13,}", text):
        return "has more than 12 decimals"
    if re.search(r"[0-9][\s\u00a0\u202f'][0-9]", text) or re.fullmatch(r"-?[0-9.,]+", text):
        return "has a separator of thousands, or two decimal marks"
    if re.fullmatch(r"-?[0-9.,]+[eE][+-]?[0-9]+", text):
        return "has an exponent"
    return "isn't a number"
