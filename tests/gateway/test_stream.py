"""Bare bytes on real ptys and sockets, as meter protocols with their own frames need them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import termios
import tty
from collections.abc import AsyncIterator

import pytest

from gateway.failure import FailureKind
from gateway.links.stream import HostPlace, SerialPlace, Stream
from tests.mosquitto import free_port

IDENTIFICATION = b"/PAF5EC3gr00006\r\n"


def ends_line(data: bytes) -> bool:
    return data.endswith(b"\r\n")


@contextlib.asynccontextmanager
async def a_meter(kind: str, answer: list[bytes], pause_s: float = 0.01) -> AsyncIterator[Stream]:
    """Answers every request with the same pieces."""
    async with contextlib.AsyncExitStack() as stack:
        if kind == "serial":
            master, slave = os.openpty()
            tty.setraw(slave)
            loop = asyncio.get_running_loop()

            def asked() -> None:
                os.read(master, 100)
                for number, piece in enumerate(answer):
                    loop.call_later(number * pause_s, os.write, master, piece)

            loop.add_reader(master, asked)
            stack.callback(os.close, slave)
            stack.callback(os.close, master)
            stack.callback(loop.remove_reader, master)
            stream = Stream(SerialPlace(device=os.ttyname(slave), baud=300), 1)
        else:

            async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                while await reader.read(100):
                    for piece in answer:
                        writer.write(piece)
                        await asyncio.sleep(pause_s)
                writer.close()

            server = await asyncio.start_server(talk, "127.0.0.1", 0)
            stack.callback(server.close)
            stream = Stream(HostPlace(host="127.0.0.1", port=server.sockets[0].getsockname()[1]), 1)
        stack.callback(stream.close)
        assert await stream.open() is None
        yield stream


@pytest.mark.parametrize("kind", ["serial", "tcp"])
async def test_an_answer_in_pieces_is_read_to_its_end(kind):
    async with a_meter(kind, [IDENTIFICATION[:4], IDENTIFICATION[4:9], IDENTIFICATION[9:]]) as stream:
        for _ in range(2):
            assert stream.write(b"/?!\r\n") is None
            assert await stream.read(ends_line, 5, 5) == IDENTIFICATION


@pytest.mark.parametrize("kind", ["serial", "tcp"])
async def test_silence_and_an_answer_that_breaks_off_are_told_apart(kind):
    async with a_meter(kind, []) as stream:
        stream.write(b"/?!\r\n")
        assert (await stream.read(ends_line, 0.1, 5)).kind is FailureKind.NO_ANSWER
    async with a_meter(kind, [IDENTIFICATION[:6]]) as stream:
        stream.write(b"/?!\r\n")
        assert (await stream.read(ends_line, 5, 0.1)).kind is FailureKind.DAMAGED


async def test_what_came_unasked_is_not_taken_for_the_answer():
    async with a_meter("serial", [b"late\r\n", b"later\r\n"], pause_s=0.2) as stream:
        stream.write(b"1")
        assert await stream.read(ends_line, 5, 5) == b"late\r\n"
        await asyncio.sleep(0.4)
        stream.write(b"2")
        assert await stream.read(ends_line, 5, 5) == b"late\r\n"


async def test_a_line_without_end_is_not_kept_in_memory():
    async with a_meter("tcp", [b"x" * 60_000] * 3, pause_s=0) as stream:
        stream.write(b"/?!\r\n")
        assert (await stream.read(ends_line, 5, 1)).kind is FailureKind.WRONG_ANSWER


async def test_a_lost_connection_ends_the_reading_and_can_be_opened_again():
    async def talk(reader, writer):
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    stream = Stream(HostPlace(host="127.0.0.1", port=server.sockets[0].getsockname()[1]), 1)
    for _ in range(2):
        assert await stream.open() is None
        stream.write(b"?")
        assert (await stream.read(ends_line, 30, 30)).kind is FailureKind.LINK_DOWN
        assert not stream.connected
    server.close()


async def test_a_place_that_cannot_be_opened_is_named():
    for place, text in (
        (SerialPlace(device="/dev/klaster-no-such-line", baud=300), "/dev/klaster-no-such-line"),
        (HostPlace(host="127.0.0.1", port=free_port()), "127.0.0.1"),
    ):
        failure = await Stream(place, 1).open()
        assert failure is not None
        assert failure.kind is FailureKind.LINK_DOWN
        assert text in failure.detail


async def test_a_serial_line_changes_its_speed_while_it_is_open():
    async with a_meter("serial", [IDENTIFICATION]) as stream:
        stream.write(b"/?!\r\n")
        await stream.read(ends_line, 5, 5)
        stream.set_speed(9600)
        stream.write(b"\x06050\r\n")
        assert await stream.read(ends_line, 5, 5) == IDENTIFICATION
        fd = stream._transport.sync_serial.fileno()
        assert termios.tcgetattr(fd)[5] == termios.B9600
