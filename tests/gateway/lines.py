"""Serial lines without hardware: ptys, a meter written by hand, and pymodbus' own servers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import tty
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal

from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tests.mosquitto import free_port


def crc(frame: bytes) -> bytes:
    """Modbus RTU's check, low byte first."""
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return value.to_bytes(2, "little")


def answer(unit: int, words: list[int], function: int = 4) -> bytes:
    frame = bytes([unit, function, 2 * len(words)]) + b"".join(word.to_bytes(2, "big") for word in words)
    return frame + crc(frame)


class HandMadeSlave:
    """Reads requests of 8 bytes from a pty's master; ``reply(unit, function, address, count)`` writes as it likes."""

    def __init__(self, reply: Callable[[HandMadeSlave, int, int, int, int], Awaitable[None]]) -> None:
        self.master, self._slave = os.openpty()
        tty.setraw(self.master)
        tty.setraw(self._slave)
        self.device = os.ttyname(self._slave)
        self.requests: list[tuple[float, int, int]] = []
        self._reply = reply
        self._buffer = b""
        self._tasks: set[asyncio.Task[None]] = set()
        asyncio.get_running_loop().add_reader(self.master, self._read)

    def _read(self) -> None:
        self._buffer += os.read(self.master, 256)
        while len(self._buffer) >= 8:
            frame, self._buffer = self._buffer[:8], self._buffer[8:]
            unit, function, address, count = struct.unpack(">BBHH", frame[:6])
            self.requests.append((asyncio.get_running_loop().time(), unit, address))
            task = asyncio.ensure_future(self._reply(self, unit, function, address, count))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def write(self, data: bytes) -> None:
        os.write(self.master, data)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.master)
        for task in self._tasks:
            task.cancel()
        os.close(self.master)
        os.close(self._slave)


class HandMadeConverter:
    """The same slave behind a converter: RTU frames on a socket. What comes late goes to whoever is connected then."""

    def __init__(self, reply: Callable[[HandMadeConverter, int, int, int, int], Awaitable[None]]) -> None:
        self.requests: list[tuple[float, int, int]] = []
        self.connections = 0
        self._reply = reply
        self._writer: asyncio.StreamWriter | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            if self._writer:
                self._writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writer = writer
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                unit, function, address, count = struct.unpack(">BBHH", (await reader.readexactly(8))[:6])
                self.requests.append((asyncio.get_running_loop().time(), unit, address))
                task = asyncio.ensure_future(self._reply(self, unit, function, address, count))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        writer.close()

    def write(self, data: bytes) -> None:
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(data)


@contextlib.asynccontextmanager
async def pty_line() -> AsyncIterator[tuple[str, str]]:
    """Two serial devices joined as by a wire."""
    pairs = [os.openpty(), os.openpty()]
    loop = asyncio.get_running_loop()
    for master, slave in pairs:
        tty.setraw(master)
        tty.setraw(slave)
    (one, _), (other, _) = pairs
    loop.add_reader(one, lambda: os.write(other, os.read(one, 4096)))
    loop.add_reader(other, lambda: os.write(one, os.read(other, 4096)))
    try:
        yield os.ttyname(pairs[0][1]), os.ttyname(pairs[1][1])
    finally:
        for master, slave in pairs:
            loop.remove_reader(master)
            os.close(master)
            os.close(slave)


def float_words(number: float) -> list[int]:
    high, low = struct.unpack(">HH", struct.pack(">f", number))
    return [high, low]


class Sdm630:
    """The energies of one simulated meter, in kWh; other addresses hold zeros."""

    def __init__(self, unit: int = 1, **kwh: float) -> None:
        self.unit = unit
        self.kwh = {"imported": 0.0, "exported": 0.0, "reactive_in": 0.0, "reactive_out": 0.0} | kwh
        self.reads = 0
        self.delay_s = 0.0

    def set_wh(self, wh: Decimal | int) -> None:
        self.kwh["imported"] = float(wh) / 1000

    def words(self) -> list[int]:
        order = ("imported", "exported", "reactive_in", "reactive_out")
        return [word for name in order for word in float_words(self.kwh[name])]

    def device(self) -> SimDevice:
        async def act(_function, start, address, count, registers, _values):
            self.reads += 1
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            registers[0x48 - start : 0x50 - start] = self.words()

        data = SimData(0, values=[0] * 200, datatype=DataType.REGISTERS)
        return SimDevice(id=self.unit, simdata=[data], action=act)


@contextlib.asynccontextmanager
async def tcp_meters(
    *meters: Sdm630, port: int | None = None, framer: FramerType = FramerType.SOCKET
) -> AsyncIterator[int]:
    """A Modbus TCP server with these meters; unit ids that aren't there stay silent. ``RTU``: in a serial line's frames."""
    port = port or free_port()
    ids = {meter.unit for meter in meters}
    server = ModbusTcpServer(
        [meter.device() for meter in meters],
        address=("127.0.0.1", port),
        framer=framer,
        trace_pdu=lambda sending, pdu: pdu if sending or pdu.dev_id in ids else None,
    )
    task = asyncio.create_task(server.serve_forever())
    await asyncio.sleep(0.05)
    try:
        yield port
    finally:
        await server.shutdown()
        await task


@contextlib.asynccontextmanager
async def serial_meters(*meters: Sdm630) -> AsyncIterator[str]:
    """A Modbus RTU server on a pty pair; gives the device for the other side."""
    async with pty_line() as (ours, theirs):
        ids = {meter.unit for meter in meters}
        server = ModbusSerialServer(
            [meter.device() for meter in meters],
            framer=FramerType.RTU,
            port=theirs,
            baudrate=9600,
            trace_pdu=lambda sending, pdu: pdu if sending or pdu.dev_id in ids else None,
        )
        task = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(0.05)
        try:
            yield ours
        finally:
            await server.shutdown()
            await task
