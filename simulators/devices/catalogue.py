"""The kinds of devices that a scenario may name, and what the ledger must know of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from metering.obis import ACTIVE_EXPORT, ACTIVE_IMPORT
from simulators.devices.gx_battery import GxBattery
from simulators.devices.iem3155 import Iem3155
from simulators.devices.sdm630 import Sdm630
from simulators.devices.sunspec_inverter import SunSpecInverter
from simulators.reading import Reading


class Device(Protocol):
    """Registers of one device."""

    def read(self, function: int, address: int, count: int, reading: Reading) -> list[int]:
        """The words of ``count`` registers from ``address``; raises ModbusRefusal."""

    def asleep(self, reading: Reading) -> bool:
        """Whether it doesn't answer at all."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of device."""

    make: Callable[[str, int, int], Device]
    """From serial number, unit id and baud."""
    profile: str
    """By which the gateway reads it."""
    registers: tuple[str, ...] = (ACTIVE_IMPORT, ACTIVE_EXPORT)
    """The active energies that it counts, as OBIS codes."""
    step_wh: int = 1
    """What one count of its registers is."""
    sleeps: bool = False
    """Whether it answers only while it makes energy."""
    tells_serial: bool = False
    """Whether the gateway can compare its serial number."""


KINDS: Final = {
    "eastron-sdm630": Kind(make=Sdm630, profile="eastron-sdm630"),
    "schneider-iem3155": Kind(make=lambda *_: Iem3155(), profile="schneider-iem3155"),
    "sunspec-inverter": Kind(
        make=lambda serial, *_: SunSpecInverter(serial),
        profile="sunspec",
        registers=(ACTIVE_EXPORT,),
        sleeps=True,
        tells_serial=True,
    ),
    "victron-gx-battery": Kind(make=lambda *_: GxBattery(), profile="victron-gx-battery", step_wh=100),
}
"""By the name that a scenario uses."""
