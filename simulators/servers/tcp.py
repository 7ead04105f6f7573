"""Modbus TCP: any number of clients on one socket. A unit id that isn't there is met with silence, as on a bus."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from simulators.servers.modbus import MBAP_BYTES, NotModbusError, Units, mbap_frame, parse_mbap

_HEAD_BYTES: Final = MBAP_BYTES + 2
"""Header, function and byte count: wrong words behind them no client could tell, and TCP's own check protects them."""


@contextlib.asynccontextmanager
async def modbus_tcp(units: Units, host: str, port: int) -> AsyncIterator[int]:
    """Serve ``units`` while the context is open; gives the port, which is free of choice for 0.

    Raises:
        OSError: the address can't be bound.
    """
    writers: set[asyncio.StreamWriter] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.add(writer)
        try:
            await _serve(units, reader, writer)
        except (OSError, asyncio.IncompleteReadError, NotModbusError):
            pass
        finally:
            writers.discard(writer)
            writer.close()

    server = await asyncio.start_server(talk, host, port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for writer in list(writers):
            writer.close()
        await server.wait_closed()


async def _serve(units: Units, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        transaction, unit, length = parse_mbap(await reader.readexactly(MBAP_BYTES))
        request = await reader.readexactly(length)
        device = units.get(unit)
        answer = device(request) if device else None
        if answer is None:
            continue
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        sent = mbap_frame(transaction, unit, answer.pdu)
        writer.write(answer.damage(sent, _HEAD_BYTES) if answer.damage else sent)
        await writer.drain()
