"""``clock``: stands whose instants can't be trusted, because the gateway's clock was doubtful, ahead or set back."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import ClockDoubt, IntakeSeen
from central.finding import Finding
from central.found import found
from central.reports.note import Note
from central.sentence import counted, sentence
from metering.period import utc_text


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each stretch of such stands: no later data repairs them."""
    for doubt in seen.clocks:
        yield found(
            kind="clock",
            what=doubt.gateway,
            where=sentence("findings.where.gateway", "gateway {gateway}", gateway=doubt.gateway),
            since=doubt.since,
            until=doubt.until,
            first=utc_text(doubt.first),
            second=utc_text(doubt.second),
            unit="instant",
            text=sentence(
                "findings.clock",
                "{stands}: {said}",
                stands=counted("findings.stands", doubt.stands, "stand", "stands"),
                said=_said(doubt),
            ),
            way_out="set the gateway's clock right (NTP), judge the stands of that time, then acknowledge this",
            identity=(doubt.gateway, doubt.problem, doubt.begun.isoformat()),
        )


def _said(doubt: ClockDoubt) -> Note:
    match doubt.problem:
        case "ahead":
            key = "findings.clock_ahead"
            said = "from the future: for {first} by the gateway's clock, and here already at {second}"
        case "back":
            key = "findings.clock_back"
            said = "the clock was set back: {first} by the gateway's clock, after {second}"
        case _:
            key = "findings.clock_unsynchronised"
            said = "the gateway's clock wasn't synchronised: {first} by it, received at {second}"
    return sentence(key, said, first=doubt.first, second=doubt.second)
