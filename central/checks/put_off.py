"""``put_off``: central's disk is short, and a gateway sends so much that its messages aren't taken in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from central.evidence import IntakeSeen
from central.finding import Finding, when
from metering.period import utc_text

LATELY = timedelta(minutes=10)
"""A gateway sends again after a minute at most: put off since then, it still is."""


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each such gateway."""
    for one in seen.gateways:
        if one.put_off is None or seen.now - one.put_off > LATELY:
            continue
        yield Finding(
            kind="put_off",
            what=one.gateway,
            where=f"gateway {one.gateway}",
            since=one.put_off,
            until=max(seen.now, one.put_off),
            first=utc_text(one.put_off),
            second=utc_text(seen.now),
            unit="instant",
            text=f"central's disk is short and it sends much: not taken in {when(one.put_off)}; it keeps its stands",
            way_out="make room on central's disk; if the gateway sends no backlog, look what it sends",
            identity=(one.gateway,),
        )
