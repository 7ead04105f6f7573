"""``meter_failing``: a meter that doesn't answer its gateway, or not as it should."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding
from central.found import found
from central.reports.note import Note
from central.sentence import heard, joined, sentence
from metering.period import utc_text


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each meter with an error in its gateway's last status."""
    for gateway in seen.gateways:
        for meter in gateway.status.meters if gateway.status else ():
            if not meter.error:
                continue
            read = (
                Note("findings.never_read", "it was never read")
                if meter.last_read is None
                else sentence("findings.last_read", "last read {at}", at=meter.last_read)
            )
            yield found(
                kind="meter_failing",
                what=meter.id,
                where=sentence(
                    "findings.where.bus", "gateway {gateway}, bus {bus}", gateway=gateway.gateway, bus=meter.bus
                ),
                since=meter.last_read or gateway.heard,
                until=seen.now,
                first=None if meter.last_read is None else utc_text(meter.last_read),
                second=utc_text(seen.now),
                unit="instant",
                text=joined([heard(meter.error), read]),
                way_out="see to the meter, its line and its address (klaster-gateway has the commands to try it)",
                identity=(gateway.gateway, meter.id),
            )
