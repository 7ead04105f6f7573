"""A line or a connection as bare bytes, for protocols that bring their own frames (IEC 62056-21, M-Bus, SML).

It makes one attempt and reports; taking turns, waiting and trying again are the caller's. Times are seconds of the
monotonic clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import termios
from collections.abc import Callable
from typing import Literal

import msgspec
from pymodbus.transport.serialtransport import SerialTransport, create_serial_connection

from gateway.failure import Failure, FailureKind
from runtime.clock import monotonic_s

_MOST_BYTES = 65_536
"""More than any readout of a meter; a line that never falls silent isn't kept in memory."""


class SerialPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A serial line and its settings, such as 300 baud 7E1 where IEC 62056-21 begins."""

    device: str
    baud: int
    data_bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1

    def __str__(self) -> str:
        """The line."""
        return self.device


class HostPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A converter or a meter on the network."""

    host: str
    port: int

    def __str__(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


class Stream(asyncio.Protocol):
    """Bytes to and from one place."""

    def __init__(self, place: SerialPlace | HostPlace, timeout_s: float) -> None:
        """Nothing is opened before ``open``, which takes ``timeout_s`` at most."""
        self._place = place
        self._timeout_s = timeout_s
        self._transport: asyncio.Transport | None = None
        self._bytes = bytearray()
        self._changed = asyncio.Event()
        self.last_byte_s = 0.0
        """When the line last brought a byte."""

    @property
    def connected(self) -> bool:
        """Whether the line is open."""
        return self._transport is not None

    async def open(self) -> Failure | None:
        """Open the line if it isn't open; within the time limit, by one attempt."""
        if self.connected:
            return None
        loop = asyncio.get_running_loop()
        self._bytes.clear()
        try:
            async with asyncio.timeout(self._timeout_s):
                if isinstance(self._place, HostPlace):
                    transport, _ = await loop.create_connection(lambda: self, self._place.host, self._place.port)
                else:
                    transport, _ = await create_serial_connection(
                        loop,
                        lambda: self,
                        self._place.device,
                        baudrate=self._place.baud,
                        bytesize=self._place.data_bits,
                        parity=self._place.parity,
                        stopbits=self._place.stop_bits,
                        timeout=self._timeout_s,
                    )
        except TimeoutError:
            return Failure(FailureKind.LINK_DOWN, f"{self._place} doesn't accept the connection")
        except (OSError, ValueError) as error:
            return Failure(FailureKind.LINK_DOWN, f"{self._place}: {error}")
        except termios.error as error:
            return Failure(FailureKind.LINK_DOWN, f"{self._place} refuses its settings (speed, parity, bits): {error}")
        self._transport = transport
        return None

    def write(self, data: bytes) -> Failure | None:
        """Send bytes; what came before them and was never asked for is dropped."""
        if self._transport is None:
            return Failure(FailureKind.LINK_DOWN, f"{self._place} is not open")
        self._bytes.clear()
        self._transport.write(data)
        return None

    async def read(self, ends: Callable[[bytes], bool], limit_s: float, gap_s: float) -> bytes | Failure:
        """What comes until ``ends`` says that it is whole.

        The first byte must be there within ``limit_s``, each further one within ``gap_s`` of the one before it.
        """
        begun_s = monotonic_s()
        while not (self._bytes and ends(bytes(self._bytes))):
            if self._transport is None:
                return Failure(FailureKind.LINK_DOWN, f"{self._place} was lost")
            if len(self._bytes) > _MOST_BYTES:
                return Failure(FailureKind.WRONG_ANSWER, f"more than {_MOST_BYTES} bytes")
            latest_s = max(self.last_byte_s, begun_s) + gap_s if self._bytes else begun_s + limit_s
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(latest_s - monotonic_s()):
                    await self._changed.wait()
                continue
            if not self._bytes:
                return Failure(FailureKind.NO_ANSWER, f"within {limit_s:g} s")
            return Failure(FailureKind.DAMAGED, f"{len(self._bytes)} bytes, then silence")
        found = bytes(self._bytes)
        self._bytes.clear()
        return found

    def set_speed(self, baud: int) -> None:
        """Go on at another speed, as IEC 62056-21 agrees on one; a connection through a network has none."""
        if isinstance(self._transport, SerialTransport):
            self._transport.sync_serial.baudrate = baud

    def close(self) -> None:
        """Close the line."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def data_received(self, data: bytes) -> None:
        """Collect; the event loop calls it."""
        self.last_byte_s = monotonic_s()
        self._bytes += data[: _MOST_BYTES + 1 - len(self._bytes)]
        self._changed.set()

    def connection_lost(self, _error: Exception | None) -> None:
        """The line is gone; the event loop calls it."""
        self._transport = None
        self._changed.set()
