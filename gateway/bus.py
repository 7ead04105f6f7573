"""Turn-taking on one link: silent intervals, quarantine after a failure, and when to open it again.

An RTU answer carries no number: one that comes after its time limit would be taken for the answer to the next request
(pymodbus 3.16, pull request 2636). So after any failure a serial line stays silent until it has been quiet for a while.
"""

from __future__ import annotations

import asyncio

from gateway.failure import Failure, FailureKind
from gateway.links.modbus import ModbusLink
from gateway.observation import Answer
from gateway.profile import Block
from metering.wire import BusStatus
from runtime.clock import Clock, monotonic_s

QUARANTINE_S = 0.5
"""So long a serial line must have been quiet after a failure, in seconds."""
_LONGEST_QUARANTINE_S = 3.0
_REOPEN_S = (1.0, 2.0, 4.0, 5.0)


class Bus:
    """One link and whose turn it is; all meters of the link are read through it."""

    def __init__(self, name: str, link: ModbusLink, where: str, clock: Clock) -> None:
        """Take charge of a link; nothing is opened before the first read."""
        self.name = name
        self._link = link
        self._where = where
        self._clock = clock
        self._turn = asyncio.Lock()
        self._failed_s: float | None = None
        self._last_s = 0.0
        self._refusals = 0
        self._reopen_s = 0.0
        self._error = ""

    @property
    def status(self) -> BusStatus:
        """How the line is."""
        return BusStatus(id=self.name, link=self._where, connected=self._link.connected, error=self._error)

    async def read(self, unit: int, block: Block) -> Answer | Failure:
        """Ask a unit for a block when it is this request's turn; one attempt."""
        async with self._turn:
            if failure := await self._open():
                return failure
            await self._silence()
            sent = self._clock.now()
            words = await self._link.read(unit, block)
            received = max(sent, self._clock.now())
            self._last_s = monotonic_s()
            if isinstance(words, Failure):
                self._guard(words)
                return words
            return Answer(words, sent, received)

    def close(self) -> None:
        """Close the link."""
        self._link.close()

    async def _open(self) -> Failure | None:
        if self._link.connected:
            return None
        if monotonic_s() < self._reopen_s:
            return Failure(FailureKind.LINK_DOWN, self._error)
        if failure := await self._link.open():
            self._reopen_s = monotonic_s() + _REOPEN_S[min(self._refusals, len(_REOPEN_S) - 1)]
            self._refusals += 1
            self._error = failure.detail
            return failure
        self._refusals = 0
        self._error = ""
        await asyncio.sleep(self._link.settle_s)
        return None

    async def _silence(self) -> None:
        """Wait out the quarantine, then the silent interval before a request."""
        if self._failed_s is not None and self._link.is_serial:
            latest = self._failed_s + _LONGEST_QUARANTINE_S
            while (left := self._quiet_until(latest) - monotonic_s()) > 0:  # noqa: ASYNC110 - silence has no event
                await asyncio.sleep(left)
        self._failed_s = None
        if (left := max(self._last_s, self._link.last_byte_s) + self._link.silence_s - monotonic_s()) > 0:
            await asyncio.sleep(left)

    def _quiet_until(self, latest: float) -> float:
        """Every byte that still comes prolongs the quarantine; a line that never falls silent is used again."""
        begun = max(self._failed_s or 0.0, self._link.last_byte_s)
        return min(begun + QUARANTINE_S, latest)

    def _guard(self, failure: Failure) -> None:
        self._failed_s = monotonic_s()
        # Over TCP a new connection drops what may still arrive; an exception is an answer, and needs none.
        if not self._link.is_serial and failure.kind is not FailureKind.EXCEPTION:
            self._link.close()
