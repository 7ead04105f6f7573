"""``conflict`` and ``refused``: stands and messages that central received and that aren't in the books."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding, unit_of
from central.found import found
from central.sentence import Fact, heard, sentence
from metering.wire import Verdict


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each that was kept: no later data repairs it."""
    for doubt in seen.doubts:
        conflict = doubt.verdict is Verdict.CONFLICT
        if conflict:
            values = "{first_num} {unit} stays, {later_num} {unit} came later"
            facts: dict[str, Fact] = {
                "register": doubt.register,
                "first_num": doubt.first_wh,
                "later_num": doubt.wh,
                "unit": unit_of(doubt.register),
            }
            said = (
                sentence("findings.conflict", "register {register}: " + values, **facts)
                if doubt.at is None
                else sentence(
                    "findings.conflict_at", f"register {{register}} at {{at}}: {values}", at=doubt.at, **facts
                )
            )
            way_out = "find out why one stand was sent with two values; the first counts"
        else:
            said = sentence(
                "findings.refused",
                "message {number} of the journal: {reason}",
                number=str(doubt.journal),
                reason=heard(doubt.reason),
            )
            way_out = "look at the gateway's outbox: the row is set aside there"
        instant = "" if doubt.at is None else doubt.at.isoformat()
        yield found(
            kind=doubt.verdict.value,
            what=doubt.meter or doubt.gateway,
            where=sentence("findings.where.gateway", "gateway {gateway}", gateway=doubt.gateway),
            since=doubt.at,
            until=doubt.at,
            first=doubt.first_wh if conflict else None,
            second=doubt.wh if conflict else None,
            unit=unit_of(doubt.register) if conflict else "",
            text=said,
            way_out=way_out,
            identity=(str(doubt.journal), doubt.gateway, doubt.meter, doubt.register, instant, doubt.wh, doubt.reason),
        )
