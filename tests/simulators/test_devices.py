from __future__ import annotations

import struct
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from simulators.devices.catalogue import KINDS
from simulators.devices.gx_battery import GxBattery
from simulators.devices.iem3155 import Iem3155
from simulators.devices.sunspec_inverter import SunSpecInverter
from simulators.instrument import Instrument
from simulators.reading import Reading
from simulators.servers.modbus import HOLDING, ModbusRefusal

READING = Reading(import_wh=7_654_321, export_wh=5_000_000_123, power_w=-12_340.0, export_today_wh=4321)


def chain(reading: Reading) -> dict[int, tuple[int, ...]]:
    """The models of a simulated inverter, by id."""
    inverter = SunSpecInverter("INV-1")
    assert inverter.read(HOLDING, 40000, 2, reading) == [0x5375, 0x6E53]
    found, at = {}, 40002
    while (header := inverter.read(HOLDING, at, 2, reading))[0] != 0xFFFF:
        found[header[0]] = tuple(inverter.read(HOLDING, at, 2 + header[1], reading))
        at += 2 + header[1]
    return found


def test_an_inverter_tells_its_models_and_its_energy() -> None:
    models = chain(READING)
    assert [(number, len(words)) for number, words in models.items()] == [(1, 67), (103, 52), (64110, 4)]
    assert struct.pack(">16H", *models[1][50:66]).rstrip(b"\0") == b"INV-1"
    words = models[103]
    assert words[24] << 16 | words[25] == 5_000_000_123 - 2**32
    assert words[26] == 0
    assert (words[14], words[15]) == (1234, 1)
    assert models[64110][2:] == (0, 4321)


def test_an_inverter_sleeps_without_sun() -> None:
    night = Reading(import_wh=0, export_wh=5, power_w=0.0)
    at = datetime(2026, 6, 17, tzinfo=UTC)
    ask = struct.pack(">BHH", HOLDING, 40000, 2)
    assert Instrument(SunSpecInverter("1"), lambda _: night, lambda: at)(ask) is None
    assert Instrument(SunSpecInverter("1"), lambda _: READING, lambda: at)(ask) is not None


def test_an_iem3155_counts_wh_in_64_bits() -> None:
    words = Iem3155().read(HOLDING, 3203, 8, READING)
    assert struct.unpack(">qq", struct.pack(">8H", *words)) == (7_654_321, 5_000_000_123)
    with pytest.raises(ModbusRefusal):
        Iem3155().read(HOLDING, 3203, 12, READING)


def test_a_gx_battery_begins_again_after_6553_kwh() -> None:
    shown = [
        GxBattery().read(HOLDING, 301, 2, Reading(import_wh=wh, export_wh=0, power_w=0.0))[1]
        for wh in (6_553_499, 6_553_500, 6_553_600, 6_553_799)
    ]
    assert shown == [65534, 65535, 0, 1]


def test_every_kind_can_be_made_and_tells_whether_it_sleeps() -> None:
    for kind in KINDS.values():
        made = kind.make("1", 1, 9600)
        assert made.asleep(READING) is False
        assert made.asleep(Reading(import_wh=0, export_wh=0, power_w=0.0)) is kind.sleeps
    assert all(one != other for one, other in pairwise(KINDS))
