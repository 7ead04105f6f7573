"""Stands that people read at a meter's exchange, as the cluster file has them: kWh as the display shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from central.cluster.model import Meter
from metering.obis import ACTIVE_EXPORT, ACTIVE_IMPORT
from runtime.config import Problem

_KWH = r"[0-9]{1,10}(\.[0-9]{1,9})?"
_WH_PER_KWH = 1000


def entered_wh(stands: Mapping[str, str]) -> dict[str, str]:
    """Entered stands (kWh) as exact decimals of Wh, by register."""
    return {register: format(Decimal(kwh) * _WH_PER_KWH, "f") for register, kwh in stands.items()}


def entered_problems(meters: Sequence[Meter], file: str) -> Iterator[Problem]:
    """Stands of no register that is differenced, that are no numbers, and of a record that doesn't say when."""
    for i, meter in enumerate(meters, 1):
        for name, bound in (("opening", "valid_from"), ("closing", "valid_to")):
            stands: Mapping[str, str] = getattr(meter, name)
            key = f"meters[{i}].{name}"
            if stands and getattr(meter, bound) is None:
                yield Problem(file, key, "", f"is the stand at {bound}, which is missing")
            for register, kwh in stands.items():
                if register not in {ACTIVE_IMPORT, ACTIVE_EXPORT}:
                    wanted = f"expected {ACTIVE_IMPORT} or {ACTIVE_EXPORT}"
                    yield Problem(file, key, f'"{register[:60]}"', wanted)
                if not re.fullmatch(_KWH, kwh):
                    wanted = 'expected kWh as the display shows them, like "12345.678"'
                    yield Problem(file, f'{key}."{register[:60]}"', f'"{kwh[:60]}"', wanted)
