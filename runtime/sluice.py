"""So many lines an hour of each event, and no more: a fault that repeats itself can't fill an SD card with its log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

_HOUR_S = 3600.0


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at_s: float
    held_back: int = 0


class Sluice:
    """A processor of structlog: lets each event's lines pass up to a rate, and counts those it holds back.

    A burst of an hour's worth may pass at once; after that lines come at the pace of the rate, the next of each event
    with ``held_back``, the number that was dropped before it.
    """

    def __init__(self, lines_an_hour: int, monotonic_s: Callable[[], float]) -> None:
        """``lines_an_hour`` of each event name; ``monotonic_s`` tells time in seconds."""
        self._rate = lines_an_hour / _HOUR_S
        self._most = float(lines_an_hour)
        self._now_s = monotonic_s
        self._buckets: dict[str, _Bucket] = {}

    def __call__(self, _: object, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        """Pass a line on.

        Raises:
            structlog.DropEvent: it is held back.
        """
        now_s = self._now_s()
        bucket = self._buckets.setdefault(str(event.get("event")), _Bucket(self._most, now_s))
        bucket.tokens = min(self._most, bucket.tokens + (now_s - bucket.at_s) * self._rate)
        bucket.at_s = now_s
        if bucket.tokens < 1:
            bucket.held_back += 1
            raise structlog.DropEvent
        bucket.tokens -= 1
        if bucket.held_back:
            event["held_back"], bucket.held_back = bucket.held_back, 0
        return event
