"""How a tool asks the devices of a bus: by turns of the running gateway, or itself where none runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import click
import msgspec

from gateway.bus import Bus
from gateway.config import BusSettings, GatewayConfig
from gateway.control_wire import (
    MOST_ANSWER_BYTES,
    Answered,
    AskBlock,
    Asked,
    AskRaw,
    AskReport,
    Bytes,
    Failed,
    Refused,
    Told,
    Words,
    decode_answered,
    encode,
)
from gateway.failure import Failure, FailureKind
from gateway.links.modbus import ModbusLink
from gateway.observation import Answer
from gateway.places import SocketPath, socket_paths
from gateway.profile import Block, Transport, profile
from gateway.report import Report
from gateway.tally import Tally
from runtime.clock import make_clock, monotonic_s
from runtime.console import Exit

DEFAULT_CONFIG = "/etc/klaster/gateway.toml"
config_option = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    default=DEFAULT_CONFIG,
    envvar="KLASTER_GATEWAY_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The gateway's configuration.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of tables.")
_ANSWER_S = 130.0
_RESTS_AGAIN_S = 0.5


class ToolError(Exception):
    """A tool can't do what it was asked for; the message says why and what to do."""

    def __init__(self, message: str, code: Exit = Exit.BAD_INPUT) -> None:
        """``code``: the program's exit code."""
        super().__init__(message)
        self.code = code


class Access(Protocol):
    """One bus that may be asked."""

    how: str
    """Through whom, for a person."""

    @property
    def tally(self) -> Tally | None:
        """How this tool's own requests have ended; None where the gateway counts."""

    async def read(self, unit: int, block: Block) -> Answer | Failure:
        """Registers of a unit."""

    async def exchange(self, unit: int, pdu: bytes, *, write: bool = False) -> bytes | Failure:
        """Any function code and data; ``write`` where it may change something."""


class Service:
    """A running gateway, through its socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak through an open connection."""
        self._reader = reader
        self._writer = writer

    async def ask(self, asked: Asked) -> Answered:
        """One question.

        Raises:
            ToolError: the gateway has ended, or says something else than it should.
        """
        try:
            self._writer.write(encode(asked))
            async with asyncio.timeout(_ANSWER_S):
                line = await self._reader.readline()
            if not line:
                raise ToolError("The running gateway has closed its socket; try again.", Exit.INCOMPLETE)
            return decode_answered(line)
        except (OSError, TimeoutError) as error:
            raise ToolError(f"The running gateway doesn't answer: {error}", Exit.INCOMPLETE) from error
        except (msgspec.DecodeError, ValueError) as error:
            raise ToolError(f"The running gateway is of another release: {error}") from error

    async def report(self) -> Report:
        """How it is."""
        told = await self.ask(AskReport())
        if not isinstance(told, Told):
            raise ToolError("The running gateway gives no report.")
        return told.report


class _ByTurns:
    """A bus of a running gateway."""

    tally: Tally | None = None

    def __init__(self, service: Service, bus: str) -> None:
        self._service = service
        self._bus = bus
        self.how = "by turns of the running gateway"

    async def read(self, unit: int, block: Block) -> Answer | Failure:
        while True:
            answer = await self._ask(
                AskBlock(bus=self._bus, unit=unit, function=block.function, address=block.address, count=block.count)
            )
            if not isinstance(answer, Failure) or answer.kind is not FailureKind.RESTING:
                assert not isinstance(answer, bytes)  # noqa: S101 - the request decides the answer's kind
                return answer
            await asyncio.sleep(_RESTS_AGAIN_S)

    async def exchange(self, unit: int, pdu: bytes, *, write: bool = False) -> bytes | Failure:
        while True:
            answer = await self._ask(AskRaw(bus=self._bus, unit=unit, pdu=pdu.hex(), write=write))
            if not isinstance(answer, Failure) or answer.kind is not FailureKind.RESTING:
                assert not isinstance(answer, Answer)  # noqa: S101 - the request decides the answer's kind
                return answer
            await asyncio.sleep(_RESTS_AGAIN_S)

    async def _ask(self, asked: Asked) -> Answer | bytes | Failure:
        answer = await self._service.ask(asked)
        if isinstance(answer, Words):
            return Answer(answer.words, answer.sent, max(answer.sent, answer.received))
        if isinstance(answer, Bytes):
            return bytes.fromhex(answer.pdu)
        if isinstance(answer, Failed):
            return Failure(answer.kind, answer.detail, answer.code)
        reason = answer.reason if isinstance(answer, Refused) else "an answer to something else"
        raise ToolError(f"The running gateway refuses: {reason}.")


class _Alone:
    """A bus that no gateway holds, opened by the tool."""

    def __init__(self, bus: Bus, how: str) -> None:
        self._bus = bus
        self.how = how
        self.tally: Tally | None = bus.tally

    async def read(self, unit: int, block: Block) -> Answer | Failure:
        await self._rested(unit)
        return await self._bus.read(unit, block)

    async def exchange(self, unit: int, pdu: bytes, *, write: bool = False) -> bytes | Failure:
        del write
        await self._rested(unit)
        return await self._bus.exchange(unit, pdu)

    async def _rested(self, unit: int) -> None:
        await asyncio.sleep(max(0.0, self._bus.rests_until_s(unit) - monotonic_s()))


@contextlib.asynccontextmanager
async def service_of(config: GatewayConfig) -> AsyncIterator[Service | None]:
    """The running gateway of a configuration; None when none runs.

    Raises:
        ToolError: one runs, and this user may not speak to it.
    """
    for path in socket_paths(config):
        with SocketPath(path) if path.parent.exists() else contextlib.nullcontext("") as name:
            try:
                reader, writer = await asyncio.open_unix_connection(name, limit=MOST_ANSWER_BYTES)
            except PermissionError as error:
                hint = "sudo, or a member of the group klaster-gateway, may"
                raise ToolError(f"{path}: a gateway runs, and you may not open its socket; {hint}.") from error
            except (OSError, ValueError):
                continue
        try:
            service = Service(reader, writer)
            if (await service.report()).gateway == config.gateway.id:
                yield service
                return
        finally:
            writer.close()
    yield None


@contextlib.asynccontextmanager
async def bus_of(config: GatewayConfig, bus: BusSettings) -> AsyncIterator[Access]:
    """A bus of a configuration: the running gateway's turns, or where none runs the line itself.

    Raises:
        ToolError: neither is possible.
    """
    async with service_of(config) as service:
        if service is not None:
            yield _ByTurns(service, bus.id)
            return
    meters = config.meters_of(bus)
    factory = profile(meters[0].profile).transport if meters else Transport()
    async with alone(bus, factory) as access:
        yield access


@contextlib.asynccontextmanager
async def alone(bus: BusSettings, factory: Transport) -> AsyncIterator[Access]:
    """A bus opened by this tool; a serial line is locked, so that no gateway opens it meanwhile."""
    link = ModbusLink(bus, factory)
    made = Bus(bus.id, link, bus.where, make_clock(None))
    try:
        yield _Alone(made, f"{bus.where}{f' at {link.settings}' if link.settings else ''}, no gateway runs")
    finally:
        made.close()


def bus_named(config: GatewayConfig, name: str) -> BusSettings:
    """The bus of that name.

    Raises:
        ToolError: there is none.
    """
    found = next((bus for bus in config.buses if bus.id == name), None)
    if found is None:
        raise ToolError(f"There is no bus {name}; there are {', '.join(bus.id for bus in config.buses)}.")
    return found
