from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket

import pytest

from gateway import service
from gateway.config import read
from gateway.places import SocketPath
from tests.gateway.lines import Sdm630, serial_meters, tcp_meters
from tests.gateway.test_service import running, tcp_bus, write_config
from tests.mosquitto import free_port


@contextlib.asynccontextmanager
async def a_gateway(folder, *meters: Sdm630, extra: str = ""):
    async with tcp_meters(*meters) as port:
        buses = tcp_bus(port, every=1)
        file = write_config(folder, free_port(), buses + extra, None)
        async with running(file):
            sock = folder / "data" / "control.sock"
            async with asyncio.timeout(20):
                while not await listens(sock):
                    await asyncio.sleep(0.02)
            yield sock


async def listens(sock) -> bool:
    try:
        with SocketPath(sock) as name:
            _, writer = await asyncio.open_unix_connection(name)
    except OSError:
        return False
    writer.close()
    return True


class Tool:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    @contextlib.asynccontextmanager
    async def at(cls, sock):
        reader, writer = await asyncio.open_unix_connection(str(sock), limit=1 << 20)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()

    async def raw(self, line: bytes) -> dict:
        self.writer.write(line + b"\n")
        return json.loads(await asyncio.wait_for(self.reader.readline(), 20))

    async def ask(self, op: str, **fields) -> dict:
        return await self.raw(json.dumps({"op": op, **fields}).encode())


async def test_a_tool_reads_registers_and_any_function_in_its_turn(tmp_path):
    async with a_gateway(tmp_path, Sdm630(imported=1234.0)) as sock, Tool.at(sock) as tool:
        words = await tool.ask("block", bus="lan", unit=1, function=4, address=0x48, count=2)
        assert (words["is"], words["words"]) == ("words", [0x449A, 0x4000])
        raw = await tool.ask("raw", bus="lan", unit=1, pdu="0400480002")
        assert raw == {"is": "bytes", "pdu": "0404449a4000"}
        failed = await tool.ask("block", bus="lan", unit=7, function=4, address=0, count=2)
        assert (failed["is"], failed["kind"]) == ("failed", "no answer")
        report = (await tool.ask("report"))["report"]
        assert report["gateway"] == "g1"
        assert report["buses"][0]["endings"]["answered"] >= 2
        assert report["buses"][0]["recent"]["7"] == {"silent": 1}


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{", b"null", b"[]", b'{"op":"stop"}', b'{"op":"block"}', b"\xff\xfe", b'{"op":"report","more":1}',
        b'{"op":"block","bus":"lan","unit":248,"function":4,"address":0,"count":1}',
        b'{"op":"block","bus":"lan","unit":1,"function":6,"address":0,"count":1}',
        b'{"op":"block","bus":"lan","unit":1,"function":4,"address":0,"count":126}',
        b'{"op":"raw","bus":"lan","unit":1,"pdu":"0"}', b'{"op":"raw","bus":"lan","unit":1,"pdu":"00"}',
        b'{"op":"raw","bus":"lan","unit":1,"pdu":"0600010002"}', b'{"op":"raw","bus":"lan","unit":1,"pdu":"84"}',
        b'{"op":"raw","bus":"x","unit":1,"pdu":"0400000001"}', b"[" * 4000, b'{"op":"replay"}',
        b'{"op":"replay","first":"yesterday"}',
    ],
)  # fmt: skip
async def test_what_is_no_request_is_refused_and_the_next_one_answered(tmp_path, line):
    async with a_gateway(tmp_path, Sdm630()) as sock, Tool.at(sock) as tool:
        answer = await tool.raw(line)
        assert answer["is"] == "refused"
        assert answer["reason"]
        assert (await tool.ask("report"))["is"] == "report"


async def test_noise_and_endless_lines_end_only_their_own_connection(tmp_path):
    meter, lot = Sdm630(), random.Random(1)
    async with a_gateway(tmp_path, meter) as sock:
        before = meter.reads
        for _ in range(30):
            async with Tool.at(sock) as noisy:
                noisy.writer.write(lot.randbytes(lot.randrange(1, 9000)))
                with contextlib.suppress(OSError):
                    await noisy.writer.drain()
        async with Tool.at(sock) as endless:
            endless.writer.write(b"x" * 100_000)
            assert await asyncio.wait_for(endless.reader.read(), 20) == b""
        async with Tool.at(sock) as tool:
            assert (await tool.ask("report"))["is"] == "report"
        async with asyncio.timeout(20):
            while meter.reads <= before:
                await asyncio.sleep(0.05)


async def test_one_tool_at_a_time_holds_a_bus(tmp_path):
    async with a_gateway(tmp_path, Sdm630()) as sock, Tool.at(sock) as other:
        wanted = {"bus": "lan", "unit": 1, "function": 4, "address": 0, "count": 2}
        async with Tool.at(sock) as first:
            assert (await first.ask("block", **wanted))["is"] == "words"
            assert "another tool" in (await other.ask("block", **wanted))["reason"]
        for _ in range(100):
            if (await other.ask("block", **wanted))["is"] == "words":
                break
            await asyncio.sleep(0.05)
        assert (await other.ask("block", **wanted))["is"] == "words"


async def test_more_connections_than_are_allowed_are_closed_at_once(tmp_path):
    async with a_gateway(tmp_path, Sdm630()) as sock, contextlib.AsyncExitStack() as stack:
        tools = [await stack.enter_async_context(Tool.at(sock)) for _ in range(8)]
        for tool in tools:
            assert (await tool.ask("report"))["is"] == "report"
        ninth = await stack.enter_async_context(Tool.at(sock))
        assert await asyncio.wait_for(ninth.reader.read(), 20) == b""


async def test_a_tool_that_asks_dead_units_without_a_pause_delays_no_poll_for_long(tmp_path):
    meter = Sdm630()
    async with a_gateway(tmp_path, meter) as sock, Tool.at(sock) as tool:
        loop = asyncio.get_running_loop()
        before, begun = meter.reads, loop.time()
        for unit in range(20, 28):
            answer = await tool.ask("block", bus="lan", unit=unit, function=4, address=0, count=2)
            assert answer["is"] == "failed"
        seconds = loop.time() - begun
        # Each of its requests waits half a second for nothing; a poll is due each second, and comes before the next.
        assert meter.reads - before >= seconds / 3


async def test_the_broadcast_of_a_serial_line_is_refused(tmp_path):
    async with serial_meters(Sdm630()) as device:
        line = f'[[buses]]\nid = "line"\nlink = "serial"\ndevice = "{device}"\n'
        line += '[[meters]]\nid = "M9"\nbus = "line"\nprofile = "eastron-sdm630"\n'
        async with a_gateway(tmp_path, Sdm630(), extra=line) as sock, Tool.at(sock) as tool:
            assert "broadcast" in (await tool.ask("raw", bus="line", unit=0, pdu="0400000001"))["reason"]
            answer = await tool.ask("raw", bus="line", unit=1, pdu="0400480002")
            assert answer == {"is": "bytes", "pdu": "0404" + "00" * 4}


async def test_a_file_that_a_killed_gateway_left_is_taken_over_a_living_one_is_not(tmp_path):
    (tmp_path / "data").mkdir()
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "data" / "control.sock"))
    left.close()
    async with a_gateway(tmp_path, Sdm630()) as sock, Tool.at(sock) as tool:
        assert (await tool.ask("report"))["is"] == "report"
        other = tmp_path / "other"
        other.mkdir()
        async with tcp_meters(Sdm630()) as port:
            file = write_config(other, free_port(), tcp_bus(port, every=1), None)
            text = (
                file.read_text().replace('"g1"', '"g2"').replace("[broker]", f'runtime_dir = "{sock.parent}"\n[broker]')
            )
            file.write_text(text)
            stop = asyncio.Event()
            task = asyncio.create_task(service.run(read(file), stop))
            await asyncio.sleep(1)
            stop.set()
            await asyncio.wait_for(task, 10)
        assert (await tool.ask("report"))["report"]["gateway"] == "g1"
        assert sock.exists()


async def test_a_long_path_is_no_obstacle(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    os.makedirs(deep)
    async with a_gateway(deep, Sdm630()) as sock:
        with SocketPath(sock) as name:
            async with Tool.at(name) as tool:
                assert (await tool.ask("report"))["is"] == "report"


async def test_a_gateway_whose_socket_was_taken_away_ends_cleanly(tmp_path):
    async with a_gateway(tmp_path, Sdm630()) as sock:
        sock.unlink()
