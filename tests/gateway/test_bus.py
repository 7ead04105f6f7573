from __future__ import annotations

import asyncio
import contextlib
import random
import struct
import time

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient
from pymodbus.exceptions import ModbusException

from gateway.failure import Failure, FailureKind
from gateway.profile import Block
from simulators.faults import damaged
from simulators.servers.modbus import Answer, answer_pdu
from simulators.servers.strict_line import strict_line
from tests.gateway.late import a_bus, block, late_sequence, patiently, words
from tests.gateway.lines import HandMadeSlave, Sdm630, answer, crc, serial_meters, tcp_meters
from tests.mosquitto import free_port

ENERGIES = Block(4, 0x48, 8, ())


async def test_a_late_answer_is_never_taken_for_the_next_register():
    one_at_a_time = asyncio.Lock()

    async def reply(slave, unit, _function, address, count):
        async with one_at_a_time:
            await asyncio.sleep(0.36 if address == 0 else 0.01)
            slave.write(answer(unit, [*words(address, count)]))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.3)
    first = await bus.read(1, block(0))
    assert first == Failure(FailureKind.NO_ANSWER, "within 0.3 s")
    assert (await bus.read(1, block(10))).kind is FailureKind.RESTING
    later = [(await patiently(bus, 1, block(address))).words for address in (10, 20, 30)]
    bus.close()
    slave.close()
    assert later == [words(address, 2) for address in (10, 20, 30)]


async def test_a_unit_that_rests_delays_no_other():
    async def reply(slave, unit, _function, address, count):
        if unit == 2:
            slave.write(answer(unit, [*words(address, count)]))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.5)
    assert (await bus.read(1, block(0))).kind is FailureKind.NO_ANSWER
    assert (await bus.read(2, block(0))).words == (0, 1)
    assert (await bus.read(1, block(0))).kind is FailureKind.RESTING
    bus.close()
    slave.close()
    assert slave.requests[1][0] < slave.requests[0][0] + 1.5


async def test_the_rest_of_a_damaged_answer_is_waited_for():
    ended = 0.0

    async def reply(slave, unit, _function, address, count):
        nonlocal ended
        if unit == 1:
            for _ in range(8):
                slave.write(b"\x00\xff\x13")
                await asyncio.sleep(0.03)
            ended = time.monotonic()
        else:
            slave.write(answer(unit, [*words(address, count)]))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.1)
    assert isinstance(await bus.read(1, block(0)), Failure)
    assert (await bus.read(2, block(10))).words == (10, 11)
    bus.close()
    slave.close()
    assert slave.requests[1][0] >= ended


async def test_an_answer_of_the_wrong_length_is_a_failure_and_the_next_one_is_confirmed():
    odd = [True]

    async def reply(slave, unit, _function, address, count):
        slave.write(answer(unit, [*words(address, count + (1 if odd else 0))]))
        odd.clear()

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.1)
    found = await bus.read(1, block(0))
    assert found.kind is FailureKind.WRONG_ANSWER
    assert (await patiently(bus, 1, block(10))).words == (10, 11)
    assert (await bus.read(1, block(20))).words == (20, 21)
    bus.close()
    slave.close()
    assert [address for _, _, address in slave.requests] == [0, 10, 10, 10, 20]


async def test_garbage_and_a_wrong_check_are_no_answers():
    async def reply(slave, unit, _function, address, count):
        good = answer(unit, [*words(address, count)])
        slave.write({0: b"\x00\xff\x13", 2: good[:-1] + bytes([good[-1] ^ 1]), 4: good[:5]}.get(address, good))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.1)
    for address in (0, 2, 4):
        assert isinstance(await patiently(bus, 1, block(address)), Failure)
    assert (await patiently(bus, 1, block(10))).words == (10, 11)
    bus.close()
    slave.close()


async def test_a_late_answer_that_was_heard_ends_the_rest():
    async def reply(slave, unit, _function, address, count):
        await asyncio.sleep(0.8 if address == 0 else 0)
        slave.write(answer(unit, [*words(address, count)]))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.5)
    assert (await bus.read(1, block(0))).kind is FailureKind.NO_ANSWER
    for number in range(15):
        assert (await bus.read(2, block(10 * number + 10))).words == words(10 * number + 10, 2)
        await asyncio.sleep(0.05)
    assert (await bus.read(1, block(10))).words == (10, 11)
    bus.close()
    slave.close()
    assert next(at for at, unit, address in slave.requests if (unit, address) == (1, 10)) < slave.requests[0][0] + 2


async def test_on_a_disturbed_line_a_damaged_answer_is_asked_for_again_at_once():
    chance = random.Random(7)
    spoilt = 0

    async def reply(slave, unit, _function, address, count):
        nonlocal spoilt
        good = answer(unit, [*words(address, count)])
        if chance.random() < 0.3:
            spoilt += 1
            good = damaged(chance, good, len(good))
        slave.write(good)

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.1)
    found = [await patiently(bus, 1, block(10 * number)) for number in range(60)]
    bus.close()
    slave.close()
    read = [number for number, one in enumerate(found) if not isinstance(one, Failure)]
    assert all(found[number].words == words(10 * number, 2) for number in read)
    assert spoilt > 20
    assert len(read) >= 45


@pytest.mark.parametrize("in_pieces", [False, True])
async def test_a_glitch_and_an_echo_before_the_answer_cost_nothing(in_pieces):
    async def reply(slave, unit, function, address, count):
        request = struct.pack(">BBHH", unit, function, address, count)
        before = {0: b"\x00", 10: b"\xff\x04\x04", 20: request + crc(request), 30: b"\x01\x00"}[address]
        for piece in (before, answer(unit, [*words(address, count)])) if in_pieces else [b""]:
            slave.write(piece)
            await asyncio.sleep(0.02)
        if not in_pieces:
            slave.write(before + answer(unit, [*words(address, count)]))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.3)
    for count in (1, 2, 8):
        for address in (0, 10, 20, 30):
            found = await bus.read(4, block(address, count))
            assert found.words == words(address, count), (count, address)
    bus.close()
    slave.close()
    assert len(slave.requests) == 12


async def test_a_confirmed_exception_is_an_answer():
    late = [0.25]

    async def reply(slave, unit, function, address, count):
        await asyncio.sleep(late.pop() if late else 0)
        refusal = bytes([unit, function | 0x80, 2])
        slave.write(refusal + crc(refusal) if address == 10 else answer(unit, [*words(address, count)]))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.1)
    assert isinstance(await bus.read(1, block(0)), Failure)
    assert await patiently(bus, 1, block(10)) == Failure(FailureKind.EXCEPTION, "code 2", 2)
    assert (await bus.read(1, block(20))).words == (20, 21)
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


async def test_a_line_that_keeps_its_time_drops_none_of_our_requests_and_every_second_of_a_client_without_silence():
    def answers(request: bytes) -> Answer:
        return Answer(answer_pdu(request, lambda _function, address, count: words(address, count)))

    with strict_line({1: answers, 2: answers}, 9600) as (device, tally):
        bus = a_bus(link="serial", device=device)
        for number in range(30):
            found = await bus.read(1 + number % 2, block(10 * number, 2 + number % 3))
            assert found.words == words(10 * number, 2 + number % 3)
        bus.close()
        assert (tally.violations, tally.answered) == (0, 30)
        client = AsyncModbusSerialClient(device, baudrate=9600, timeout=0.1, retries=0)
        await client.connect()
        for _ in range(6):
            with contextlib.suppress(ModbusException):
                await client.read_input_registers(0, count=2, device_id=1)
        client.close()
        assert tally.violations > 0


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
    async def reply(slave, unit, _function, address, count):
        await asyncio.sleep(0.15 if address == 0 else 0)
        slave.write(answer(unit, [*words(address, count)]))

    slave = HandMadeSlave(reply)
    bus = a_bus(link="serial", device=slave.device, timeout_s=0.3)
    await bus.read(1, block(30))
    first = asyncio.ensure_future(bus.read(1, block(0)))
    await asyncio.sleep(0.05)
    first.cancel()
    await asyncio.sleep(0)
    assert (await bus.read(1, block(10))).kind is FailureKind.RESTING
    assert (await patiently(bus, 1, block(10))).words == (10, 11)
    bus.close()
    slave.close()


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


async def test_rtu_over_tcp_against_another_implementation():
    meters = Sdm630(unit=3, imported=1234.567), Sdm630(unit=5, imported=7.0)
    async with tcp_meters(*meters, framer=FramerType.RTU) as port:
        bus = a_bus(link="rtu-over-tcp", host="127.0.0.1", port=port, timeout_s=0.2)
        for meter in meters:
            assert (await bus.read(meter.unit, ENERGIES)).words == tuple(meter.words())
        for unit, connected in ((4, True), (6, False)):
            assert (await bus.read(unit, ENERGIES)).kind is FailureKind.NO_ANSWER
            assert bus.status.connected is connected
        assert (await bus.read(3, ENERGIES)).words == tuple(meters[0].words())
        bus.close()


@pytest.mark.parametrize("kind", ["serial", "rtu-over-tcp"])
async def test_random_late_answers_on_a_real_line_book_nothing_under_another_register_or_unit(kind):
    """The sequences of test_stale.py through the real link; the longer run is ``benchmarks/bus.py``'s."""
    booked = 0
    for _ in range(3):  # on a machine that stands still for some seconds every answer is too late
        tallies = await asyncio.gather(*(late_sequence(kind, seed) for seed in range(30)))
        assert sum(wrong for _, wrong in tallies) == 0
        if (booked := sum(one for one, _ in tallies)) > 60:
            break
    assert booked > 60


async def test_damaged_tcp_frames_fail_one_read_and_renew_the_connection(caplog):
    spoilt = [
        lambda good: good[:2] + b"\x00\x07" + good[4:],
        lambda good: good[:4] + b"\x00\x02" + good[6:],
        lambda good: good[:7] + b"\x55" + good[8:],
        lambda good: good[:8] + b"\xff" + good[9:],
        lambda good: good[:4] + b"\x00\x00" + good[6:],
        lambda good: good[:7] + b"\x2b\x0e" + good[9:],
        lambda good: good[:5],
        lambda _: random.Random(1).randbytes(300),
    ]
    connections = 0

    async def talk(reader, writer):
        nonlocal connections
        connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head, request = await reader.readexactly(7), await reader.readexactly(5)
                address = int.from_bytes(request[1:3])
                good = head[:4] + b"\x00\x07" + head[6:7] + b"\x04\x04" + address.to_bytes(2) * 2
                writer.write(spoilt[address](good) if address < len(spoilt) else good)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    bus = a_bus(link="tcp", host="127.0.0.1", port=server.sockets[0].getsockname()[1], timeout_s=0.1)
    for address in range(len(spoilt)):
        assert isinstance(await bus.read(1, block(address)), Failure), address
        assert (await bus.read(1, block(99))).words == (99, 99), address
    bus.close()
    server.close()
    assert connections == 1 + len(spoilt)
    assert [one.getMessage() for one in caplog.records if one.name == "asyncio"] == []


async def test_a_host_that_breaks_the_connection_is_noticed_before_the_time_limit():
    async def talk(reader, writer):
        await reader.readexactly(12)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    bus = a_bus(link="tcp", host="127.0.0.1", port=server.sockets[0].getsockname()[1], timeout_s=30)
    async with asyncio.timeout(10):
        assert (await bus.read(1, block(0))).kind is FailureKind.LINK_DOWN
    bus.close()
    server.close()
