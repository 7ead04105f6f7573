"""A Schneider iEM3155: its registers for one reading.

Written from the vendor's register list (document numbers, one higher than the address on the wire): holding registers
(function 03), energies as 64-bit integers in Wh at 3204 (delivered, into the load), 3208 (received), 3220 and 3224
(reactive), as single floats current at 3000, voltage at 3028, power in kW by phase at 3054 and in all at 3060,
frequency at 3110; high word first.
"""

from __future__ import annotations

import struct
from typing import Final

from simulators.reading import Reading
from simulators.servers.modbus import HOLDING, ExceptionCode, ModbusRefusal

_PRINTED: Final = 1
_VOLTS: Final = 231.0


class Iem3155:
    """One meter of this kind."""

    def read(self, function: int, address: int, count: int, reading: Reading) -> list[int]:
        """The words of ``count`` registers from ``address``.

        Raises:
            ModbusRefusal: function or address that the meter doesn't answer.
        """
        if function != HOLDING:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_FUNCTION)
        known = _registers(reading)
        wanted = range(address, address + count)
        if any(at not in known for at in wanted):
            raise ModbusRefusal(ExceptionCode.ILLEGAL_DATA_ADDRESS)
        return [known[at] for at in wanted]

    def asleep(self, reading: Reading) -> bool:
        """A meter never sleeps."""
        return False


def _registers(reading: Reading) -> dict[int, int]:
    phase_kw = reading.power_w / 3 / 1000
    amps = abs(reading.power_w) / 3 / _VOLTS
    printed = {
        3000: struct.pack(">fff", amps, amps, amps),
        3028: struct.pack(">fff", _VOLTS, 231.2, 230.8),
        3054: struct.pack(">ffff", phase_kw, phase_kw, phase_kw, reading.power_w / 1000),
        3110: struct.pack(">f", 50.0),
        3204: struct.pack(">q", reading.import_wh),
        3208: struct.pack(">q", reading.export_wh),
        3220: struct.pack(">q", reading.import_wh // 4),
        3224: struct.pack(">q", 0),
    }
    return {
        number - _PRINTED + i: int.from_bytes(raw[2 * i : 2 * i + 2], "big")
        for number, raw in printed.items()
        for i in range(len(raw) // 2)
    }
