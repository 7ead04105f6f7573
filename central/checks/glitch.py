"""``glitch``: values that a gateway read and didn't believe; while that goes on it has no stands of the register."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding, unit_of, when


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each register and time that a gateway's status tells of; over when a value was believed again."""
    for gateway in seen.gateways:
        for meter in gateway.status.meters if gateway.status else ():
            for one in meter.rejected or ():
                over = "" if one.until is None else f"; plausible again at {when(one.until)}"
                unit = unit_of(one.register)
                value = f"{one.value} {unit}" if one.value else "no number"
                after = f" after {one.last_value} {unit}" if one.last_value else ""
                yield Finding(
                    kind="glitch",
                    what=meter.id,
                    where=f"gateway {gateway.gateway}, register {one.register}",
                    since=one.at,
                    until=one.until or seen.now,
                    first=one.last_value or None,
                    second=one.value or None,
                    unit=unit,
                    text=f"register {one.register}: {value}{after} ({one.problem}); "
                    f"{one.count} value{'s' if one.count > 1 else ''} not believed{over}",
                    way_out="look at line, meter and profile; a register that counts on begins a new life by itself",
                    identity=(gateway.gateway, meter.id, one.register, one.at.isoformat()),
                    over=one.until is not None,
                )
