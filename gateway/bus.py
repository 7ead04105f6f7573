"""Turn-taking on one link: silent intervals, answers that must be confirmed, and when to open it again."""

from __future__ import annotations

import asyncio
from datetime import datetime

from gateway.failure import Failure, FailureKind
from gateway.guard import Guard
from gateway.links.link import Link
from gateway.observation import Answer
from gateway.profile import Block
from gateway.tally import Ending, Tally, ending
from metering.wire import BusStatus
from runtime.clock import Clock, monotonic_s
from runtime.timebase import UNKNOWN, Timebase

_QUIET_S = 0.05
"""After a damaged answer a serial line must have been quiet so long, in seconds: its rest may still come."""
_LONGEST_QUIET_S = 3.0
_READS = frozenset({1, 2, 3, 4})
_UNSET_S = 0.05
"""While the clock goes like the monotonic clock within so much, nobody has set it; in seconds."""
_BASE_S = 1.0
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
        self.settings = link.settings
        """Speed, bits, parity and stop bits of a serial line; empty elsewhere."""
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
        self._based = (UNKNOWN, clock.now(), 0.0, -_BASE_S)
        self._refusals = 0
        self._reopen_s = 0.0
        self._error = ""
        self.tally = Tally()
        """How the requests on this line have ended."""

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
            if self._rests(unit):
                return Failure(FailureKind.RESTING, "a late answer may still come")
            if failure := await self._open():
                return failure
            if not self._guard.doubts(unit):
                answer = await self._ask(unit, block)
                if not _is_damaged(answer):
                    return answer
            return await self._confirmed(unit, block)

    async def exchange(self, unit: int, pdu: bytes) -> bytes | Failure:
        """Ask a unit with any function code and data (a tool's request) when it is this request's turn; one attempt."""
        async with self._turn:
            self._listen()
            if self._guard.rests_until_s(unit) > monotonic_s():
                return Failure(FailureKind.RESTING, "a late answer may still come")
            if failure := await self._open():
                return failure
            await self._silence()
            self._listen()
            self._sent_s = monotonic_s()
            answer = await self._link.exchange(unit, pdu, self._link.timeout_s)
            self._last_s, self._unit = monotonic_s(), unit
            self._count(unit, answer, self._sent_s)
            if isinstance(answer, Failure):
                count = int.from_bytes(pdu[3:5], "big") if pdu[0] in _READS else 0
                self._fail(unit, Block(pdu[0], 0, count, ()), self._sent_s, answer)
            return answer

    def forget(self, unit: int) -> None:
        """A tool has asked a unit that no meter has: its silence is no reason to wait differently for the meters."""
        self._guard.forget(unit)

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
        sent, sent_s = self._clock.now(), monotonic_s()
        base = self._base(sent, sent_s)
        self._sent_s = sent_s
        try:
            words = await self._link.read(unit, block, limit_s)
        except asyncio.CancelledError:
            self._fail(unit, block, sent_s, Failure(FailureKind.NO_ANSWER))
            self._last_s = monotonic_s() + self._link.on_the_line_s(block.count)
            raise
        self._last_s, self._unit = monotonic_s(), unit
        self._count(unit, words, sent_s)
        if isinstance(words, Failure):
            self._fail(unit, block, sent_s, words)
            return words
        self._unanswered = 0
        self._guard.answered(unit, self._last_s - sent_s - self._link.on_the_line_s(block.count))
        received = self._clock.now()
        now = self._base(received, self._last_s)
        if now is not base:
            sent += base.step_to(now)
        return Answer(words, sent, max(sent, received), now)

    def _base(self, at: datetime, at_s: float) -> Timebase:
        """What the clock rests on: asked anew once a second, and at once where it may have been set since it was."""
        base, then, then_s, asked_s = self._based
        unset = abs((at - then).total_seconds() - (at_s - then_s)) < _UNSET_S
        if not unset or at_s - asked_s >= _BASE_S:
            base, asked_s = self._clock.timebase(), at_s
        self._based = (base, at, at_s, asked_s)
        return base

    def _count(self, unit: int, outcome: object, sent_s: float) -> None:
        how = Ending.ANSWERED
        if isinstance(outcome, Failure):
            how = ending(outcome, unit, self._link.sent, self._link.heard, serial=not self._link.is_numbered)
        self.tally.note(unit, how, self._last_s - sent_s, self._last_s)

    def _rests(self, unit: int) -> bool:
        if self._guard.rests_until_s(unit) > monotonic_s():
            self._listen()
        return self._guard.rests_until_s(unit) > monotonic_s()

    def _listen(self) -> None:
        """Note what came since the last answer."""
        if self._link.is_numbered:
            return
        frames = self._link.overheard()
        for unit, count in frames:
            self._guard.heard(unit, count)
            self.tally.note(unit, Ending.LATE, 0.0, monotonic_s())
        if not frames and self._link.last_byte_s > max(self._last_s, self._listened_s):
            self._guard.stray(self._unit)
            self.tally.note(self._unit, Ending.LATE, 0.0, monotonic_s())
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
