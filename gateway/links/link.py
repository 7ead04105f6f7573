"""What the bus asks of every kind of link."""

from __future__ import annotations

from typing import Protocol

from gateway.failure import Failure
from gateway.profile import Block


class Link(Protocol):
    """One line or connection: makes one attempt and reports. Times are seconds of the monotonic clock."""

    settle_s: float
    """How long the device must be left alone after the connection was made."""
    last_byte_s: float
    """When the line last brought a byte."""

    settings: str
    """Speed, bits, parity and stop bits of a serial line; empty elsewhere."""
    sent: bytes
    """The frame of the last request."""
    heard: bytes
    """What has come since then."""

    @property
    def is_numbered(self) -> bool:
        """Whether every answer carries its request's number."""

    @property
    def is_connection(self) -> bool:
        """Whether it goes through a network, so that a new connection drops what was under way."""

    @property
    def timeout_s(self) -> float:
        """How long an answer is waited for at most, beyond its time on the line."""

    @property
    def silence_s(self) -> float:
        """The silence that must precede a request."""

    @property
    def connected(self) -> bool:
        """Whether the line is open."""

    def overheard(self) -> list[tuple[int, int]]:
        """The answers (unit, words) that came since it was last asked, and that nobody waited for."""

    def on_the_line_s(self, count: int) -> float:
        """How long a request and its answer of ``count`` words are on the line."""

    async def open(self) -> Failure | None:
        """Open the line if it isn't open; within the time limit, by one attempt."""

    async def read(self, unit: int, block: Block, limit_s: float) -> tuple[int, ...] | Failure:
        """Ask once for a block of registers; its answer must begin to come within ``limit_s``."""

    async def exchange(self, unit: int, pdu: bytes, limit_s: float) -> bytes | Failure:
        """Ask once with any function code and data; gives those of the answer."""

    def close(self) -> None:
        """Close the line; what was under way ends with no answer."""
