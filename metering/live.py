"""Values of the moment, on their way from gateways to a person's eye: never in the books, never kept, newest wins.

Signs are as a meter at the grid sees them: power is positive where energy is taken (1-0:1.8.0 counts: consumption, a
storage that charges), negative where it is given (1-0:2.8.0 counts: a plant that makes energy, a storage that gives).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Annotated, Final

import msgspec

from metering.point import METER_PATTERN

MAX_METERS: Final = 100
"""The most meters in one message."""
MAX_VALUES: Final = 24
"""The most values of one meter in one message."""

_PHASES: Final = ("l1", "l2", "l3")
NAMES: Final[Mapping[str, tuple[str, Decimal]]] = {
    "power_w": ("W", Decimal(1)),
    **{f"power_{phase}_w": ("W", Decimal(1)) for phase in _PHASES},
    **{f"voltage_{phase}_v": ("V", Decimal("0.1")) for phase in _PHASES},
    **{f"current_{phase}_a": ("A", Decimal("0.01")) for phase in _PHASES},
    "frequency_hz": ("Hz", Decimal("0.01")),
    "soc_pct": ("%", Decimal("0.1")),
    "battery_voltage_v": ("V", Decimal("0.1")),
}
"""What gateways tell: name to unit and to the step that it is rounded to. Power is active, voltages are to neutral."""

Name = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9_]{0,31}\Z")]
Unit = Annotated[str, msgspec.Meta(max_length=8)]
Number = Annotated[str, msgspec.Meta(pattern=r"\A-?[0-9]{1,12}(\.[0-9]{1,6})?\Z")]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]

_LARGEST: Final = Decimal(10) ** 12
_WIDE: Final = Context(prec=400, Emax=2000, Emin=-2000)


class LiveValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value; what a device doesn't tell is absent, never a number."""

    name: Name
    unit: Unit
    value: Number
    at: Instant
    """When its answer was there (UTC)."""


class LiveMeter(msgspec.Struct, frozen=True, kw_only=True):
    """The newest values of one meter."""

    meter: Annotated[str, msgspec.Meta(pattern=METER_PATTERN)]
    values: Annotated[tuple[LiveValue, ...], msgspec.Meta(max_length=MAX_VALUES)]


class LiveMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The payload of ``klaster/v1/<gateway>/live``; QoS 0, not retained: one that is lost is lost."""

    v: int = 1
    gateway: str
    at: Instant
    meters: Annotated[tuple[LiveMeter, ...], msgspec.Meta(max_length=MAX_METERS)]


def live_value(name: str, value: Decimal, at: datetime) -> LiveValue | None:
    """A value of one of ``NAMES`` in its unit, rounded half up to its step; None where no device can mean it.

    Raises:
        KeyError: no such name.
    """
    unit, step = NAMES[name]
    if abs(value) >= _LARGEST - 1:
        return None
    rounded = value.quantize(step, ROUND_HALF_UP, _WIDE)
    return LiveValue(name=name, unit=unit, value=format(abs(rounded) if rounded == 0 else rounded, "f"), at=at)
