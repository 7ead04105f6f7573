"""The battery registers of a Victron GX: counters of 16 bits that begin again after 6,553.5 kWh.

Written from the vendor's register list: 259 the battery's voltage in 0.01 V, 266 state of charge in 0.1 %, 301
discharged and 302 charged energy in 0.1 kWh.
"""

from __future__ import annotations

from typing import Final

from simulators.reading import Reading
from simulators.servers.modbus import HOLDING, INPUT, ExceptionCode, ModbusRefusal

_COUNT_WH: Final = 100
_VOLTAGE: Final = 5210
_COUNTS: Final = 0x10000


class GxBattery:
    """One battery behind a GX."""

    def read(self, function: int, address: int, count: int, reading: Reading) -> list[int]:
        """The words of ``count`` registers from ``address``.

        Raises:
            ModbusRefusal: function or address that isn't known.
        """
        if function not in {HOLDING, INPUT}:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_FUNCTION)
        known = {
            259: _VOLTAGE,
            266: reading.charge_permille,
            301: reading.export_wh // _COUNT_WH % _COUNTS,
            302: reading.import_wh // _COUNT_WH % _COUNTS,
        }
        wanted = range(address, address + count)
        if any(at not in known for at in wanted):
            raise ModbusRefusal(ExceptionCode.ILLEGAL_DATA_ADDRESS)
        return [known[at] for at in wanted]

    def asleep(self, reading: Reading) -> bool:
        """A GX never sleeps."""
        return False
