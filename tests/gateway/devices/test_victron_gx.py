from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import islice

import pytest

from gateway.config import MeterSettings
from gateway.meter import Meter
from gateway.profile import profile
from tests.gateway.devices.served import numbers, polls, read_once, words_of

CHARGED, DISCHARGED = 302, 301  # u16 x 0.1 kWh
GRID_IMPORT, GRID_EXPORT = 2634, 2636  # u32 x 0.01 kWh
PV = (1046, 1048, 1050)  # u32 x 0.01 kWh


@pytest.mark.parametrize("seed", range(3))
async def test_a_battery_counts_tenths_of_a_kwh(seed):
    charged, discharged = islice(numbers(65534, seed, 1), seed, seed + 2)
    facts = {DISCHARGED: ("H", discharged), CHARGED: ("H", charged)}
    assert await read_once("victron-gx-battery", facts, 2) == {
        "1-0:1.8.0": charged * 100,
        "1-0:2.8.0": discharged * 100,
    }


@pytest.mark.parametrize("empty", [0, 0xFFFF])
async def test_a_battery_that_counts_nothing_has_no_value(empty):
    facts = {DISCHARGED: ("H", empty), CHARGED: ("H", 7)}
    assert await read_once("victron-gx-battery", facts, 1) == {"1-0:1.8.0": 700}


async def test_grid_meter_and_inverter_count_hundredths_of_a_kwh():
    facts = {GRID_IMPORT: ("I", 2**32 - 2), GRID_EXPORT: ("I", 0)}
    assert await read_once("victron-gx-grid", facts, 2) == {"1-0:1.8.0": (2**32 - 2) * 10, "1-0:2.8.0": 0}
    facts = {PV[0]: ("I", 123_456), PV[1]: ("I", 0xFFFFFFFF), PV[2]: ("I", 1)}
    assert await read_once("victron-gx-pvinverter", facts, 2) == {"1-0:22.8.0": 1_234_560, "1-0:62.8.0": 10}


def test_a_counter_that_begins_again_at_6553_kwh_goes_on_in_the_same_life():
    model = profile("victron-gx-battery")
    meter = Meter(MeterSettings(id="B", bus="b", profile=model.id), model, {})

    def words(poll: int) -> dict[int, int]:
        return words_of({CHARGED: ("H", (65_530 + 2 * poll) % 65_536), DISCHARGED: ("H", 5)})

    found = polls(meter, words, 61, timedelta(minutes=1))
    charged = meter.memory()["1-0:1.8.0"]
    assert charged.wh == (65_530 + 120) * 100
    assert (charged.wraps, charged.step) == (1, Decimal(100))
    events = [event for one in found for event in one.events if event.name == "counter_rolled_over"]
    assert [(e.fields["shown_before"], e.fields["shown"], e.fields["modulus"]) for e in events] == [
        ("6553400", "200", "6553600")
    ]
    stands = [one for f in found for one in f.stands if one.register == "1-0:1.8.0"]
    assert [one.wh for one in stands] == [6_553_000, 6_565_000]
    assert len({one.epoch for one in stands}) == 1


def test_each_service_has_a_unit_id_of_its_own():
    assert [profile(f"victron-gx-{part}").transport.unit for part in ("grid", "pvinverter", "battery")] == [30, 20, 225]
