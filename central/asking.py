"""When which gateway is asked for what: told what central holds at every connection, and what someone asked for.

A request is published now and then until the gateway says that it is done: the broker may lose it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from central.held import Held
from central.requests import Asked
from metering.wire import HELD, GatewayStatus, OutboxStatus, ResendRequest

_AGAIN_S: Final = 90.0
"""A status comes every minute."""
_HELD_AGAIN_S: Final = 900.0
_MOST: Final = 50
"""So many requests are with one gateway at a time."""


class Asking:
    """What was published when, in seconds of the monotonic clock; pure but for what it is given."""

    def __init__(self) -> None:
        """Nobody has been heard."""
        self._outboxes: dict[str, str] = {}
        self._told_s: dict[str, float] = {}
        self._asked_s: dict[str, float] = {}

    def connected(self) -> None:
        """The connection to the broker is new: what was published on the old one may be lost."""
        self._told_s.clear()
        self._asked_s.clear()

    def heard(self, gateway: str, status: GatewayStatus) -> None:
        """A gateway's status came."""
        outbox = status.outbox.id if status.online and isinstance(status.outbox, OutboxStatus) else None
        if outbox != self._outboxes.get(gateway):
            self._told_s.pop(gateway, None)
        if outbox is None:
            self._outboxes.pop(gateway, None)
        else:
            self._outboxes[gateway] = outbox

    def due(self, now_s: float, held: Held, unanswered: Iterable[Asked]) -> Iterator[tuple[str, ResendRequest]]:
        """What to publish now, and to whom."""
        for gateway, outbox in self._outboxes.items():
            if now_s - self._told_s.get(gateway, -_HELD_AGAIN_S) >= _HELD_AGAIN_S:
                self._told_s[gateway] = now_s
                yield gateway, ResendRequest(id=HELD, outbox=outbox, held=held.spans(gateway, outbox))
        with_gateway: dict[str, int] = {}
        for one in unanswered:
            with_gateway[one.gateway] = with_gateway.get(one.gateway, 0) + 1
            if one.gateway not in self._outboxes or with_gateway[one.gateway] > _MOST:
                continue
            if now_s - self._asked_s.get(one.id, -_AGAIN_S) >= _AGAIN_S:
                self._asked_s[one.id] = now_s
                yield one.gateway, one.request
