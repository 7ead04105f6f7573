"""Slaves that answer late at random, on real lines."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time

from gateway.bus import Bus
from gateway.config import BusSettings
from gateway.failure import Failure
from gateway.links.modbus import ModbusLink
from gateway.profile import Block, Transport
from runtime.clock import SystemClock
from tests.gateway.lines import HandMadeConverter, HandMadeSlave, answer

FACTORY = Transport(baud=9600, parity="N", stop_bits=1)


def a_bus(**settings) -> Bus:
    made = BusSettings(**{"id": "b", "timeout_s": 1} | settings)
    return Bus("b", ModbusLink(made, FACTORY), made.where, SystemClock())


def block(address: int, count: int = 2) -> Block:
    return Block(4, address, count, ())


async def patiently(bus: Bus, unit: int, wanted: Block):
    """Read when the unit may be asked."""
    await asyncio.sleep(max(0.0, bus.rests_until_s(unit) - time.monotonic()))
    return await bus.read(unit, wanted)


def words(address: int, count: int) -> tuple[int, ...]:
    return tuple(range(address, address + count))


async def late_sequence(kind: str, seed: int, timeout_s: float = 0.08) -> tuple[int, int]:
    """Values that were booked, and those under another register or unit, of slaves that answer late at random."""
    chance = random.Random(seed)
    busy = {1: asyncio.Lock(), 2: asyncio.Lock()}

    async def reply(slave, unit, _function, address, count):
        delay = chance.uniform(0.2, 3.0) * timeout_s if chance.random() < 0.25 else 0
        async with busy[unit] if seed % 2 else contextlib.AsyncExitStack():
            await asyncio.sleep(delay)
            slave.write(answer(unit, [256 * unit + word for word in words(address, count)]))

    async with contextlib.AsyncExitStack() as stack:
        if kind == "serial":
            slave = HandMadeSlave(reply)
            stack.callback(slave.close)
            bus = a_bus(link=kind, device=slave.device, timeout_s=timeout_s, baud=115200)
        else:
            port = await stack.enter_async_context(HandMadeConverter(reply).serving())
            bus = a_bus(link=kind, host="127.0.0.1", port=port, timeout_s=timeout_s, baud=115200)
        stack.callback(bus.close)
        booked = wrong = 0
        for _ in range(8):
            unit, address = chance.choice((1, 2)), chance.choice((0, 10, 20, 30))
            read = patiently if chance.random() < 0.7 else Bus.read
            found = await read(bus, unit, block(address))
            if not isinstance(found, Failure):
                booked += 1
                wrong += found.words != (256 * unit + address, 256 * unit + address + 1)
        return booked, wrong
