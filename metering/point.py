"""Points (PPE), meters and what they are for."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

POINT_PATTERN: Final = r"\A[A-Za-z0-9_-]{1,35}\Z"
"""The shape of a point's id."""
METER_PATTERN: Final = r"\A[A-Za-z0-9][A-Za-z0-9 ._/-]{0,63}\Z"
"""The shape of a meter's serial number or declared id."""
GATEWAY_PATTERN: Final = r"\A[a-z0-9][a-z0-9_-]{0,34}\Z"
"""The shape of a gateway's id: one level of a topic, one line of an access list."""


class Direction(StrEnum):
    """Which way energy crosses the boundary of a point, seen from the member."""

    DRAWN = "drawn"
    INJECTED = "injected"


class Role(StrEnum):
    """What a meter is for. Only ``settlement`` meters make drawn and injected."""

    SETTLEMENT = "settlement"
    GENERATION = "generation"
    STORAGE = "storage"
    SUBMETER = "submeter"
    HEAT = "heat"
    CHARGING = "charging"


class Source(StrEnum):
    """What a point's injected energy comes from."""

    PV = "pv"
    WIND = "wind"
    HYDRO = "hydro"
    BIOGAS = "biogas"
    BIOMASS = "biomass"
    CHP_GAS = "chp_gas"
    STORAGE = "storage"
    OTHER = "other"

    @property
    def is_res(self) -> bool:
        """Whether it is a renewable source (OZE). A storage's discharge is not, until its origin is traced."""
        return self in _RES


_RES = frozenset({Source.PV, Source.WIND, Source.HYDRO, Source.BIOGAS, Source.BIOMASS})


def ppe_check_digit(first_17: str) -> int:
    """The GS1 check digit of a PPE: weights 3, 1, 3, … from the left."""
    total = sum(int(digit) * (3 if i % 2 == 0 else 1) for i, digit in enumerate(first_17))
    return (10 - total % 10) % 10


def point_id_problem(text: str) -> str | None:
    """Why ``text`` can't be a point's id, or None when it can. Eighteen digits are a PPE and must pass GS1's check."""
    if not re.fullmatch(POINT_PATTERN, text):
        return "expected 1 to 35 of the characters A-Z a-z 0-9 _ -"
    if re.fullmatch(r"[0-9]{18}", text) and int(text[17]) != (wanted := ppe_check_digit(text[:17])):
        return f"its check digit is {text[17]}, but {text[:17]} needs {wanted}: one digit of this PPE is wrong"
    return None


def gateway_id_problem(text: str) -> str | None:
    """Why ``text`` can't be a gateway's id, or None when it can. ``central`` is the centre's own topic level."""
    if text == "central":
        return "'central' is the centre's own name; choose another"
    if not re.fullmatch(GATEWAY_PATTERN, text):
        return "expected 1 to 35 of a-z 0-9 _ -, beginning with a letter or digit"
    return None
