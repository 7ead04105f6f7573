"""``put_off``: central's disk is short, and a gateway sends so much that its messages aren't taken in."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding
from central.found import found
from central.sentence import sentence
from metering.period import utc_text


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each such gateway."""
    for one in seen.gateways:
        if (at := one.put_off_lately(seen.now)) is None:
            continue
        yield found(
            kind="put_off",
            what=one.gateway,
            where=sentence("findings.where.gateway", "gateway {gateway}", gateway=one.gateway),
            since=at,
            until=max(seen.now, at),
            first=utc_text(at),
            second=utc_text(seen.now),
            unit="instant",
            text=sentence(
                "findings.put_off",
                "central's disk is short and it sends much: not taken in {at}; it keeps its stands",
                at=at,
            ),
            way_out="make room on central's disk; if the gateway sends no backlog, look what it sends",
            identity=(one.gateway,),
        )
