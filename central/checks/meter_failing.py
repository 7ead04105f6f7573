"""``meter_failing``: a meter that doesn't answer its gateway, or not as it should."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding, when
from metering.period import utc_text


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each meter with an error in its gateway's last status."""
    for gateway in seen.gateways:
        for meter in gateway.status.meters if gateway.status else ():
            if not meter.error:
                continue
            read = "it was never read" if meter.last_read is None else f"last read {when(meter.last_read)}"
            yield Finding(
                kind="meter_failing",
                what=meter.id,
                where=f"gateway {gateway.gateway}, bus {meter.bus}",
                since=meter.last_read or gateway.heard,
                until=seen.now,
                first=None if meter.last_read is None else utc_text(meter.last_read),
                second=utc_text(seen.now),
                unit="instant",
                text=f"{meter.error}; {read}",
                way_out="see to the meter, its line and its address (klaster-gateway has the commands to try it)",
                identity=(gateway.gateway, meter.id),
            )
