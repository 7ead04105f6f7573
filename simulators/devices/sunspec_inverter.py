"""A PV inverter that describes itself by SunSpec: models 1 and 103, and one of its maker with today's yield.

Written from the SunSpec model definitions: "SunS" at 40000, then id, length and points of each model, high word first,
65535 at the end. The lifetime energy WH is an acc32 with a scale factor. What isn't measured holds the pattern for "not
implemented". Today's yield begins again at local midnight. At night the inverter sleeps and doesn't answer.
"""

from __future__ import annotations

import struct
from typing import Final

from simulators.reading import Reading
from simulators.servers.modbus import HOLDING, ExceptionCode, ModbusRefusal

_BASE: Final = 40000
_NOT_U16: Final = 0xFFFF
_NOT_S16: Final = -0x8000
_MAKER: Final = 64_110
_VOLTS: Final = 2310
_RUNNING: Final = 4


class SunSpecInverter:
    """One inverter of this kind."""

    def __init__(self, serial: str) -> None:
        """Its serial number, as model 1 tells it."""
        self._common = struct.pack(
            ">HH32s32s16s16s32sH", 1, 65, b"klaster", b"Simulated 103", b"", b"1.0", serial.encode("ascii"), 1
        )

    def read(self, function: int, address: int, count: int, reading: Reading) -> list[int]:
        """The words of ``count`` registers from ``address``.

        Raises:
            ModbusRefusal: function or address that the inverter doesn't answer.
        """
        if function != HOLDING:
            raise ModbusRefusal(ExceptionCode.ILLEGAL_FUNCTION)
        raw = (
            b"SunS" + self._common + _model_103(reading) + _model_of_the_maker(reading) + struct.pack(">HH", 0xFFFF, 0)
        )
        first, last = address - _BASE, address - _BASE + count
        if first < 0 or 2 * last > len(raw):
            raise ModbusRefusal(ExceptionCode.ILLEGAL_DATA_ADDRESS)
        return list(struct.unpack(f">{count}H", raw[2 * first : 2 * last]))

    def asleep(self, reading: Reading) -> bool:
        """Without sun it sleeps."""
        return reading.power_w == 0


def _model_103(reading: Reading) -> bytes:
    made_w = -round(reading.power_w)
    amps = round(made_w / 3 / 231 * 10)
    return b"".join(
        [
            struct.pack(">HH", 103, 50),
            struct.pack(">HHHHh", 3 * amps, amps, amps, amps, -1),
            struct.pack(">HHHHHHh", _NOT_U16, _NOT_U16, _NOT_U16, _VOLTS, _VOLTS, _VOLTS, -1),
            struct.pack(">hh", made_w // 10, 1),
            struct.pack(">Hh", 5000, -2),
            struct.pack(">hhhhhh", *[_NOT_S16] * 6),
            struct.pack(">Ih", reading.export_wh % 2**32, 0),
            struct.pack(">HhHhhh", _NOT_U16, _NOT_S16, _NOT_U16, _NOT_S16, _NOT_S16, _NOT_S16),
            struct.pack(">hhhhh", *[_NOT_S16] * 5),
            struct.pack(">HHIIIIII", _RUNNING, _NOT_U16, 0, 0, *[0xFFFFFFFF] * 4),
        ]
    )


def _model_of_the_maker(reading: Reading) -> bytes:
    return struct.pack(">HHI", _MAKER, 2, reading.export_today_wh)
