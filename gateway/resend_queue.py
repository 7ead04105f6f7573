"""What central has asked for again: kept over a restart, answered one after the other, oldest rows first.

What central tells of what it holds is a request too, but isn't kept: it comes anew with every connection.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from gateway.outbox import Outbox
from gateway.outbox_thread import OutboxThread
from gateway.resends import Resend
from metering.spans import Span, add, joined
from metering.wire import HELD, RequestStatus, StandOnWire, decode_request
from runtime.log import logger

_log = logger("gateway.resends")
_MOST: Final = 100
"""So many requests are under way at most, and so many are told of in the status."""


class ResendQueue:
    """The requests of one gateway. Its errors of the disk are ``sqlite3.Error``, for its owner to handle."""

    def __init__(self, outbox: OutboxThread) -> None:
        """Nothing is read before ``load``."""
        self._outbox = outbox
        self._kept: list[Resend] = []
        self._done: list[RequestStatus] = []
        self._held: Resend | None = None
        self._receipted: list[Span] = []
        self._loaded = False

    @property
    def waiting(self) -> bool:
        """Whether there are rows still to be read."""
        return not self._loaded or any(not one.read for one in self._all)

    @property
    def _all(self) -> list[Resend]:
        return [*self._kept, *([self._held] if self._held else [])]

    def statuses(self) -> tuple[RequestStatus, ...]:
        """How far each request is, those answered too."""
        under_way = [RequestStatus(id=one.request.id, stands=one.stands, done=False) for one in self._kept]
        return tuple([*self._done, *under_way][-_MOST:])

    def receipted(self, sequences: Iterable[int]) -> None:
        """Rows that this central has receipted: what it told of itself a moment ago may not know them yet."""
        self._receipted = add(self._receipted, sequences)

    def central_is_new(self) -> None:
        """Central has come back, and may have lost what it has receipted."""
        self._receipted = []

    async def take(self, payload: bytes) -> None:
        """Read what came on the topic of requests. Raises sqlite3.Error."""
        try:
            request = decode_request(payload)
        except msgspec.DecodeError as error:
            _log.warning("request_unreadable", error=str(error))
            return
        await self._load()
        if request.outbox not in {None, self._outbox.id}:
            _log.info("request_of_another_outbox", request=request.id, outbox=request.outbox)
        elif request.id == HELD:
            self._held = Resend(request)
        elif len(self._kept) >= _MOST:
            _log.warning("request_not_taken", request=request.id, under_way=len(self._kept))
        elif request.id not in {one.id for one in self.statuses()}:
            await self._outbox.run(Outbox.ask, request)
            self._kept.append(Resend(request))
            _log.info("request_taken", request=request.id)

    async def more(self, limit: int) -> list[StandOnWire]:
        """Up to ``limit`` further rows to be sent again. Raises sqlite3.Error."""
        await self._load()
        for one in self._all:
            if one.read:
                continue
            if one is self._held:
                held = joined([*(one.request.held or ()), *self._receipted])
                one.request = msgspec.structs.replace(one.request, held=tuple(held))
            rows = await self._outbox.run(Outbox.again, one, limit)
            one.read = len(rows) < limit
            one.stands += len(rows)
            one.after = rows[-1].sequence if rows else one.after
            if rows and one is self._held and one.stands == len(rows):
                _log.warning("central_lacks_stands", first=rows[0].sequence, next="they are sent again")
            return rows
        return []

    async def landed(self) -> None:
        """All that was sent again has its receipt: what was read to its end is done. Raises sqlite3.Error."""
        if self._held and self._held.read:
            if self._held.stands:
                _log.info("central_has_all_again", stands=self._held.stands)
            self._held = None
        for one in [one for one in self._kept if one.read]:
            await self._outbox.run(Outbox.answered, one.request.id)
            # Sending and settling both come here: the other may have told of it meanwhile.
            if one not in self._kept:
                continue
            self._kept.remove(one)
            self._done = [*self._done, RequestStatus(id=one.request.id, stands=one.stands, done=True)][-_MOST:]
            _log.info("request_answered", request=one.request.id, stands=one.stands)

    async def _load(self) -> None:
        if self._loaded:
            return
        requests = await self._outbox.run(Outbox.requests)
        # Sending and receiving both come here first: who reads second must not replace what the other works on.
        if not self._loaded:
            self._kept = [Resend(request) for request in requests]
            self._loaded = True
