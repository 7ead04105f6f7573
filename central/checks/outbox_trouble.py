"""``outbox_trouble``: a gateway's disk is full or its outbox was damaged, as its status says."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding
from metering.wire import OutboxStatus


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each such gateway."""
    for one in seen.gateways:
        outbox = one.status.outbox if one.status is not None else None
        if not isinstance(outbox, OutboxStatus) or not (outbox.trouble or outbox.unwritten or outbox.lost):
            continue
        counts = f"{outbox.unwritten} stands are in its memory alone, {outbox.lost} are lost"
        yield Finding(
            kind="outbox_trouble",
            what=one.gateway,
            where=f"gateway {one.gateway}",
            since=one.heard,
            until=one.heard,
            first=str(outbox.unwritten),
            second=str(outbox.lost),
            unit="stands",
            text=f"{outbox.trouble}; {counts}" if outbox.unwritten or outbox.lost else outbox.trouble,
            way_out="make room on the gateway's disk; after damage replace the card, keep the file that was set aside",
            identity=(one.gateway,),
        )
