"""Modbus over TCP or a serial line (RTU), by pymodbus 3.16: words, or a failure that says what went wrong.

A link makes one attempt and reports; taking turns, waiting and trying again are the bus's.
"""

from __future__ import annotations

import asyncio
import struct
import termios

from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from gateway.config import BusSettings
from gateway.failure import Failure, FailureKind
from gateway.profile import Block, Transport
from runtime.clock import monotonic_s

_BITS_OF_A_CHARACTER = 11
_LEAST_SILENCE_S = 0.00175
# A damaged answer may make pymodbus raise any of these.
_BROKEN_ANSWER = (ModbusException, OSError, ValueError, struct.error, IndexError, KeyError, TypeError)


class ModbusLink:
    """One connection that is opened when it is needed; a new client object for each."""

    def __init__(self, settings: BusSettings, factory: Transport) -> None:
        """Describe the link; ``factory`` fills in what the configuration leaves to the meter's model."""
        self._settings = settings
        self._timeout = float(settings.timeout_s)
        self._baud = settings.baud or factory.baud
        self._parity = settings.parity or factory.parity
        self._stop_bits = settings.stop_bits or factory.stop_bits
        self._pause_s = factory.pause_ms / 1000
        self.settle_s = factory.settle_ms / 1000
        """How long the device must be left alone after the connection was made, in seconds."""
        self._client: AsyncModbusTcpClient | AsyncModbusSerialClient | None = None
        self.last_byte_s = 0.0
        """When the line last brought a byte, in seconds of the monotonic clock."""

    @property
    def is_serial(self) -> bool:
        """Whether it is a line on which answers carry no number (RTU)."""
        return self._settings.link == "serial"

    @property
    def silence_s(self) -> float:
        """The silence that must precede a request, in seconds.

        On a serial line at least t3.5 (Modbus serial line V1.02, 2.5.1.1); everywhere what the model asks for.
        """
        between_frames = max(3.5 * _BITS_OF_A_CHARACTER / self._baud, _LEAST_SILENCE_S) if self.is_serial else 0.0
        return max(between_frames, self._pause_s)

    @property
    def connected(self) -> bool:
        """Whether the line is open."""
        return self._client is not None and self._client.connected

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
            detail = "can't be opened" if self.is_serial else "doesn't accept the connection"
        except (OSError, ModbusException, ValueError) as error:
            detail = str(error)
        except termios.error as error:
            detail = f"refuses its settings (speed, parity or stop bits): {error}"
        self.close()
        return Failure(FailureKind.LINK_DOWN, f"{self._settings.where} {detail}")

    def _make_client(self) -> AsyncModbusTcpClient | AsyncModbusSerialClient:
        if not self.is_serial:
            return AsyncModbusTcpClient(
                self._settings.host,
                port=self._settings.port,
                timeout=self._timeout,
                retries=0,
                reconnect_delay=0,
                trace_packet=self._trace,
            )
        return AsyncModbusSerialClient(
            self._settings.device,
            baudrate=self._baud,
            parity=self._parity,
            stopbits=self._stop_bits,
            timeout=self._timeout,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._trace,
        )

    async def read(self, unit: int, block: Block) -> tuple[int, ...] | Failure:
        """Ask once for a block of registers."""
        client = self._client
        if client is None or not client.connected:
            return Failure(FailureKind.LINK_DOWN, f"{self._settings.where} is not open")
        ask = client.read_input_registers if block.function == 4 else client.read_holding_registers
        request = asyncio.ensure_future(ask(block.address, count=block.count, device_id=unit))
        try:
            # A cancelled request would leave its answer on the line for the next one.
            answer = await asyncio.shield(request)
        except _BROKEN_ANSWER as error:
            if not client.connected:
                return Failure(FailureKind.LINK_DOWN, f"{self._settings.where} was lost")
            if "received" in str(error) and "No response" not in str(error):
                return Failure(FailureKind.WRONG_ANSWER, str(error))
            return Failure(FailureKind.NO_ANSWER, f"within {self._timeout:g} s")
        return _words(answer, block)

    def close(self) -> None:
        """Close the line; what was under way ends with no answer."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _trace(self, sending: bool, data: bytes) -> bytes:
        if not sending:
            self.last_byte_s = monotonic_s()
        return data


def _words(answer: ModbusPDU, block: Block) -> tuple[int, ...] | Failure:
    if answer.isError():
        return Failure(FailureKind.EXCEPTION, f"code {answer.exception_code}", answer.exception_code)
    if answer.function_code != block.function:
        return Failure(FailureKind.WRONG_ANSWER, f"function {answer.function_code} instead of {block.function}")
    if len(answer.registers) != block.count:
        return Failure(FailureKind.WRONG_ANSWER, f"{len(answer.registers)} words instead of {block.count}")
    return tuple(answer.registers)
