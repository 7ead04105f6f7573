"""An Eastron SDM630-Modbus: its registers for one reading.

Written from the vendor's register table (SDM630 Modbus register map, V1 to V2): input registers (function 04) and
settings (function 03) are IEEE 754 single floats in two registers, high word first. Energy in kWh, power in W.
Only even addresses and even counts are answered, at most 80 registers (40 values) at once.
"""

from __future__ import annotations

import math
import struct
from typing import Final

from simulators.reading import Reading
from simulators.servers.modbus import HOLDING, INPUT, ExceptionCode, ModbusRefusal

_MOST_REGISTERS: Final = 80
_LAST_INPUT: Final = 0x017E
_SERIAL_AT: Final = 0xFC00
_VOLTS: Final = 231.5
_HERTZ: Final = 50.01
_POWER_FACTOR: Final = 0.96
_PARITY_NONE: Final = 0.0
_BAUD_CODES: Final = {2400: 0.0, 4800: 1.0, 9600: 2.0, 19200: 3.0, 38400: 4.0}


class Sdm630:
    """One meter of this kind."""

    def __init__(self, serial: str, unit: int, baud: int = 9600) -> None:
        """Its printed serial number, unit id and line speed, as its settings registers show them."""
        self._settings = {
            0x0012: _float_words(_PARITY_NONE),
            0x0014: _float_words(float(unit)),
            0x001C: _float_words(_BAUD_CODES.get(baud, 2.0)),
        }
        if serial.isdecimal() and int(serial) < 2**32:
            self._settings[_SERIAL_AT] = (int(serial) >> 16, int(serial) & 0xFFFF)

    def read(self, function: int, address: int, count: int, reading: Reading) -> list[int]:
        """The words of ``count`` registers from ``address``.

        Raises:
            ModbusRefusal: function, address or count that the meter doesn't answer.
        """
        if function not in {HOLDING, INPUT}:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_FUNCTION)
        if address % 2:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_DATA_ADDRESS)
        if count % 2 or count > _MOST_REGISTERS:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_DATA_VALUE)
        wanted = range(address, address + count, 2)
        if function == HOLDING:
            if any(at not in self._settings for at in wanted):
                raise ModbusRefusal(ExceptionCode.ILLEGAL_DATA_ADDRESS)
            return [word for at in wanted for word in self._settings[at]]
        if wanted[-1] > _LAST_INPUT:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_DATA_ADDRESS)
        values = _inputs(reading)
        return [word for at in wanted for word in _float_words(values.get(at, 0.0))]

    def asleep(self, reading: Reading) -> bool:
        """A meter never sleeps."""
        return False


def _inputs(reading: Reading) -> dict[int, float]:
    """Input registers by address; what isn't listed reads 0.0, as on the meter."""
    phase_w = reading.power_w / 3
    phase_va = abs(phase_w) / _POWER_FACTOR
    phase_var = math.copysign(math.sqrt(max(phase_va**2 - phase_w**2, 0.0)), phase_w)
    import_kwh = reading.import_wh / 1000
    export_kwh = reading.export_wh / 1000
    values = {
        0x0034: reading.power_w,
        0x0038: 3 * phase_va,
        0x003C: 3 * phase_var,
        0x003E: math.copysign(_POWER_FACTOR, reading.power_w),
        0x0046: _HERTZ,
        0x0048: import_kwh,
        0x004A: export_kwh,
        0x0156: (reading.import_wh + reading.export_wh) / 1000,
    }
    for phase in range(3):
        values |= {
            0x0000 + 2 * phase: _VOLTS,
            0x0006 + 2 * phase: phase_va / _VOLTS,
            0x000C + 2 * phase: phase_w,
            0x0012 + 2 * phase: phase_va,
            0x0018 + 2 * phase: phase_var,
            0x001E + 2 * phase: math.copysign(_POWER_FACTOR, reading.power_w),
            0x015A + 2 * phase: import_kwh / 3,
            0x0160 + 2 * phase: export_kwh / 3,
        }
    return values


def _float_words(value: float) -> tuple[int, int]:
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low
