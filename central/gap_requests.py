"""Which gateways are to be asked for what they may still hold. Pure: gaps, meters and what was asked before go in.

Only what was receipted before can be asked for again, so a gap waits for an hour, and for as long as its gateway has a
backlog: those rows come by themselves. A gateway that has answered and didn't have it is asked again after a pause that
grows: 1 hour, 4, 16, 64 …, 30 days at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from central.asked_for import FIRST, KEPT, AskedFor
from central.causes import Causes, Stretch
from central.evidence import GatewaySeen

AN_HOUR: Final = 6
"""So many requests a gateway gets in an hour."""
_MOST_METERS: Final = 1000


class ToAsk(msgspec.Struct, frozen=True, kw_only=True):
    """One request to be made: a range of time, and all meters of the gateway that lack it."""

    gateway: str
    since: datetime
    until: datetime
    meters: tuple[str, ...]
    points: tuple[str, ...]


def to_ask(
    gaps: Iterable[tuple[str, datetime, datetime]],
    causes: Causes,
    gateways: Sequence[GatewaySeen],
    asked: Iterable[AskedFor],
    under_way: frozenset[str],
    now: datetime,
) -> list[ToAsk]:
    """What to ask for now; ``gaps`` are point, since and until, ``under_way`` the ids of requests that aren't done."""
    there = {one.gateway for one in gateways if one.status and one.status.online and not one.status.backlog}
    before: dict[tuple[str, str, datetime], AskedFor] = {}
    lately: dict[str, set[str]] = {}
    for row in asked:
        before[row.gateway, row.point, row.since] = row
        if row.at > now - timedelta(hours=1):
            lately.setdefault(row.gateway, set()).add(row.request)
    wanted: dict[tuple[str, datetime, datetime], dict[str, set[str]]] = {}
    for point, since, until in gaps:
        if until > now - FIRST or until <= now - KEPT:
            continue
        stretch = Stretch(point=point, direction="", since=since, until=until)
        for meter, named in causes.meters(stretch):
            for gateway in named:
                last = before.get((gateway, point, since))
                if gateway in there and (last is None or (last.again <= now and last.request not in under_way)):
                    wanted.setdefault((gateway, since, until), {}).setdefault(meter, set()).add(point)
    return list(_bounded(wanted, {name: len(ids) for name, ids in lately.items()}, before))


def _bounded(
    wanted: Mapping[tuple[str, datetime, datetime], Mapping[str, set[str]]],
    made: dict[str, int],
    before: Mapping[tuple[str, str, datetime], AskedFor],
) -> Iterable[ToAsk]:
    """What was never asked for first, then the longest; no more of each gateway than it gets in an hour."""

    def order(key: tuple[str, datetime, datetime]) -> tuple[bool, timedelta, datetime]:
        gateway, since, until = key
        points = set().union(*wanted[key].values())
        return all((gateway, point, since) in before for point in points), since - until, since

    for key in sorted(wanted, key=order):
        gateway, since, until = key
        if made.get(gateway, 0) >= AN_HOUR:
            continue
        made[gateway] = made.get(gateway, 0) + 1
        meters = sorted(wanted[key])[:_MOST_METERS]
        points = sorted(set().union(*(wanted[key][meter] for meter in meters)))
        yield ToAsk(gateway=gateway, since=since, until=until, meters=tuple(meters), points=tuple(points))
