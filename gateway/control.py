"""The local socket of a running gateway, through which the technician's tools ask: polls always come first.

Who may open it (mode 0660: the gateway's user and group) may read. Every request is bounded, hostile until parsed, and
takes its turn on the bus like a poll, behind those that are due; one tool at a time holds a bus.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec

from gateway.control_wire import (
    MOST_BYTES,
    READS,
    Answered,
    AskBlock,
    AskRaw,
    AskReport,
    Bytes,
    Done,
    Failed,
    Refused,
    Replay,
    Told,
    Words,
    decode_asked,
    encode,
)
from gateway.failure import Failure
from gateway.lines import Line, Lines
from gateway.observation import Answer
from gateway.places import SocketPath
from gateway.profile import Block
from gateway.report import Report
from runtime.log import logger

_log = logger("gateway.control")
_MOST_CONNECTIONS = 8
_IDLE_S = 60.0
_ANSWER_S = 120.0
_MODE = 0o660


class Control:
    """Serves the socket; the service gives it what tools may ask for."""

    def __init__(
        self,
        lines: Lines,
        report: Callable[[], Awaitable[Report]],
        replay: Callable[[Replay], Awaitable[str]],
    ) -> None:
        """Nothing is opened before ``run``."""
        self._lines = lines
        self._report = report
        self._replay = replay
        self._holders: dict[str, asyncio.StreamWriter] = {}
        self._asked: dict[asyncio.StreamWriter, set[tuple[str, int]]] = {}

    async def run(self, path: Path) -> None:
        """Answer at ``path`` until cancelled; where that can't be, say so: polls don't depend on it."""
        try:
            listening = _listen(path)
        except OSError as error:
            _log.warning("control_unavailable", socket=str(path), error=str(error))
            return
        server = await asyncio.start_unix_server(self._talk, sock=listening, limit=MOST_BYTES)
        try:
            await server.serve_forever()
        finally:
            server.close()
            for writer in list(self._asked):
                writer.close()
            # Somebody may have taken it away: no reason to end otherwise than cleanly.
            with contextlib.suppress(OSError):
                os.unlink(path)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._asked) >= _MOST_CONNECTIONS:
            writer.close()
            return
        self._asked[writer] = set()
        try:
            while line := await asyncio.wait_for(reader.readline(), _IDLE_S):
                answer = await self._answer(line, writer)
                writer.write(encode(answer))
                await writer.drain()
        except (OSError, ValueError, TimeoutError):
            # A line that is too long, a tool that went away or says nothing.
            return
        finally:
            self._leave(writer)
            writer.close()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> Answered:
        try:
            asked = decode_asked(line)
        except (msgspec.DecodeError, RecursionError) as error:
            return Refused(reason=f"not a request: {error}")
        if isinstance(asked, AskReport):
            return Told(report=await self._report())
        if isinstance(asked, Replay):
            try:
                return Done(what=await self._replay(asked))
            except (sqlite3.Error, ValueError) as error:
                return Refused(reason=str(error))
        return await self._ask(asked, writer)

    async def _ask(self, asked: AskBlock | AskRaw, writer: asyncio.StreamWriter) -> Answered:
        line = self._lines.get(asked.bus)
        if line is None:
            return Refused(reason=f"this gateway runs no bus {asked.bus}; it runs {', '.join(self._names())}")
        if self._holders.setdefault(asked.bus, writer) is not writer:
            return Refused(reason=f"another tool is using bus {asked.bus}")
        if asked.unit == 0 and line.settings.link != "tcp":
            return Refused(reason="unit 0 is the broadcast on a serial line: nothing answers")
        if isinstance(asked, AskRaw) and (reason := _barred(asked)):
            return Refused(reason=reason)
        self._asked[writer].add((asked.bus, asked.unit))
        try:
            async with asyncio.timeout(_ANSWER_S):
                return _answered(await line.visits.ask(asked.unit, _request(asked)))
        except (OverflowError, TimeoutError) as error:
            return Refused(reason=str(error) or f"bus {asked.bus} had no time for it within {_ANSWER_S:.0f} s")
        except asyncio.CancelledError:
            if line is self._lines.get(asked.bus):
                raise
            return Refused(reason=f"bus {asked.bus} was changed by another configuration")

    def _names(self) -> list[str]:
        return [line.settings.id for line in self._lines]

    def _leave(self, writer: asyncio.StreamWriter) -> None:
        """Give the buses back, and leave nothing known of units that no meter has."""
        for bus, unit in self._asked.pop(writer, ()):
            if (line := self._lines.get(bus)) and unit not in _units(line):
                line.visits.forget(unit)
        self._holders = {bus: holder for bus, holder in self._holders.items() if holder is not writer}


def _units(line: Line) -> set[int]:
    return {meter.unit for meter in line.meters}


def _barred(asked: AskRaw) -> str:
    function = int(asked.pdu[:2], 16)
    if not 1 <= function <= 0x7F:
        return f"{function} is no function code; they go from 1 to 127"
    if function not in READS:
        if not asked.write:
            return f"function {function} may change something in the device"
        _log.warning("tool_writes", bus=asked.bus, unit=asked.unit, pdu=asked.pdu)
    return ""


def _request(asked: AskBlock | AskRaw) -> Block | bytes:
    if isinstance(asked, AskRaw):
        return bytes.fromhex(asked.pdu)
    return Block(asked.function, asked.address, asked.count, ())


def _answered(answer: Answer | bytes | Failure) -> Answered:
    if isinstance(answer, Failure):
        return Failed(kind=answer.kind, detail=answer.detail, code=answer.code)
    if isinstance(answer, bytes):
        return Bytes(pdu=answer.hex())
    return Words(words=answer.words, sent=answer.sent, received=answer.received)


def _listen(path: Path) -> socket.socket:
    """A listening socket; a file that a dead gateway left is taken away.

    Raises:
        OSError: a living gateway listens there, or it can't be made.
    """
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        with SocketPath(path) as name:
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError), socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(1)
                probe.connect(name)
                raise OSError("another gateway listens there")
            path.unlink(missing_ok=True)
            made.bind(name)
            os.chmod(path, _MODE)
            made.listen(_MOST_CONNECTIONS)
    except BaseException:
        made.close()
        raise
    return made
