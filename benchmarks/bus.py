"""The gateway's bus beside the limits of a 9600-baud line and beside bare pymodbus, in one run.

``SEQUENCES=10000`` makes the run of late answers on real lines longer (about twenty minutes).
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import socket
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from gateway.bus import Bus
from gateway.config import BusSettings
from gateway.failure import Failure
from gateway.links.modbus import ModbusLink
from gateway.profile import Block, Limits, Register, RegisterRole, Transport, blocks
from gateway.words import WordType
from runtime.clock import SystemClock, monotonic_s
from runtime.log import LogSettings, configure
from simulators.servers.modbus import Answer, answer_pdu, silence_s
from simulators.servers.strict_line import Tally, strict_line
from simulators.servers.tcp import modbus_tcp
from tests.gateway.late import late_sequence
from tests.gateway.virtual import Slave, VirtualLine, dead_hour, in_virtual_time

BAUD = 9600
FACTORY = Transport(baud=BAUD, parity="N", stop_bits=1)
SECONDS = 6.0
_ROUNDS, _READS = 80, 50
METERS = 32
VALUES = 52
Read = Callable[[int, int, int], Awaitable[bool]]
"""Reads unit, address, count; whether there was an answer."""


def run() -> None:
    configure(LogSettings(level="ERROR"))
    units = dict.fromkeys(range(1, METERS + 1), _answers)
    with strict_line(units, BAUD) as (device, tally):
        for count in (30, 2):
            asyncio.run(_rates(device, tally, count))
        asyncio.run(_round(device))
    _dead()
    asyncio.run(_tcp())
    asyncio.run(_late())


def _answers(request: bytes) -> Answer:
    return Answer(answer_pdu(request, lambda _function, address, count: [*range(address, address + count)]))


@contextlib.asynccontextmanager
async def _bare(device: str, pause_s: float) -> AsyncIterator[Read]:
    client = AsyncModbusSerialClient(device, baudrate=BAUD, timeout=0.3, retries=0)
    await client.connect()

    async def read(unit: int, address: int, count: int) -> bool:
        if pause_s:
            await asyncio.sleep(pause_s)
        with contextlib.suppress(Exception):
            return not (await client.read_input_registers(address, count=count, device_id=unit)).isError()
        return False

    yield read
    client.close()


@contextlib.asynccontextmanager
async def _ours(**settings: object) -> AsyncIterator[Read]:
    made = BusSettings(**({"id": "b", "timeout_s": 1} | settings))
    bus = Bus("b", ModbusLink(made, FACTORY), made.where, SystemClock())

    async def read(unit: int, address: int, count: int) -> bool:
        return not isinstance(await bus.read(unit, Block(4, address, count, ())), Failure)

    yield read
    bus.close()


async def _rates(device: str, tally: Tally, count: int) -> None:
    print(f"a {BAUD}-baud line, {count} registers a request, {SECONDS:g} s each:")
    kinds = {
        "bare pymodbus": _bare(device, 0),
        "pymodbus and a sleep": _bare(device, silence_s(BAUD)),
        "klaster": _ours(link="serial", device=device),
    }
    for name, kind in kinds.items():
        async with kind as read:
            await read(1, 0, count)
            await asyncio.sleep(0.5)
            tally.clear()
            begun, number = monotonic_s(), 0
            while monotonic_s() < begun + SECONDS:
                await read(1 + number % METERS, 10 * number % 1000, count)
                number += 1
            share = tally.ideal_s / (monotonic_s() - begun)
            print(f"  {name}: {share:.1%} of the limit, {tally.violations} of {number} requests broke the silence")
            await asyncio.sleep(0.5)


async def _round(device: str) -> None:
    kind, role, obis = WordType.FLOAT32, RegisterRole.STAND, "1-0:1.8.0"
    registers = [
        Register(name=f"v{n}", role=role, obis=obis, function=4, address=2 * n, type=kind, unit="kWh")
        for n in range(VALUES)
    ]
    wanted = blocks(registers, Limits(registers=60, even_only=True))
    async with _ours(link="serial", device=device) as read:
        begun = monotonic_s()
        for unit in range(1, METERS + 1):
            for block in wanted:
                assert await read(unit, block.address, block.count)
        took = monotonic_s() - begun
    print(f"{VALUES} values of {METERS} meters, {len(wanted)} requests each: {took:.1f} s (13 s at most are wanted)")


def _dead() -> None:
    print(f"an hour of a line with {METERS} meters in virtual time (the gateway's own poller and bus):")
    for count, most in ((1, 0.01), (8, 0.05)):
        for text, died in (("that answered before", True), ("that never answered", False)):
            hour = in_virtual_time(partial(dead_hour, METERS, count, died=died))
            print(f"  {count} dead, {text}: {hour.share:.2%} of the bus's time (at most {most:.0%} is wanted)")
        share = in_virtual_time(partial(_dead_in_a_loop, count))
        print(f"  {count} dead, in a loop that asks all meters by turns: {share:.0%}")


async def _dead_in_a_loop(dead: int) -> float:
    """The share of the time that a bare client's loop with the same time limit spends on dead meters."""
    line, loop = (
        VirtualLine({unit: Slave(silent=unit <= dead) for unit in range(1, METERS + 1)}),
        asyncio.get_running_loop(),
    )
    begun = loop.time()
    while loop.time() < begun + 3600:
        for unit in range(1, METERS + 1):
            await asyncio.sleep(line.silence_s)
            await line.read(unit, Block(4, 0x48, 8, ()), line.timeout_s)
    return sum(line.busy_with[unit] for unit in range(1, dead + 1)) / (loop.time() - begun)


@contextlib.contextmanager
def _tcp_server() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def serve() -> None:
        async with modbus_tcp({1: _answers}, "127.0.0.1", port):
            await asyncio.Event().wait()

    process = multiprocessing.get_context("fork").Process(target=lambda: asyncio.run(serve()), daemon=True)
    process.start()
    try:
        yield port
    finally:
        process.terminate()
        process.join()


async def _tcp() -> None:
    with _tcp_server() as port:
        await asyncio.sleep(1)
        client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=1, retries=0)
        await client.connect()

        async def bare(_unit: int, address: int, count: int) -> bool:
            return not (await client.read_input_registers(address, count=count, device_id=1)).isError()

        async with _ours(link="tcp", host="127.0.0.1", port=port) as ours:
            # By turns and by medians, so that what else the machine does meets both.
            took: dict[str, list[float]] = {"bare": [], "ours": []}
            for _ in range(_ROUNDS):
                for name, read in (("bare", bare), ("ours", ours)):
                    begun = time.perf_counter()
                    for _ in range(_READS):
                        assert await read(1, 0, 2)
                    took[name].append(time.perf_counter() - begun)
        client.close()
    rates = {name: _READS / statistics.median(seconds) for name, seconds in took.items()}
    print(f"one TCP device: {rates['ours']:,.0f} reads/s, bare pymodbus {rates['bare']:,.0f}: "
          f"{rates['ours'] / rates['bare']:.0%} of it (80 % are wanted)")  # fmt: skip


async def _late() -> None:
    sequences = int(os.environ.get("SEQUENCES", "60"))
    for kind in ("serial", "rtu-over-tcp"):
        booked = wrong = 0
        for first in range(0, sequences, 20):
            seeds = range(first, min(first + 20, sequences))
            for good, bad in await asyncio.gather(*(late_sequence(kind, 1_000_000 + seed) for seed in seeds)):
                booked, wrong = booked + good, wrong + bad
        print(f"late answers, {kind}, {sequences:,} random sequences: {booked:,} values booked, {wrong} of them wrong")
