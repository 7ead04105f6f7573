"""Codes of the field and their check digits: NIP, TERYT of a gmina, an operator's digits in a PPE."""

from __future__ import annotations

import re
from typing import Final

_NIP_WEIGHTS: Final = (6, 5, 7, 2, 3, 4, 5, 6, 7)
_PARTS_OF_A_CITY: Final = {"8", "9"}

OPERATOR_DIGITS: Final = {
    "2438": "Energa-Operator",
    "3106": "Enea Operator",
    "3224": "Tauron Dystrybucja",
    "5435": "PGE Dystrybucja",
}
"""Digits 4 to 7 of a PPE that were seen with a name. There are more, and a prefix is a hint, never the operator."""


def nip_problem(text: str) -> str | None:
    """Why ``text`` can't be a NIP, or None when it can: ten digits, the last of them the check digit (mod 11)."""
    if not re.fullmatch(r"[0-9]{10}", text):
        return "expected ten digits"
    check = sum(weight * int(digit) for weight, digit in zip(_NIP_WEIGHTS, text, strict=False)) % 11
    if check == 10:
        return "no NIP begins so: one of its digits is wrong"
    if check != int(text[9]):
        return f"its check digit is {text[9]}, but {text[:9]} needs {check}: one digit of this NIP is wrong"
    return None


def teryt_problem(text: str) -> str | None:
    """Why ``text`` can't be the TERYT code of a gmina: its six digits, or seven with the kind."""
    if re.fullmatch(r"(0[2468]|[12][02468]|3[02])[0-9]{4}[1-589]?", text):
        return None
    return "expected the TERYT code of a gmina: six digits, or seven with its kind; the voivodeship is 02, 04, … 32"


def gmina_of(teryt: str) -> str:
    """The six digits that name a gmina: town and country of one gmina, and the parts of a city, are the same."""
    if len(teryt) == 7 and teryt[6] in _PARTS_OF_A_CITY:
        return f"{teryt[:4]}01"
    return teryt[:6]


def powiat_of(teryt: str) -> str:
    """The four digits that name a powiat."""
    return teryt[:4]


def operator_hint(point: str) -> str | None:
    """The operator whose digits a PPE has; None where that isn't known."""
    return OPERATOR_DIGITS.get(point[3:7]) if re.fullmatch(r"590[0-9]{15}", point) else None
