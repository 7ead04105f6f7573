"""``conflict`` and ``refused``: stands and messages that central received and that aren't in the books."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding, unit_of, when
from metering.wire import Verdict


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each that was kept: no later data repairs it."""
    for doubt in seen.doubts:
        conflict = doubt.verdict is Verdict.CONFLICT
        if conflict:
            at = "" if doubt.at is None else f" at {when(doubt.at)}"
            unit = unit_of(doubt.register)
            said = f"register {doubt.register}{at}: {doubt.first_wh} {unit} stays, {doubt.wh} {unit} came later"
            way_out = "find out why one stand was sent with two values; the first counts"
        else:
            said = f"message {doubt.journal} of the journal: {doubt.reason}"
            way_out = "look at the gateway's outbox: the row is set aside there"
        instant = "" if doubt.at is None else doubt.at.isoformat()
        yield Finding(
            kind=doubt.verdict.value,
            what=doubt.meter or doubt.gateway,
            where=f"gateway {doubt.gateway}",
            since=doubt.at,
            until=doubt.at,
            first=doubt.first_wh if conflict else None,
            second=doubt.wh if conflict else None,
            unit=unit_of(doubt.register) if conflict else "",
            text=said,
            way_out=way_out,
            identity=(str(doubt.journal), doubt.gateway, doubt.meter, doubt.register, instant, doubt.wh, doubt.reason),
        )
