from __future__ import annotations

from itertools import islice

import pytest

from tests.gateway.devices.served import numbers, read_once


@pytest.mark.parametrize("seed", range(2))
async def test_battery_and_grid_meter_are_read_with_their_own_scales(seed):
    one, other = islice(numbers(2**32 - 1, seed), seed, seed + 2)
    facts = {288: ("I", one), 290: ("I", other)}
    assert await read_once("alphaess-battery", facts, 2) == {"1-0:1.8.0": one * 100, "1-0:2.8.0": other * 100}
    facts = {16: ("I", one), 18: ("I", other)}
    assert await read_once("alphaess-grid", facts, 2) == {"1-0:2.8.0": one * 10, "1-0:1.8.0": other * 10}
