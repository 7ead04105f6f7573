from __future__ import annotations

import math
import struct

import pytest

from simulators.devices.sdm630 import Sdm630
from simulators.reading import Reading
from simulators.servers.modbus import HOLDING, INPUT, ExceptionCode, ModbusRefusal

METER = Sdm630("23010017", unit=3)
READING = Reading(import_wh=7_654_321, export_wh=12_345, power_w=-4500.0)


def value(address: int, reading: Reading = READING) -> float:
    high, low = METER.read(INPUT, address, 2, reading)
    return float(struct.unpack(">f", struct.pack(">HH", high, low))[0])


def test_energies_are_kwh_and_rounded_to_a_wh_they_are_the_truth() -> None:
    assert round(value(0x48) * 1000) == 7_654_321
    assert round(value(0x4A) * 1000) == 12_345


def test_every_wh_just_below_16384_kwh_survives_the_float() -> None:
    for wh in (*range(16_383_000, 16_384_000), *range(8_191_900, 8_192_100)):
        assert round(value(0x48, Reading(wh, 0, 0.0)) * 1000) == wh


def test_the_words_are_the_floats_of_the_documents_example() -> None:
    assert METER.read(INPUT, 0x48, 2, Reading(1000, 0, 0.0)) == [0x3F80, 0x0000]


def test_power_is_negative_on_export_and_is_the_sum_of_the_phases() -> None:
    assert value(0x34) == -4500.0
    assert math.isclose(sum(value(at) for at in (0x0C, 0x0E, 0x10)), -4500.0)


def test_voltage_and_frequency_look_like_a_meter() -> None:
    assert 180 < value(0x00) < 260
    assert 45 < value(0x46) < 65


def test_settings_tell_unit_line_and_serial_number() -> None:
    words = METER.read(HOLDING, 0x14, 2, READING)
    assert struct.unpack(">f", struct.pack(">HH", *words))[0] == 3.0
    high, low = METER.read(HOLDING, 0xFC00, 2, READING)
    assert high << 16 | low == 23_010_017


@pytest.mark.parametrize(
    ("function", "address", "count", "code"),
    [
        (INPUT, 0x49, 2, ExceptionCode.ILLEGAL_DATA_ADDRESS),
        (INPUT, 0x48, 1, ExceptionCode.ILLEGAL_DATA_VALUE),
        (INPUT, 0x00, 82, ExceptionCode.ILLEGAL_DATA_VALUE),
        (INPUT, 0x0400, 2, ExceptionCode.ILLEGAL_DATA_ADDRESS),
        (HOLDING, 0x0100, 2, ExceptionCode.ILLEGAL_DATA_ADDRESS),
        (0x06, 0x14, 2, ExceptionCode.ILLEGAL_FUNCTION),
    ],
)
def test_what_the_meter_does_not_know_it_refuses(function: int, address: int, count: int, code: ExceptionCode) -> None:
    with pytest.raises(ModbusRefusal) as caught:
        METER.read(function, address, count, READING)
    assert caught.value.code is code
