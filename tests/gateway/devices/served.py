"""Registers packed by struct, served by pymodbus over a socket, and read by the gateway's own link, bus and poller."""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from gateway.bus import Bus
from gateway.config import BusSettings, MeterSettings
from gateway.links.modbus import ModbusLink
from gateway.meter import Findings, Meter
from gateway.poller import Poller
from gateway.profile import profile
from runtime.clock import SystemClock
from tests.gateway.fake_central import until
from tests.mosquitto import free_port

Facts = dict[int, tuple[str, object]]
"""Address on the wire to struct format (big-endian) and raw number."""


def words_of(facts: Facts) -> dict[int, int]:
    made: dict[int, int] = {}
    for address, (code, raw) in facts.items():
        packed = struct.pack(f">{code}", raw)
        made |= {address + i: word for i, word in enumerate(struct.unpack(f">{len(packed) // 2}H", packed))}
    return made


@contextlib.asynccontextmanager
async def served(unit: int, words: dict[int, int]) -> AsyncIterator[int]:
    """A device that knows these words alone; ``words`` may change meanwhile."""
    starts = [one for one in sorted(words) if one - 1 not in words]

    async def act(_function, start, address, count, registers, _values):
        for at in range(address, address + count):
            registers[at - start] = words[at]

    def run_of(start: int) -> list[int]:
        end = start
        while end in words:
            end += 1
        return [0] * (end - start)

    data = [SimData(start, values=run_of(start), datatype=DataType.REGISTERS) for start in starts]
    port = free_port()
    server = ModbusTcpServer([SimDevice(id=unit, simdata=data, action=act)], address=("127.0.0.1", port))
    task = asyncio.create_task(server.serve_forever())
    await asyncio.sleep(0.05)
    try:
        yield port
    finally:
        await server.shutdown()
        await task


class Kept:
    """Stands where the recorder would: keeps what the poller hands on."""

    def __init__(self) -> None:
        self.polls = 0
        self.events: list[tuple[str, dict[str, str]]] = []

    async def keep(self, _meter: Meter, found: Findings) -> None:
        self.polls += 1
        self.events += [(event.name, event.fields) for event in found.events]


class Reader:
    """A poller of one meter of that profile."""

    def __init__(self, name: str, port: int, **settings) -> None:
        model = profile(name)
        bus = BusSettings(id="b", link="tcp", host="127.0.0.1", port=port)
        self.meter = Meter(MeterSettings(id="M1", bus="b", profile=name, every_s=1, **settings), model, {})
        self.kept = Kept()
        link = ModbusLink(bus, model.transport)
        self.poller = Poller(Bus("b", link, bus.where, SystemClock()), [self.meter], self.kept, SystemClock())

    @property
    def shown(self) -> dict[str, Decimal]:
        return {code: last.wh for code, last in self.meter.memory().items()}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.poller.run())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def read_once(name: str, facts: Facts, codes: int, *, unit: int | None = None) -> dict[str, Decimal]:
    """What the first poll makes of these registers: OBIS code to Wh; fails unless ``codes`` values are believed."""
    async with served(unit if unit is not None else profile(name).transport.unit, words_of(facts)) as port:
        reader = Reader(name, port)
        async with reader.running():
            await until(lambda: len(reader.shown) >= codes and reader.poller.meter_statuses[0].last_read)
            await until(lambda: reader.kept.polls >= 2)
            return reader.shown


def numbers(most: int, seed: int, least: int = 0) -> Iterator[int]:
    """Limits first, then random ones."""
    made = random.Random(seed)
    yield from (least, most)
    while True:
        yield made.randint(least, most)


def polls(meter: Meter, words: Callable[[int], dict[int, int]], count: int, every: timedelta) -> list[Findings]:
    """Polls of a meter without a wire: ``words(n)`` are the registers at poll n."""
    from gateway.observation import Answer

    found = []
    for number in range(count):
        at = datetime(2026, 10, 1, 12, tzinfo=UTC) + number * every
        block = meter.first_block()
        while block is not None:
            answer = Answer(tuple(words(number)[block.address + i] for i in range(block.count)), at, at)
            heard = meter.take(block, answer)
            found.append(heard)
            if heard.again:
                found.append(meter.take_again(block, answer))
            block = heard.next
    return found
