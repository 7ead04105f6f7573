from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import pytest
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from runtime.clock import monotonic_s
from simulators.devices.sdm630 import Sdm630
from simulators.faults import Fault, Kind
from simulators.instrument import Instrument
from simulators.reading import Reading
from simulators.servers.modbus import Units, rtu_frame
from simulators.servers.rtu import serial_line, serve_rtu
from simulators.servers.tcp import modbus_tcp

AT = datetime(2026, 6, 17, tzinfo=UTC)
BAUD = 9600
CHARACTER_S = 11 / BAUD
LATE_S = 0.3


def meter(unit: int, import_wh: int, faults: list[Fault] | None = None) -> Instrument:
    def reading(_: datetime) -> Reading:
        return Reading(import_wh, 2_500, 1000.0)

    return Instrument(Sdm630("1", unit), reading, lambda: AT, lambda: faults[0] if faults else None)


def units(faults: list[Fault] | None = None) -> Units:
    return {1: meter(1, 1_234_567, faults), 2: meter(2, 7_000)}


@contextlib.asynccontextmanager
async def line(path: Path, served: Units) -> AsyncIterator[str]:
    with serial_line(path) as master:
        task = asyncio.create_task(serve_rtu(served, master, BAUD))
        try:
            yield str(path)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@contextlib.asynccontextmanager
async def rtu_client(device: str, patience_s: float = 2) -> AsyncIterator[AsyncModbusSerialClient]:
    client = AsyncModbusSerialClient(device, baudrate=BAUD, timeout=patience_s, retries=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


@contextlib.asynccontextmanager
async def tcp_client(port: int, patience_s: float = 2) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=patience_s, retries=0)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


def kwh(client: AsyncModbusTcpClient | AsyncModbusSerialClient, registers: list[int]) -> float:
    value = client.convert_from_registers(registers, client.DATATYPE.FLOAT32)
    assert isinstance(value, float)
    return value


async def mbpoll(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        "mbpoll",
        "-1",
        "-t",
        "3:float",
        "-B",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_mbpoll_reads_the_tcp_server() -> None:
    async with modbus_tcp(units(), "127.0.0.1", 0) as port:
        code, shown = await mbpoll("-m", "tcp", "-p", str(port), "-a", "1", "-r", "73", "-c", "2", "127.0.0.1")
    assert code == 0
    assert re.findall(r"\[(\d+)\]:\s+([\d.]+)", shown) == [("73", "1234.57"), ("75", "2.5")]


async def test_mbpoll_reads_the_serial_line(tmp_path: Path) -> None:
    async with line(tmp_path / "line", units()) as device:
        code, shown = await mbpoll("-m", "rtu", "-b", "9600", "-P", "none", "-a", "2", "-r", "73", "-c", "2", device)
    assert code == 0
    assert re.findall(r"\[(\d+)\]:\s+([\d.]+)", shown) == [("73", "7"), ("75", "2.5")]


async def test_mbpoll_is_told_of_an_odd_address() -> None:
    async with modbus_tcp(units(), "127.0.0.1", 0) as port:
        code, shown = await mbpoll("-m", "tcp", "-p", str(port), "-a", "1", "-r", "74", "-c", "1", "127.0.0.1")
    assert code != 0
    assert "Illegal data address" in shown


async def test_pymodbus_reads_both_ends_of_a_tcp_connection_at_once() -> None:
    async with modbus_tcp(units(), "127.0.0.1", 0) as port, tcp_client(port) as one, tcp_client(port) as other:
        answers = await asyncio.gather(
            *(client.read_input_registers(72, count=4, device_id=unit) for client, unit in ((one, 1), (other, 2)))
        )
        assert [round(kwh(one, answer.registers[:2]) * 1000) for answer in answers] == [1_234_567, 7_000]


async def test_pymodbus_reads_the_serial_line(tmp_path: Path) -> None:
    async with line(tmp_path / "line", units()) as device, rtu_client(device) as client:
        answer = await client.read_input_registers(72, count=2, device_id=1)
        assert round(kwh(client, answer.registers) * 1000) == 1_234_567
        refused = await client.read_input_registers(73, count=2, device_id=1)
        assert refused.isError()
        assert refused.exception_code == 2


async def test_a_unit_that_is_not_there_is_silent_and_the_next_is_answered(tmp_path: Path) -> None:
    async with line(tmp_path / "line", units()) as device, rtu_client(device, patience_s=0.3) as client:
        with pytest.raises(ModbusIOException):
            await client.read_input_registers(72, count=2, device_id=9)
        assert not (await client.read_input_registers(72, count=2, device_id=2)).isError()
    async with modbus_tcp(units(), "127.0.0.1", 0) as port, tcp_client(port, patience_s=0.3) as client:
        with pytest.raises(ModbusIOException):
            await client.read_input_registers(72, count=2, device_id=9)


async def test_an_answer_takes_the_time_of_its_characters(tmp_path: Path) -> None:
    async with line(tmp_path / "line", units()) as device, rtu_client(device) as client:
        for registers in (2, 60):
            began = monotonic_s()
            answer = await client.read_input_registers(0, count=registers, device_id=1)
            passed = monotonic_s() - began
            assert not answer.isError()
            assert passed >= (8 + 5 + 2 * registers) * CHARACTER_S


async def test_a_damaged_request_is_met_with_silence(tmp_path: Path) -> None:
    async with line(tmp_path / "line", units()) as device:
        reader, writer = await _raw(device)
        good = rtu_frame(1, bytes.fromhex("0400480002"))
        writer.write(good[:-1] + bytes([good[-1] ^ 1]))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.3)
        writer.write(good)
        assert (await asyncio.wait_for(reader.readexactly(9), 2))[:3] == bytes([1, 4, 4])
        writer.close()


async def test_a_request_that_arrives_in_two_pieces_is_answered(tmp_path: Path) -> None:
    async with line(tmp_path / "line", units()) as device:
        reader, writer = await _raw(device)
        good = rtu_frame(1, bytes.fromhex("0400480002"))
        writer.write(good[:3])
        await asyncio.sleep(0.008)
        writer.write(good[3:])
        assert (await asyncio.wait_for(reader.readexactly(9), 2))[:3] == bytes([1, 4, 4])
        writer.close()


async def test_garbage_on_tcp_costs_only_its_own_connection() -> None:
    async with modbus_tcp(units(), "127.0.0.1", 0) as port, tcp_client(port) as client:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()
        assert not (await client.read_input_registers(72, count=2, device_id=1)).isError()


def test_the_link_to_the_line_is_gone_when_the_line_is(tmp_path: Path) -> None:
    with serial_line(tmp_path / "line"):
        assert (tmp_path / "line").is_char_device()
    assert not (tmp_path / "line").is_symlink()


async def test_troubles_are_seen_by_the_client() -> None:
    faults: list[Fault] = []
    async with modbus_tcp(units(faults), "127.0.0.1", 0) as port, tcp_client(port, patience_s=0.5) as client:

        async def words(fault: Fault) -> list[int]:
            faults[:] = [fault]
            answer = await client.read_input_registers(72, count=2, device_id=1)
            return list(answer.registers)

        assert await words(Fault(kind=Kind.ZEROS)) == [0, 0]
        assert await words(Fault(kind=Kind.NAN)) == [0x7FC0, 0]
        began = monotonic_s()
        await words(Fault(kind=Kind.DELAY, seconds=LATE_S))
        assert monotonic_s() - began >= LATE_S
        faults[:] = [Fault(kind=Kind.EXCEPTION)]
        assert (await client.read_input_registers(72, count=2, device_id=1)).exception_code == 4
        assert await words(Fault(kind=Kind.RESET, at=AT)) == [0, 0]
        faults[:] = [Fault(kind=Kind.SILENCE)]
        with pytest.raises(ModbusIOException):
            await client.read_input_registers(72, count=2, device_id=1)
        assert not (await client.read_input_registers(72, count=2, device_id=2)).isError()


async def _raw(device: str) -> tuple[asyncio.StreamReader, asyncio.WriteTransport]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), _opened(device, "rb"))
    transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, _opened(device, "wb"))
    return reader, transport


def _opened(device: str, mode: str) -> IO[bytes]:
    return open(device, mode, buffering=0)
