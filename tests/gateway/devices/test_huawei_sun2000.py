from __future__ import annotations

from itertools import islice

import pytest

from tests.gateway.devices.served import numbers, read_once


@pytest.mark.parametrize("seed", range(2))
async def test_yield_is_hundredths_of_a_kwh(seed):
    (raw,) = islice(numbers(2**32 - 2, seed), seed, seed + 1)
    assert await read_once("huawei-sun2000", {32106: ("I", raw)}, 1) == {"1-0:2.8.0": raw * 10}


async def test_the_grid_meters_positive_energy_is_export_and_its_sign_is_dropped():
    facts = {37119: ("i", -123_456), 37121: ("i", 2**31 - 2)}
    assert await read_once("huawei-sun2000-grid", facts, 2) == {"1-0:2.8.0": 1_234_560, "1-0:1.8.0": (2**31 - 2) * 10}


async def test_the_largest_number_of_a_type_means_no_value():
    facts = {37119: ("i", 2**31 - 1), 37121: ("i", 7)}
    assert await read_once("huawei-sun2000-grid", facts, 1) == {"1-0:1.8.0": 70}
    facts = {37780: ("I", 2**32 - 1), 37782: ("I", 250)}
    assert await read_once("huawei-sun2000-battery", facts, 1) == {"1-0:2.8.0": 2500}
