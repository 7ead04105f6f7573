"""Live registers packed by struct from documents' facts, served over a socket, and read after the stands."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from gateway.bus import Bus
from gateway.config import BusSettings, MeterSettings
from gateway.links.modbus import ModbusLink
from gateway.live import LiveBoard
from gateway.live_round import LiveRound
from gateway.meter import Meter
from gateway.poller import Poller
from gateway.profile import known, profile
from runtime.clock import SystemClock
from tests.gateway.devices.served import Facts, Kept, served, words_of
from tests.gateway.devices.test_sunspec import NOT_THERE, chain, common, model
from tests.gateway.fake_central import until


class Watched:
    """A poller of one meter, and the newest of each of its live values."""

    def __init__(self, name: str, port: int) -> None:
        made = profile(name)
        bus = BusSettings(id="b", link="tcp", host="127.0.0.1", port=port)
        clock = SystemClock()
        self.meter = Meter(MeterSettings(id="M1", bus="b", profile=name, every_s=1), made, {})
        self.board = LiveBoard("g", timedelta(seconds=1))
        self._shown: dict[str, str] = {}
        line = Bus("b", ModbusLink(bus, made.transport), bus.where, clock)
        self.kept = Kept()
        self.live = LiveRound(line, self.board, clock, 1.0, {self.meter.length})
        self.poller = Poller(line, [self.meter], self.kept, clock, self.live)

    @property
    def shown(self) -> dict[str, str]:
        for message in self.board.take(SystemClock().now()):
            for meter in message.meters:
                self._shown |= {one.name: f"{one.value} {one.unit}" for one in meter.values}
        return self._shown


@contextlib.asynccontextmanager
async def watched(name: str, words: dict[int, int]) -> AsyncIterator[Watched]:
    import asyncio

    unit = profile(name).transport.unit
    async with served(unit, words) as port:
        made = Watched(name, port)
        task = asyncio.create_task(made.poller.run())
        try:
            yield made
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def stands_of(name: str) -> Facts:
    """Something for the stand registers: their own tests tell what they mean."""
    codes = {"u16": "H", "u32": "I", "s32": "i", "s64": "q", "float32": "f"}
    return {one.address: (codes[one.type], 5) for one in profile(name).stands}


VOLTS = ("voltage_l1_v", "voltage_l2_v", "voltage_l3_v")
AMPS = ("current_l1_a", "current_l2_a", "current_l3_a")
PHASES = ("power_l1_w", "power_l2_w", "power_l3_w")
DEVICES: dict[str, tuple[Facts, dict[str, str]]] = {
    "eastron-sdm630": (
        {0x00: ("fff", (230.5, 231.25, 229.0)), 0x06: ("fff", (1.5, 2.25, 0.0)), 0x0C: ("fff", (-300.0, 20.5, 1.0)),
         0x34: ("f", -278.5), 0x46: ("f", 49.98)},
        dict(zip(VOLTS, ("230.5 V", "231.3 V", "229.0 V"), strict=True))
        | dict(zip(AMPS, ("1.50 A", "2.25 A", "0.00 A"), strict=True))
        | dict(zip(PHASES, ("-300 W", "21 W", "1 W"), strict=True))
        | {"power_w": "-279 W", "frequency_hz": "49.98 Hz"},
    ),
    "schneider-iem3155": (
        {2999: ("fff", (1.0, 2.0, 3.0)), 3027: ("fff", (231.0, float("nan"), 230.5)), 3053: ("ffff", (1.5, 2.0, -0.25, 3.25)),
         3109: ("f", 50.0)},
        {"voltage_l1_v": "231.0 V", "voltage_l3_v": "230.5 V", "power_w": "3250 W", "frequency_hz": "50.00 Hz"}
        | dict(zip(AMPS, ("1.00 A", "2.00 A", "3.00 A"), strict=True))
        | dict(zip(PHASES, ("1500 W", "2000 W", "-250 W"), strict=True)),
    ),
    "victron-gx-battery": ({259: ("H", 5210), 266: ("H", 543)}, {"battery_voltage_v": "52.1 V", "soc_pct": "54.3 %"}),
    "victron-gx-grid": (
        {2600: ("hhh", (-500, 200, 50)), 2616: ("HhHhHh", (2301, -22, 2310, 9, 2299, 2))},
        dict(zip(PHASES, ("-500 W", "200 W", "50 W"), strict=True))
        | dict(zip(VOLTS, ("230.1 V", "231.0 V", "229.9 V"), strict=True))
        | dict(zip(AMPS, ("-2.20 A", "0.90 A", "0.20 A"), strict=True))
        | {"power_w": "-250 W"},
    ),
    "victron-gx-pvinverter": (
        {1027: ("H", 2312), 1029: ("H", 1200), 1033: ("H", 0xFFFF), 1037: ("H", 800)},
        {"voltage_l1_v": "231.2 V", "power_l1_w": "-1200 W", "power_l3_w": "-800 W"},
    ),
    "alphaess-grid": (
        {23: ("hhh", (15, -25, 0)), 33: ("i", -1234)},
        dict(zip(AMPS, ("1.50 A", "-2.50 A", "0.00 A"), strict=True)) | {"power_w": "-1234 W"},
    ),
    "alphaess-battery": ({258: ("H", 871), 294: ("h", 3000)}, {"soc_pct": "87.1 %", "power_w": "-3000 W"}),
    "huawei-sun2000": (
        {32069: ("HHH", (2300, 0xFFFF, 2310)), 32072: ("iii", (1500, 2500, 2**31 - 1)), 32080: ("i", 7200), 32085: ("H", 4999)},
        {"voltage_l1_v": "230.0 V", "voltage_l3_v": "231.0 V", "current_l1_a": "1.50 A", "current_l2_a": "2.50 A",
         "power_w": "-7200 W", "frequency_hz": "49.99 Hz"},
    ),
    "huawei-sun2000-grid": (
        {37101: ("iii", (2301, 2302, 2303)), 37107: ("iii", (150, 2**31 - 1, -50)), 37113: ("i", -4321), 37118: ("h", 5001),
         37132: ("iii", (-4000, -400, 79))},
        dict(zip(VOLTS, ("230.1 V", "230.2 V", "230.3 V"), strict=True))
        | dict(zip(PHASES, ("4000 W", "400 W", "-79 W"), strict=True))
        | {"current_l1_a": "1.50 A", "current_l3_a": "-0.50 A", "power_w": "4321 W", "frequency_hz": "50.01 Hz"},
    ),
    "huawei-sun2000-battery": (
        {37760: ("H", 655), 37763: ("H", 3605), 37765: ("i", -2500)},
        {"soc_pct": "65.5 %", "battery_voltage_v": "360.5 V", "power_w": "-2500 W"},
    ),
}  # fmt: skip


def spread(facts: Facts) -> dict[int, int]:
    """Neighbouring numbers of one type, or of several, from one address on."""
    words: dict[int, int] = {}
    for address, (codes, raw) in facts.items():
        packed = struct.pack(f">{codes}", *(raw if isinstance(raw, tuple) else (raw,)))
        words |= {address + i: one for i, one in enumerate(struct.unpack(f">{len(packed) // 2}H", packed))}
    return words


def test_every_profile_with_live_registers_is_tried_here() -> None:
    assert {name for name in known() if profile(name).live} == set(DEVICES)


@pytest.mark.parametrize("name", DEVICES)
async def test_live_values_are_read_with_their_units_scales_and_signs_and_absent_ones_are_absent(name: str) -> None:
    facts, wanted = DEVICES[name]
    # Holes that a request may span hold nothing of interest.
    ends = [*spread(facts), *words_of(stands_of(name))]
    words = dict.fromkeys(range(min(ends), max(ends) + 1), 0) | words_of(stands_of(name)) | spread(facts)
    async with watched(name, words) as made:
        await until(lambda: made.shown.keys() >= wanted.keys(), 15)
        assert made.shown == wanted


async def test_sunspec_devices_tell_live_values_by_their_models() -> None:
    inverter = model(103, 50, {
        3: ("H", 105), 4: ("H", 110), 5: ("H", NOT_THERE["H"]), 6: ("h", -1), 10: ("H", 2305), 11: ("H", 2310),
        13: ("h", -1), 14: ("h", 512), 15: ("h", 1), 16: ("H", 5001), 17: ("h", -2), 24: ("I", 77), 26: ("h", 0),
    })  # fmt: skip
    async with watched("sunspec", chain(40000, common("1"), inverter)) as made:
        wanted = {
            "power_w": "-5120 W", "voltage_l1_v": "230.5 V", "voltage_l2_v": "231.0 V", "current_l1_a": "10.50 A",
            "current_l2_a": "11.00 A", "frequency_hz": "50.01 Hz",
        }  # fmt: skip
        await until(lambda: made.shown.keys() >= wanted.keys(), 15)
        assert made.shown == wanted


async def test_a_sunspec_meters_power_is_import_and_a_hybrids_state_of_charge_is_read_from_its_storage_model() -> None:
    meter = model(203, 105, {18: ("h", -250), 22: ("h", 1), 38: ("I", 5), 46: ("I", 6), 54: ("h", 0)}, fill=0x8000)
    storage = model(124, 24, {8: ("H", 5430), 22: ("h", -2)})
    async with watched("sunspec", chain(40000, common("1"), storage, meter)) as made:
        await until(lambda: len(made.shown) >= 2, 15)
        assert made.shown == {"power_w": "-2500 W", "soc_pct": "54.3 %"}


async def test_a_live_register_that_the_device_refuses_costs_no_other_and_no_stand() -> None:
    name = "alphaess-battery"
    words = words_of(stands_of(name)) | {258: 500}
    async with watched(name, words) as made:
        await until(lambda: made.shown and made.kept.polls >= 6, 15)
        assert made.shown == {"soc_pct": "50.0 %"}
        assert made.poller.meter_statuses[0].error == ""
        assert len(made.meter.memory()) == 2
