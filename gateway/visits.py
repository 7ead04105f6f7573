"""Requests of a technician's tool on a bus that is being polled: each takes a turn after the polls that are due."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.bus import Bus
from gateway.failure import Failure
from gateway.observation import Answer
from gateway.profile import Block
from gateway.turns import Turns
from metering.period import floor_to
from runtime.clock import Clock, monotonic_s

_STARVED_S = 10.0
"""On a line on which polls are always due a tool's request is let through after so long, in seconds."""
_MOST_WAITING = 4
_ROOM = 4
"""In time limits: so long before a stand no tool's request is begun."""


@dataclass(slots=True)
class _Visit:
    unit: int
    ask: Block | bytes
    since_s: float
    answer: asyncio.Future[Answer | bytes | Failure] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Visits:
    """Those of one bus. Who holds it is the control socket's business; here they only wait for their turn."""

    def __init__(self, bus: Bus, clock: Clock, timeout_s: float, lengths: Collection[timedelta]) -> None:
        """``timeout_s``: how long the bus waits for an answer; ``lengths``: how far apart its meters' stands are."""
        self._bus = bus
        self._clock = clock
        self._room_s = _ROOM * timeout_s
        self._lengths = frozenset(lengths)
        self._waiting: deque[_Visit] = deque()
        self.wake: Callable[[], None] = lambda: None
        """Called when a request has come: the poller may be waiting for its next turn."""

    async def ask(self, unit: int, ask: Block | bytes) -> Answer | bytes | Failure:
        """The answer to a block, or to function code and data as bytes.

        Raises:
            OverflowError: too many wait already.
        """
        if len(self._waiting) >= _MOST_WAITING:
            raise OverflowError("too many requests wait for this bus")
        visit = _Visit(unit, ask, monotonic_s())
        self._waiting.append(visit)
        self.wake()
        try:
            return await visit.answer
        finally:
            if visit in self._waiting:
                self._waiting.remove(visit)

    async def serve(self, turns: Turns) -> None:
        """One request, if its turn has come."""
        if not self._waiting or not self._room(turns):
            return
        visit = self._waiting.popleft()
        try:
            answer: Answer | bytes | Failure
            if isinstance(visit.ask, bytes):
                answer = await self._bus.exchange(visit.unit, visit.ask)
            else:
                answer = await self._bus.read(visit.unit, visit.ask)
        except BaseException:
            visit.answer.cancel()
            raise
        if not visit.answer.done():
            visit.answer.set_result(answer)

    def forget(self, unit: int) -> None:
        """See ``Bus.forget``."""
        self._bus.forget(unit)

    def _room(self, turns: Turns) -> bool:
        now = self._clock.now()
        stand = min(floor_to(now, length) + length for length in self._lengths)
        if self._clock.real_seconds_until(stand) <= self._room_s:
            return False
        return turns.next_due(now) > now or monotonic_s() - self._waiting[0].since_s > _STARVED_S
