"""Turn-taking on one link: silent intervals, answers that must be confirmed, and when to open it again."""

from __future__ import annotations

import asyncio

from gateway.failure import Failure, FailureKind
from gateway.guard import Guard
from gateway.links.link import Link
from gateway.observation import Answer
from gateway.profile import Block
from metering.wire import BusStatus
from runtime.clock import Clock, monotonic_s

_QUIET_S = 0.05
"""After a damaged answer a serial line must have been quiet so long, in seconds: its rest may still come."""
_LONGEST_QUIET_S = 3.0
_LOST_AFTER = 2
"""After so many requests in a row without an answer a connection to a converter is made anew."""
_TRIES = 3
"""On a disturbed line, where an answer comes at once but damaged."""
_REOPEN_S = (1.0, 2.0, 4.0, 5.0)


class Bus:
    """One link and whose turn it is; all meters of the link are read through it."""

    def __init__(self, name: str, link: Link, where: str, clock: Clock) -> None:
        """Take charge of a link; nothing is opened before the first read."""
        self.name = name
        self._link = link
        self._where = where
        self._clock = clock
        self._guard = Guard(link.timeout_s, numbered=link.is_numbered)
        self._turn = asyncio.Lock()
        self._unit = 0
        self._damaged_s: float | None = None
        self._sent_s = 0.0
        self._last_s = 0.0
        self._listened_s = 0.0
        self._unanswered = 0
        self._refusals = 0
        self._reopen_s = 0.0
        self._error = ""

    @property
    def status(self) -> BusStatus:
        """How the line is."""
        return BusStatus(id=self.name, link=self._where, connected=self._link.connected, error=self._error)

    def rests_until_s(self, unit: int) -> float:
        """Until when (monotonic clock, seconds) a late answer of the unit is waited for; it isn't asked before."""
        return self._guard.rests_until_s(unit)

    async def read(self, unit: int, block: Block) -> Answer | Failure:
        """Ask a unit for a block when it is this request's turn; one attempt, confirmed where it has to be."""
        async with self._turn:
            self._listen()
            if self._guard.rests_until_s(unit) > monotonic_s():
                return Failure(FailureKind.RESTING, "a late answer may still come")
            if failure := await self._open():
                return failure
            if not self._guard.doubts(unit):
                answer = await self._ask(unit, block)
                if not _is_damaged(answer):
                    return answer
            return await self._confirmed(unit, block)

    def close(self) -> None:
        """Close the link."""
        self._link.close()

    async def _confirmed(self, unit: int, block: Block) -> Answer | Failure:
        """An answer between two of another length, where an exception is one too; a damaged one is asked for again."""
        other = self._guard.other(unit, block, monotonic_s())
        found: list[Answer | Failure] = []
        for one in (other, block, other):
            for _ in range(_TRIES):
                answer = await self._ask(unit, one)
                if not _is_damaged(answer):
                    break
            if isinstance(answer, Failure) and answer.kind is not FailureKind.EXCEPTION:
                return answer
            found.append(answer)
        self._guard.confirmed(unit)
        return found[1]

    async def _ask(self, unit: int, block: Block) -> Answer | Failure:
        await self._silence()
        self._listen()
        limit_s = self._guard.limit_s(unit)
        base, sent, sent_s = self._clock.timebase(), self._clock.now(), monotonic_s()
        self._sent_s = sent_s
        try:
            words = await self._link.read(unit, block, limit_s)
        except asyncio.CancelledError:
            self._fail(unit, block, sent_s, Failure(FailureKind.NO_ANSWER))
            self._last_s = monotonic_s() + self._link.on_the_line_s(block.count)
            raise
        self._last_s, self._unit = monotonic_s(), unit
        if isinstance(words, Failure):
            self._fail(unit, block, sent_s, words)
            return words
        self._unanswered = 0
        self._guard.answered(unit, self._last_s - sent_s - self._link.on_the_line_s(block.count))
        now = self._clock.timebase()
        sent += base.step_to(now)
        return Answer(words, sent, max(sent, self._clock.now()), now)

    def _listen(self) -> None:
        """Note what came since the last answer."""
        frames = self._link.overheard()
        for unit, count in frames:
            self._guard.heard(unit, count)
        if not frames and self._link.last_byte_s > max(self._last_s, self._listened_s):
            self._guard.stray(self._unit)
        self._listened_s = self._link.last_byte_s

    def _fail(self, unit: int, block: Block, sent_s: float, failure: Failure) -> None:
        self._guard.failed(unit, block, sent_s, failure)
        if failure.kind is FailureKind.EXCEPTION:
            self._unanswered = 0
            return
        self._unanswered += 1
        if self._link.last_byte_s > sent_s:
            self._damaged_s = monotonic_s()
        # A new connection drops what may still arrive. Behind a converter it doesn't, and many take one client at a
        # time: there it is renewed only when the connection itself may be the trouble.
        if self._link.is_connection and (self._link.is_numbered or self._unanswered >= _LOST_AFTER):
            self._unanswered = 0
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
        """Wait for the silent interval before a request; after a damaged answer until the line is quiet."""
        if self._damaged_s is not None:
            latest = self._damaged_s + _LONGEST_QUIET_S
            while (left := min(self._link.last_byte_s + _QUIET_S, latest) - monotonic_s()) > 0:  # noqa: ASYNC110 - silence has no event
                await asyncio.sleep(left)
            self._damaged_s = None
        # Seen from the last byte itself: a busy machine has noticed it late.
        since_s = self._link.last_byte_s if self._link.last_byte_s > self._sent_s else self._last_s
        if (left := since_s + self._link.silence_s - monotonic_s()) > 0:
            await asyncio.sleep(left)


def _is_damaged(answer: Answer | Failure) -> bool:
    return isinstance(answer, Failure) and answer.kind is FailureKind.DAMAGED
