"""Answers that are kept, shown at once and made anew behind the page: no request waits for a settlement in vain.

An answer is current as long as no file that it rests on has changed and no quarter of an hour has ended since. One that
isn't is made anew; who asks waits a moment for it, and is then given the last one, marked as such.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import msgspec

from central.answers import Span
from central.ask import Answer, Question
from central.enquiry import Enquiry
from central.marks import Marks
from central.places import told
from metering.period import QUARTER, floor_to
from runtime.clock import monotonic_s
from runtime.log import logger

_log = logger("central.web")
Q = TypeVar("Q", bound=Hashable)
PATIENCE_S = 0.4
"""How long a request waits for a newer answer when there is an older one, and a page for its first."""
OLD_S = 30.0
"""Age at which an answer is made anew in any case: findings tell how long something has been silent."""
_REST = 2.0
"""How many times as long as it took an answer rests before it is made anew: at most a third of a processor."""
_KEPT = 64
_NOT_KEPT = ("shares", "stands")
"""Questions whose answers have a row for each point and period: too large to keep."""


class Seen(msgspec.Struct, frozen=True):
    """An answer as it is given to who asks."""

    answer: Answer | None
    """None: the first one is being made."""
    newer: bool = False
    """Whether a newer one is being made."""


class Look(Protocol):
    """Asks for an answer; with ``wait`` as long as it takes if there is none yet."""

    def __call__(self, question: Question, span: Span, at: datetime, *, wait: bool) -> Awaitable[Seen]:
        """The answer as of ``at``, or the last one."""


class Enquire(Protocol):
    """Asks what isn't of the books' span: the register, the conditions; with ``wait`` as long as it takes."""

    def __call__(self, enquiry: Enquiry, at: datetime, *, wait: bool) -> Awaitable[Seen]:
        """The answer as of ``at``, or the last one."""

    def peek(self, enquiry: Enquiry, at: datetime) -> Answer | None:
        """The answer that is kept, if it is current; nothing is made."""


class _Kept(msgspec.Struct, frozen=True):
    answer: Answer
    state: tuple[Marks, datetime]
    made_s: float
    took_s: float


class Fresh(Generic[Q]):
    """The kept answers; ``run`` makes them, one at a time."""

    def __init__(
        self,
        compute: Callable[[Q, Span, datetime], Awaitable[Answer]],
        marks: Callable[[], Marks],
        old_s: float = OLD_S,
    ) -> None:
        """Nothing is kept yet."""
        self._old_s = old_s
        self._compute = compute
        self._marks = marks
        self._kept: dict[tuple[Q, str], _Kept] = {}
        self._wanted: asyncio.Queue[tuple[Q, Span, datetime]] = asyncio.Queue()
        self._pending: dict[tuple[Q, str], asyncio.Event] = {}

    async def look(self, question: Q, span: Span, at: datetime, *, wait: bool) -> Seen:
        """See ``Look``."""
        key = (question, str(span))
        if question in _NOT_KEPT:
            return Seen(await self._compute(question, span, at))
        kept = self._kept.get(key)
        if kept is not None and self._current(kept, at):
            return Seen(kept.answer)
        if kept is not None and monotonic_s() - kept.made_s < _REST * kept.took_s:
            return Seen(kept.answer, newer=True)
        done = self._want(question, span, at)
        if kept is not None and kept.took_s > PATIENCE_S:
            # It won't be there in a moment: who asks is given the last one at once.
            return Seen(kept.answer, newer=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if wait and kept is None else PATIENCE_S):
                await done.wait()
        kept = self._kept.get(key)
        return Seen(kept.answer if kept else None, newer=not done.is_set())

    def peek(self, question: Q, span: Span, at: datetime) -> Answer | None:
        """The answer that is kept, if it is still current; nothing is made."""
        kept = self._kept.get((question, str(span)))
        return kept.answer if kept is not None and self._current(kept, at) else None

    async def run(self) -> None:
        """Make what is wanted, for ever."""
        while True:
            question, span, at = await self._wanted.get()
            key = (question, str(span))
            state: tuple[Marks, datetime] = ((), at)
            begun = monotonic_s()
            try:
                state = self._state(at)
                answer = await self._compute(question, span, at)
            except Exception as error:  # noqa: BLE001 - a page that fails must not end the service that gives receipts
                _log.error("answer_failed", question=str(question), span=str(span), error=repr(error))
                answer = Answer(None, f"this can't be answered: {told(repr(error), ())}; the log says more")
            made = monotonic_s()
            self._kept.pop(key, None)
            self._kept[key] = _Kept(answer, state, made, made - begun)
            while len(self._kept) > _KEPT:
                del self._kept[next(iter(self._kept))]
            self._pending.pop(key).set()

    def _want(self, question: Q, span: Span, at: datetime) -> asyncio.Event:
        key = (question, str(span))
        if key not in self._pending:
            self._pending[key] = asyncio.Event()
            self._wanted.put_nowait((question, span, at))
        return self._pending[key]

    def _state(self, at: datetime) -> tuple[Marks, datetime]:
        return self._marks(), floor_to(at, QUARTER)

    def _current(self, kept: _Kept, at: datetime) -> bool:
        # Trouble is no answer: a server that was down may be back without a file having changed.
        known = kept.answer.value is not None
        return known and kept.state == self._state(at) and monotonic_s() - kept.made_s < self._old_s
