from __future__ import annotations

import asyncio
import time

from gateway.bus import QUARANTINE_S, Bus
from gateway.config import BusSettings
from gateway.failure import Failure, FailureKind
from gateway.links.modbus import ModbusLink
from gateway.profile import Block, Transport
from runtime.clock import SystemClock
from tests.gateway.lines import HandMadeSlave, Sdm630, answer, serial_meters, tcp_meters
from tests.mosquitto import free_port

FACTORY = Transport(baud=9600, parity="N", stop_bits=1)
ENERGIES = Block(4, 0x48, 8, ())


def a_bus(**settings) -> Bus:
    made = BusSettings(**{"id": "b", "timeout_s": 1} | settings)
    return Bus("b", ModbusLink(made, FACTORY), made.where, SystemClock())


def block(address: int, count: int = 2) -> Block:
    return Block(4, address, count, ())


async def test_a_late_answer_is_never_taken_for_the_next_register():
    values = {0: [111, 111], 10: [222, 222], 20: [20, 20], 30: [30, 30]}

    one_at_a_time = asyncio.Lock()

    async def reply(slave, unit, _function, address, _count):
        async with one_at_a_time:
            await asyncio.sleep(0.36 if address == 0 else 0.01)
            slave.write(answer(unit, values[address]))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.3)
    first = await bus.read(1, block(0))
    assert first == Failure(FailureKind.NO_ANSWER, "within 0.3 s")
    later = [(await bus.read(1, block(address))).words[0] for address in (10, 20, 30)]
    bus.close()
    slave.close()
    assert later == [222, 20, 30]


async def test_bytes_that_still_come_prolong_the_quarantine():
    async def reply(slave, unit, _function, address, _count):
        await asyncio.sleep(0.1 if address == 0 else 0)
        if address == 0:
            await asyncio.sleep(0.55)
        slave.write(answer(unit, [address, address]))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.2)
    await bus.read(1, block(0))
    assert (await bus.read(1, block(10))).words == (10, 10)
    bus.close()
    slave.close()
    late = slave.requests[0][0] + 0.65
    assert slave.requests[1][0] - late >= QUARANTINE_S - 0.05


async def test_an_answer_of_the_wrong_length_is_a_failure_and_costs_a_quarantine():
    async def reply(slave, unit, _function, address, count):
        slave.write(answer(unit, [7] * (count + (1 if address == 0 else 0))))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.3)
    found = await bus.read(1, block(0))
    assert found.kind is FailureKind.WRONG_ANSWER
    begun = time.monotonic()
    assert (await bus.read(1, block(10))).words == (7, 7)
    assert time.monotonic() - begun >= QUARANTINE_S
    bus.close()
    slave.close()


async def test_garbage_and_a_wrong_check_are_no_answers():
    async def reply(slave, unit, _function, address, _count):
        good = answer(unit, [1, 2])
        slave.write({0: b"\x00\xff\x13", 2: good[:-1] + bytes([good[-1] ^ 1]), 4: good[:5]}.get(address, good))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.1)
    for address in (0, 2, 4):
        assert isinstance(await bus.read(1, block(address)), Failure)
    assert (await bus.read(1, block(10))).words == (1, 2)
    bus.close()
    slave.close()


async def test_the_silent_interval_precedes_every_request():
    ended: list[float] = []

    async def reply(slave, unit, _function, address, _count):
        slave.write(answer(unit, [1, 2]))
        ended.append(asyncio.get_running_loop().time())

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device)
    for _ in range(5):
        await bus.read(1, block(0))
    bus.close()
    slave.close()
    pauses = [slave.requests[i + 1][0] - ended[i] for i in range(4)]
    assert min(pauses) >= 3.5 * 11 / 9600


async def test_requests_of_several_meters_go_one_after_the_other():
    busy = 0

    async def reply(slave, unit, _function, _address, _count):
        nonlocal busy
        busy += 1
        assert busy == 1
        await asyncio.sleep(0.02)
        busy -= 1
        slave.write(answer(unit, [unit, unit]))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device)
    found = await asyncio.gather(*(bus.read(unit, block(0)) for unit in range(1, 6)))
    bus.close()
    slave.close()
    assert [one.words[0] for one in found] == [1, 2, 3, 4, 5]


async def test_a_cancelled_request_leaves_no_answer_for_the_next_one():
    async def reply(slave, unit, _function, address, _count):
        await asyncio.sleep(0.15 if address == 0 else 0)
        slave.write(answer(unit, [address, address]))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.5)
    await bus.read(1, block(30))
    first = asyncio.ensure_future(bus.read(1, block(0)))
    await asyncio.sleep(0.05)
    first.cancel()
    found = [await bus.read(1, block(10)) for _ in range(2)]
    bus.close()
    slave.close()
    assert all(isinstance(one, Failure) or one.words == (10, 10) for one in found)
    assert found[-1].words == (10, 10)


async def test_rtu_over_a_pty_against_another_implementation():
    meter = Sdm630(unit=3, imported=1234.567)
    async with serial_meters(meter) as device:
        bus = a_bus(link="serial", device=device)
        found = await bus.read(3, ENERGIES)
        assert found.words == tuple(meter.words())
        assert found.sent <= found.received
        assert (await bus.read(4, ENERGIES)).kind is FailureKind.NO_ANSWER
        assert (await bus.read(3, ENERGIES)).words == tuple(meter.words())
        bus.close()


async def test_tcp_against_another_implementation():
    meter = Sdm630(unit=3, imported=1234.567)
    async with tcp_meters(meter) as port:
        bus = a_bus(link="tcp", host="127.0.0.1", port=port, timeout_s=0.2)
        assert (await bus.read(3, ENERGIES)).words == tuple(meter.words())
        assert (await bus.read(4, ENERGIES)).kind is FailureKind.NO_ANSWER
        assert not bus.status.connected
        assert (await bus.read(3, ENERGIES)).words == tuple(meter.words())
        beyond = await bus.read(3, Block(4, 190, 20, ()))
        assert (beyond.kind, beyond.detail) == (FailureKind.EXCEPTION, "code 2")
        assert bus.status.connected
        bus.close()


async def test_a_late_answer_over_tcp_is_never_taken_for_the_next_register():
    meter = Sdm630(imported=1.0)
    async with tcp_meters(meter) as port:
        bus = a_bus(link="tcp", host="127.0.0.1", port=port, timeout_s=0.2)
        meter.delay_s = 0.3
        assert (await bus.read(1, ENERGIES)).kind is FailureKind.NO_ANSWER
        meter.delay_s = 0
        meter.set_wh(2000)
        assert (await bus.read(1, ENERGIES)).words == tuple(meter.words())
        bus.close()


async def test_a_link_that_is_down_says_so_at_once_and_comes_back_by_itself():
    port = free_port()
    bus = a_bus(link="tcp", host="127.0.0.1", port=port)
    assert (await bus.read(1, ENERGIES)).kind is FailureKind.LINK_DOWN
    assert "doesn't accept" in bus.status.error
    async with tcp_meters(Sdm630(), port=port):
        deadline = time.monotonic() + 5
        while isinstance(await bus.read(1, ENERGIES), Failure):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        assert bus.status.connected
        bus.close()


async def test_a_line_that_is_not_there_and_settings_it_refuses_are_named():
    bus = a_bus(link="serial", device="/dev/klaster-no-such-line")
    assert "/dev/klaster-no-such-line" in (await bus.read(1, ENERGIES)).detail
    async with serial_meters(Sdm630()) as device:
        bus = a_bus(link="serial", device=device, parity="E")
        found = await bus.read(1, ENERGIES)
        assert found.kind is FailureKind.LINK_DOWN, found
        assert "parity" in found.detail
