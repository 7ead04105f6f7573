"""``clock``: stands whose instants can't be trusted, because the gateway's clock was doubtful, ahead or set back."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import ClockDoubt, IntakeSeen
from central.finding import Finding, when
from metering.period import utc_text


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each stretch of such stands: no later data repairs them."""
    for doubt in seen.clocks:
        yield Finding(
            kind="clock",
            what=doubt.gateway,
            where=f"gateway {doubt.gateway}",
            since=doubt.since,
            until=doubt.until,
            first=utc_text(doubt.first),
            second=utc_text(doubt.second),
            unit="instant",
            text=f"{doubt.stands} stand{'s' if doubt.stands > 1 else ''}: {_said(doubt)}",
            way_out="set the gateway's clock right (NTP), judge the stands of that time, then acknowledge this",
            identity=(doubt.gateway, doubt.problem, doubt.begun.isoformat()),
        )


def _said(doubt: ClockDoubt) -> str:
    first, second = when(doubt.first), when(doubt.second)
    match doubt.problem:
        case "ahead":
            return f"from the future: for {first} by the gateway's clock, and here already at {second}"
        case "back":
            return f"the clock was set back: {first} by the gateway's clock, after {second}"
        case _:
            return f"the gateway's clock wasn't synchronised: {first} by it, received at {second}"
