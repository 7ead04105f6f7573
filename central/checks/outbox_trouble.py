"""``outbox_trouble``: a gateway's disk is full or its outbox was damaged, as its status says."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding
from central.found import found
from central.sentence import heard, joined, sentence
from metering.wire import OutboxStatus


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each such gateway."""
    for one in seen.gateways:
        outbox = one.status.outbox if one.status is not None else None
        if not isinstance(outbox, OutboxStatus) or not (outbox.trouble or outbox.unwritten or outbox.lost):
            continue
        said = [heard(part) for part in outbox.trouble.split("; ") if part]
        if outbox.unwritten or outbox.lost:
            counts = "{unwritten_num} stands are in its memory alone, {lost_num} are lost"
            facts = {"unwritten_num": outbox.unwritten, "lost_num": outbox.lost}
            said.append(sentence("findings.outbox_counts", counts, **facts))
        yield found(
            kind="outbox_trouble",
            what=one.gateway,
            where=sentence("findings.where.gateway", "gateway {gateway}", gateway=one.gateway),
            since=one.heard,
            until=one.heard,
            first=str(outbox.unwritten),
            second=str(outbox.lost),
            unit="stands",
            text=joined(said),
            way_out="make room on the gateway's disk; after damage replace the card, keep the file that was set aside",
            identity=(one.gateway,),
        )
