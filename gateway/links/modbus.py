"""Modbus over TCP, over a serial line (RTU), or in a serial line's frames over TCP, by pymodbus 3.16.

Words, or a failure that says what went wrong. A link makes one attempt and reports; taking turns, waiting and trying
again are the bus's.
"""

from __future__ import annotations

import asyncio
import struct
import termios

from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException, ModbusException, ModbusIOException
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from gateway.config import BusSettings
from gateway.failure import Failure, FailureKind
from gateway.links.exchange import Exchange
from gateway.profile import Block, Transport
from gateway.rtu_frames import EXCEPTION, LEAST_BYTES, frame_size, is_damaged, noise, strays
from runtime.clock import monotonic_s

_BITS_OF_A_CHARACTER = 11
_LEAST_SILENCE_S = 0.00175
_FAST_BAUD = 19_200
_REQUEST_BYTES = 8
_MOST_WORDS = 125
_MOST_HEARD = 512
# A damaged answer may make pymodbus raise any of these.
_BROKEN_ANSWER = (ModbusException, OSError, ValueError, struct.error, IndexError, KeyError, TypeError, AttributeError)


def silence_s(baud: int) -> float:
    """The silence t3.5 between two frames in seconds, 1.75 ms above 19,200 baud (Serial Line V1.02, 2.5.1.1)."""
    return _LEAST_SILENCE_S if baud > _FAST_BAUD else 3.5 * _BITS_OF_A_CHARACTER / baud


class ModbusLink:
    """One connection that is opened when it is needed; a new client object for each."""

    def __init__(self, settings: BusSettings, factory: Transport) -> None:
        """Describe the link; ``factory`` fills in what the configuration leaves to the meter's model."""
        self._settings = settings
        self._baud = settings.baud or factory.baud
        self._parity = settings.parity or factory.parity
        self._stop_bits = settings.stop_bits or factory.stop_bits
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient | None = None
        self._asked = b""
        self._heard = b""
        self._overheard: list[tuple[int, int]] = []
        self._exchange: Exchange | None = None
        self._exchanged: asyncio.Future[bytes] | None = None
        self._passed = b""
        self.sent = b""
        """The last request's frame."""
        self.heard = b""
        """What has come since then, the last 512 bytes of it."""
        self.timeout_s = float(settings.timeout_s)
        """How long an answer is waited for at most, beyond its time on the line, in seconds."""
        self.settle_s = factory.settle_ms / 1000
        """How long the device must be left alone after the connection was made, in seconds."""
        self.last_byte_s = 0.0
        """When the line last brought a byte, in seconds of the monotonic clock."""
        self.is_numbered = settings.link == "tcp"
        """Whether every answer carries its request's number; RTU's don't."""
        self.is_connection = settings.link != "serial"
        """Whether it goes through a network."""
        between_frames = 0.0 if self.is_numbered else silence_s(self._baud)
        self.settings = f"{self._baud} 8{self._parity}{self._stop_bits}" if settings.link == "serial" else ""
        """Speed, bits, parity and stop bits of a serial line."""
        self.silence_s = max(between_frames, factory.pause_ms / 1000)
        """The silence that must precede a request: t3.5 on a line, and everywhere what the model asks for; seconds."""

    @property
    def connected(self) -> bool:
        """Whether the line is open."""
        return self._client is not None and self._client.connected

    def overheard(self) -> list[tuple[int, int]]:
        """The answers (unit, words) that came since it was last asked, and that nobody waited for."""
        found, self._overheard = self._overheard, []
        return found

    def on_the_line_s(self, count: int) -> float:
        """How long a request and its answer of ``count`` words take on a serial line, in seconds; 0 without one."""
        frames = _REQUEST_BYTES + LEAST_BYTES + 2 * count
        return 0.0 if self.is_numbered else frames * _BITS_OF_A_CHARACTER / self._baud

    async def open(self) -> Failure | None:
        """Open the line if it isn't open; within the time limit, by one attempt."""
        if self.connected:
            return None
        self.close()
        try:
            client = self._make_client()
            self._client = client
            if await client.connect():
                return None
            detail = "doesn't accept the connection" if self.is_connection else "can't be opened"
        except (OSError, ModbusException, ValueError) as error:
            detail = str(error)
        except termios.error as error:
            detail = f"refuses its settings (speed, parity or stop bits): {error}"
        self.close()
        return Failure(FailureKind.LINK_DOWN, f"{self._settings.where} {detail}")

    def _make_client(self) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        client: AsyncModbusTcpClient | AsyncModbusSerialClient
        if self.is_connection:
            client = AsyncModbusTcpClient(
                self._settings.host,
                port=self._settings.port,
                framer=FramerType.SOCKET if self.is_numbered else FramerType.RTU,
                timeout=self.timeout_s,
                retries=0,
                reconnect_delay=0,
                trace_packet=self._trace,
                trace_connect=self._trace_connection,
            )
        else:
            client = AsyncModbusSerialClient(
                self._settings.device,
                baudrate=self._baud,
                parity=self._parity,
                stopbits=self._stop_bits,
                timeout=self.timeout_s,
                retries=0,
                reconnect_delay=0,
                trace_packet=self._trace,
                trace_connect=self._trace_connection,
            )
        take = client.ctx.callback_data

        def contained(data: bytes, addr: tuple[str, int] | None = None) -> int:
            """What raised here would end in the event loop, and the request would wait for its time limit."""
            before = 0
            if not self.is_numbered:
                before, others = strays(data, self._asked[0] if self._asked else None)
                self._overheard += others
                if self._asked and not frame_size(data[before:]):
                    before += noise(data[before:], self._asked, self.sent)
            try:
                used = take(data[before:], addr)
            except _BROKEN_ANSWER as error:
                self._end(ModbusIOException(f"damaged: {error}"))
                return len(data)
            if not self.is_numbered:
                self._heard = data[before:]
                if self._is_damaged(whole=True) and not self.sent.startswith(self._heard):
                    self._end(ModbusIOException("damaged"))
            return before + used

        def witnessed(data: bytes, addr: tuple[str, int] | None = None) -> int:
            self.heard = (self._passed + data)[-_MOST_HEARD:]
            used = self._take_exchanged(self._exchange, data) if self._exchange else contained(data, addr)
            self._passed = (self._passed + data[:used])[-_MOST_HEARD:]
            return used

        def received(data: bytes) -> None:
            heard = client.ctx.recv_buffer + data
            heard = heard if len(heard) <= client.ctx.max_buffer_size else b""
            client.ctx.recv_buffer = heard[witnessed(heard) :]

        def send(data: bytes, addr: tuple[str, int] | None = None) -> None:
            client.ctx.recv_buffer = b""
            client.ctx.transport.write(data)  # type: ignore[attr-defined]

        # The library's own way of the bytes keeps a history of them: some microseconds of each request.
        client.ctx.data_received = received  # type: ignore[method-assign]
        client.ctx.low_level_send = send
        return client

    async def read(self, unit: int, block: Block, limit_s: float) -> tuple[int, ...] | Failure:
        """Ask once for a block of registers; its answer must be there ``limit_s`` after its time on the line."""
        client = self._client
        if client is None or not client.connected:
            return Failure(FailureKind.LINK_DOWN, f"{self._settings.where} is not open")
        kind = ReadInputRegistersRequest if block.function == 4 else ReadHoldingRegistersRequest
        request = kind(address=block.address, count=block.count, dev_id=unit)
        request.transaction_id = client.ctx.getNextTID()
        self._asked, self._heard = bytes((unit, block.function, 2 * block.count)), b""
        # The client's own execute() takes one more turn of the event loop for each answer.
        loop = asyncio.get_running_loop()
        client.ctx.response_future = answered = loop.create_future()
        limit = loop.call_later(limit_s + self.on_the_line_s(block.count), self._end, TimeoutError())
        try:
            client.ctx.pdu_send(request)
            answer: ModbusPDU = await answered
        except _BROKEN_ANSWER as error:
            if not client.connected:
                return Failure(FailureKind.LINK_DOWN, f"{self._settings.where} was lost")
            if self._is_damaged(whole=False):
                return Failure(FailureKind.DAMAGED)
            if isinstance(error, TimeoutError):
                return Failure(FailureKind.NO_ANSWER, f"within {limit_s:.2g} s")
            return Failure(FailureKind.WRONG_ANSWER, str(error))
        finally:
            limit.cancel()
            self._asked = b""
        return _words(answer, block)

    async def exchange(self, unit: int, pdu: bytes, limit_s: float) -> bytes | Failure:
        """Ask once with any function code and data; gives the answer's. An exception is a failure here too."""
        client = self._client
        if client is None or not client.connected:
            return Failure(FailureKind.LINK_DOWN, f"{self._settings.where} is not open")
        number = client.ctx.getNextTID() if self.is_numbered else None
        self._exchange, self._exchanged = Exchange(unit, pdu, number), asyncio.get_running_loop().create_future()
        try:
            client.ctx.send(self._trace(True, self._exchange.request()))
            async with asyncio.timeout(limit_s + self.on_the_line_s(_MOST_WORDS)):
                answer = await self._exchanged
        except TimeoutError:
            kind = FailureKind.DAMAGED if self.heard[:1] == bytes((unit,)) else FailureKind.NO_ANSWER
            return Failure(kind, f"within {limit_s:.2g} s" if kind is FailureKind.NO_ANSWER else "")
        except (ModbusException, OSError) as error:
            return Failure(FailureKind.LINK_DOWN, f"{self._settings.where} was lost: {error}")
        finally:
            self._exchange = self._exchanged = None
        if answer[0] & EXCEPTION:
            return Failure(FailureKind.EXCEPTION, f"code {answer[1]}", answer[1])
        return answer

    def _take_exchanged(self, exchange: Exchange, data: bytes) -> int:
        self.last_byte_s = monotonic_s()
        answer, used = exchange.answer(data)
        if answer and self._exchanged and not self._exchanged.done():
            self._exchanged.set_result(answer)
        return used

    def close(self) -> None:
        """Close the line; what was under way ends with no answer."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _trace(self, sending: bool, data: bytes) -> bytes:
        if sending:
            self.sent, self.heard, self._passed = data, b"", b""
        else:
            self.last_byte_s = monotonic_s()
        return data

    def _is_damaged(self, *, whole: bool) -> bool:
        return bool(self._asked) and not self.is_numbered and is_damaged(self._heard, self._asked, whole=whole)

    def _trace_connection(self, made: bool) -> None:
        if not made:
            self._end(ConnectionException("lost"))

    def _end(self, error: ModbusException | TimeoutError) -> None:
        """End the request that is under way."""
        if self._exchanged and not self._exchanged.done():
            self._exchanged.set_exception(error)
        if self._asked and self._client and not self._client.ctx.response_future.done():
            self._client.ctx.response_future.set_exception(error)


def _words(answer: ModbusPDU, block: Block) -> tuple[int, ...] | Failure:
    if answer.isError():
        return Failure(FailureKind.EXCEPTION, f"code {answer.exception_code}", answer.exception_code)
    if answer.function_code != block.function:
        return Failure(FailureKind.WRONG_ANSWER, f"function {answer.function_code} instead of {block.function}")
    if len(answer.registers) != block.count:
        return Failure(FailureKind.WRONG_ANSWER, f"{len(answer.registers)} words instead of {block.count}")
    return tuple(answer.registers)
