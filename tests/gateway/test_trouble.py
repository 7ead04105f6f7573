"""Lines that are wrong in the ways that lines are, on ptys through the real bus; the rules must tell which."""

from __future__ import annotations

import asyncio
import random
import struct
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rtu_frames import frame_size
from gateway.tally import Ending, Tally, ending
from gateway.tools.trouble import Pattern, suspicions
from runtime.clock import monotonic_s
from simulators.faults import damaged
from tests.gateway.late import a_bus, block, patiently
from tests.gateway.lines import HandMadeSlave, answer, crc


async def counted(reply, units=(1, 2), polls: int = 6, timeout_s: float = 0.15) -> dict[int, Counter[Ending]]:
    """How the bus's requests to these units end on a line that answers so."""
    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=timeout_s)
    try:
        for _ in range(polls):
            for unit in units:
                await patiently(bus, unit, block(0, 4))
        await bus.read(units[0], block(0, 4))
    finally:
        bus.close()
        slave.close()
    counts: dict[int, Counter[Ending]] = {}
    for (unit, how), count in bus.tally.recent(monotonic_s()).items():
        counts.setdefault(unit, Counter())[how] += count
    return counts


def causes(counts, **known) -> list[tuple[str, int | None]]:
    return [(one.cause, one.unit) for one in suspicions(Pattern(True, counts, **known))]


def good(unit: int, count: int) -> bytes:
    return answer(unit, [unit] * count)


async def test_a_line_that_works_raises_no_suspicion():
    async def reply(slave, unit, _function, _address, count):
        slave.write(good(unit, count))

    counts = await counted(reply, timeout_s=1.0)
    assert counts[1][Ending.ANSWERED] >= 6
    assert causes(counts) == []


async def test_a_line_on_which_nobody_answers():
    async def reply(*_):
        pass

    assert causes(await counted(reply)) == [("nobody answers", None)]


async def test_one_silent_unit_while_the_line_works():
    async def reply(slave, unit, _function, _address, count):
        if unit == 1:
            slave.write(good(unit, count))

    assert causes(await counted(reply)) == [("unit silent", 2)]


async def test_an_adapter_that_hears_itself():
    async def reply(slave, unit, function, address, count):
        request = struct.pack(">BBHH", unit, function, address, count)
        slave.write(request + crc(request))

    assert causes(await counted(reply)) == [("echo", None)]


async def test_noise_alone_means_speed_or_parity():
    lot = random.Random(7)

    async def reply(slave, *_):
        slave.write(bytes(lot.choice((0x00, 0x80, 0xF8, 0xFE)) for _ in range(9)))

    assert causes(await counted(reply)) == [("speed or parity", None)]


async def test_answers_that_break_off_mean_the_direction_or_the_latency_timer():
    lot = random.Random(3)

    async def reply(slave, unit, _function, _address, count):
        frame = good(unit, count)
        slave.write(frame[:6] if lot.random() < 0.5 else frame)

    counts = await counted(reply, polls=10)
    assert causes(counts) == [("direction", None)]
    assert causes(counts, latency_ms=16) == [("latency timer", None)]
    assert causes(counts, latency_ms=1) == [("direction", None)]


async def test_damage_on_all_units_means_termination():
    lot = random.Random(11)

    async def reply(slave, unit, _function, _address, count):
        frame = good(unit, count)
        slave.write(damaged(lot, frame, 200) if lot.random() < 0.3 else frame)

    assert causes(await counted(reply, polls=15)) == [("termination", None)]


async def test_two_devices_with_one_unit_id():
    async def reply(slave, unit, _function, _address, count):
        frame = good(unit, count)
        if unit == 2:
            # Both drive the line at once, and their registers differ.
            frame = frame[:3] + bytes(a | b for a, b in zip(frame[3:], answer(unit, [0x1234] * count)[3:], strict=True))
        slave.write(frame)

    assert causes(await counted(reply)) == [("address clash", 2)]


async def test_a_unit_that_answers_too_late():
    async def reply(slave, unit, _function, _address, count):
        if unit == 2:
            await asyncio.sleep(0.35)
        slave.write(good(unit, count))

    assert causes(await counted(reply, timeout_s=0.25)) == [("time limit", 2)]


async def test_another_master_on_the_line():
    async def reply(slave, unit, _function, _address, count):
        slave.write(answer(9, [1, 2]))
        await asyncio.sleep(0.02)
        slave.write(good(unit, count))

    assert causes(await counted(reply, timeout_s=0.5)) == [("second master", None)]


async def test_a_device_that_refuses_everything_is_another_model():
    async def reply(slave, unit, function, _address, count):
        if unit == 1:
            slave.write(good(unit, count))
            return
        frame = bytes((unit, function | 0x80, 2))
        slave.write(frame + crc(frame))

    assert causes(await counted(reply, timeout_s=0.5)) == [("wrong model", 2)]


def test_a_line_that_cannot_be_opened():
    assert causes({1: Counter({Ending.LINK_DOWN: 9})}) == [("line", None)]


def test_few_requests_prove_nothing():
    assert causes({1: Counter({Ending.SILENT: 4})}) == []


@given(st.dictionaries(st.integers(1, 5), st.dictionaries(st.sampled_from(Ending), st.integers(0, 300)), max_size=4))
def test_every_pattern_is_judged_and_every_suspicion_tells_the_way_out(counts):
    for serial in (True, False):
        for one in suspicions(Pattern(serial, {unit: Counter(each) for unit, each in counts.items()}, latency_ms=16)):
            assert one.cause
            assert one.because
            assert one.way_out


@given(st.binary(max_size=300))
def test_no_bytes_confuse_the_sorting(heard):
    request = struct.pack(">BBHH", 1, 4, 0x48, 8)
    from gateway.failure import Failure, FailureKind

    how = ending(Failure(FailureKind.NO_ANSWER), 1, request + crc(request), heard, serial=True)
    assert (how is Ending.SILENT) == (not heard)
    assert frame_size(heard) <= len(heard)


def test_the_tally_forgets_what_is_older_than_an_hour():
    tally = Tally()
    for minute in range(0, 180, 5):
        tally.note(1, Ending.ANSWERED if minute >= 120 else Ending.SILENT, 0.1, 60.0 * minute)
    assert set(tally.recent(60.0 * 179)) == {(1, Ending.ANSWERED)}
    assert tally.total[Ending.SILENT] == 24
    assert tally.busy_s == pytest.approx(3.6)
