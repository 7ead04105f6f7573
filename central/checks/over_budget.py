"""``over_budget``: a gateway sends more than one may, so some of its messages aren't taken in."""

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
        if (over := one.over_lately(seen.now)) is None:
            continue
        if over.shut_until is not None:
            text = sentence(
                "findings.flooded",
                "at {at} it sent so much that the others' messages waited at the broker: it isn't listened to until "
                "{until}, and keeps its stands",
                at=over.at,
                until=over.shut_until,
            )
        else:
            text = sentence(
                "findings.over_budget_bytes" if over.unit == "bytes" else "findings.over_budget_messages",
                "since {since} it sent {sent_num} " + over.unit + "; it has used up what it may send, and an hour adds "
                "{budget_num}: messages not taken in: {put_off_num}; it keeps its stands",
                since=over.since,
                sent_num=over.sent,
                budget_num=over.budget,
                put_off_num=over.put_off,
            )
        yield found(
            kind="over_budget",
            what=one.gateway,
            where=sentence("findings.where.gateway", "gateway {gateway}", gateway=one.gateway),
            since=over.since,
            until=max(seen.now, over.at),
            first=utc_text(over.at) if over.shut_until else str(over.sent),
            second=utc_text(over.shut_until) if over.shut_until else str(over.budget),
            unit="instant" if over.shut_until else over.unit,
            text=text,
            way_out="look what it sends, and stop or repair it; raise [intake] if all of it is wanted",
            identity=(one.gateway,),
        )
