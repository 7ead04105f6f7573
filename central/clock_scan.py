"""Which stands' instants can't be trusted, and which months new stands touch: from messages in their order. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from central.evidence import ClockDoubt
from metering.period import WARSAW, Month, months
from metering.wire import ClockState, Refused, StandOnWire, decode_stands

TOLERANCE = timedelta(seconds=60)
"""So far a gateway's clock may be ahead of central's, or be set back, without a word."""
NEAR = timedelta(days=62)
"""Two stands nearer to each other than this may prove what lies between them."""

RegisterKey = tuple[str, str, str]
"""Gateway, meter, register."""


class Newest(msgspec.Struct, frozen=True):
    """The stand of a register with the highest sequence of its outbox."""

    outbox: str
    sequence: int
    at: datetime
    after: datetime


class ClockScan:
    """What messages tell of gateways' clocks. One stretch of doubts lasts a local day at most."""

    def __init__(self, position: int, newest: dict[RegisterKey, Newest], doubts: list[ClockDoubt]) -> None:
        """Go on from the message ``position`` of the journal, with what was found before."""
        self.position = position
        self.newest = newest
        self.doubts = doubts
        self.touched: set[Month] = set()
        """Months to which the messages that were taken here may have brought something."""
        self.moved: set[RegisterKey] = set()
        self.changed: list[ClockDoubt] = []
        self._last = {(one.gateway, one.problem): one for one in doubts}

    def take(self, number: int, received: datetime, gateway: str, payload: bytes) -> None:
        """Look at one journalled message."""
        self.position = number
        found = decode_stands(gateway, payload)
        if isinstance(found, Refused):
            return
        outbox, stands = found
        neighbours = set()
        for stand in stands:
            if isinstance(stand, StandOnWire):
                before = self.newest.get((gateway, stand.meter, stand.register))
                neighbours.add((before.at if before else None, stand.at))
                self._stand(outbox, received, gateway, stand, before)
        for first, second in neighbours:
            self.touched.update(_months(first, second))

    def _stand(self, outbox: str, received: datetime, gateway: str, stand: StandOnWire, before: Newest | None) -> None:
        if stand.clock is ClockState.UNSYNCHRONISED:
            self._doubt(gateway, "unsynchronised", received, stand.at, stand.at, received, widest=False)
        if stand.at - received > TOLERANCE:
            self._doubt(gateway, "ahead", received, stand.at, stand.at, received)
        if before is not None and before.outbox == outbox:
            earlier, later = before.after, stand.after
            if stand.sequence < before.sequence:
                earlier, later = later, earlier
            if earlier - later > TOLERANCE:
                self._doubt(gateway, "back", received, stand.at, later, earlier)
        if before is None or before.outbox != outbox or stand.sequence > before.sequence:
            key = (gateway, stand.meter, stand.register)
            self.newest[key] = Newest(outbox, stand.sequence, stand.at, stand.after)
            self.moved.add(key)

    def _doubt(
        self,
        gateway: str,
        problem: str,
        received: datetime,
        at: datetime,
        first: datetime,
        second: datetime,
        *,
        widest: bool = True,
    ) -> None:
        last = self._last.get((gateway, problem))
        if last is None or last.begun.astimezone(WARSAW).date() != received.astimezone(WARSAW).date():
            last = ClockDoubt(
                gateway=gateway,
                problem=problem,
                begun=received,
                seen=received,
                since=at,
                until=at,
                first=first,
                second=second,
            )
            self._last[gateway, problem] = last
            self.doubts.append(last)
        else:
            last.seen, last.stands = received, last.stands + 1
            last.since, last.until = min(last.since, at), max(last.until, at)
            if widest and abs(first - second) > abs(last.first - last.second):
                last.first, last.second = first, second
        if not any(one is last for one in self.changed):
            self.changed.append(last)


def _months(before: datetime | None, at: datetime) -> Iterator[Month]:
    """The months of which a stand may end or begin an energy: its own, and those between it and its neighbour."""
    yield from _around(at)
    if before is not None and _month(before) != _month(at) and abs(at - before) <= NEAR:
        yield from months(_month(min(before, at)), _month(max(before, at)))
    elif before is not None and at < before:
        # It may split a gap whose other end isn't known here.
        yield from months(_month(at - NEAR), _month(at + NEAR))


def _around(at: datetime) -> Iterator[Month]:
    """A stand at a month's beginning also ends the month before."""
    yield _month(at)
    yield _month(at - timedelta(seconds=1))


@lru_cache(4096)
def _month(at: datetime) -> Month:
    return Month.of(at)
