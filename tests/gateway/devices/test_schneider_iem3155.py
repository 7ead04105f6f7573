from __future__ import annotations

from itertools import islice

import pytest

from gateway.profile import profile
from tests.gateway.devices.served import numbers, read_once

# Document numbers 3204, 3208, 3220, 3224: 64-bit integers in Wh and varh.
IMPORT, EXPORT, REACTIVE_IN, REACTIVE_OUT = 3203, 3207, 3219, 3223
ABSENT = -(2**63)


@pytest.mark.parametrize("seed", range(3))
async def test_energies_are_whole_wh_to_the_last_digit(seed):
    imported, exported, reactive_in, reactive_out = islice(numbers(10**13 - 1, seed, 10**9), seed, seed + 4)
    facts = {
        IMPORT: ("q", imported),
        EXPORT: ("q", exported),
        REACTIVE_IN: ("q", reactive_in),
        REACTIVE_OUT: ("q", reactive_out),
    }
    assert await read_once("schneider-iem3155", facts, 4) == {
        "1-0:1.8.0": imported, "1-0:2.8.0": exported, "1-0:3.8.0": reactive_in, "1-0:4.8.0": reactive_out,
    }  # fmt: skip


async def test_what_the_meter_does_not_measure_is_absent_and_never_a_number():
    facts = {IMPORT: ("q", 5), EXPORT: ("q", ABSENT), REACTIVE_IN: ("q", -1), REACTIVE_OUT: ("q", ABSENT)}
    assert await read_once("schneider-iem3155", facts, 1) == {"1-0:1.8.0": 5}


def test_it_leaves_the_factory_with_even_parity():
    assert (profile("schneider-iem3155").transport.baud, profile("schneider-iem3155").transport.parity) == (19200, "E")
