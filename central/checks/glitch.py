"""``glitch``: values that a gateway read and didn't believe; while that goes on it has no stands of the register."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import IntakeSeen
from central.finding import Finding, unit_of
from central.found import found
from central.reports.note import Note
from central.sentence import Fact, counted, heard, joined, sentence
from metering.wire import Rejected


def check(seen: IntakeSeen) -> Iterator[Finding]:
    """One for each register and time that a gateway's status tells of; over when a value was believed again."""
    for gateway in seen.gateways:
        for meter in gateway.status.meters if gateway.status else ():
            for one in meter.rejected or ():
                yield found(
                    kind="glitch",
                    what=meter.id,
                    where=sentence(
                        "findings.where.register",
                        "gateway {gateway}, register {register}",
                        gateway=gateway.gateway,
                        register=one.register,
                    ),
                    since=one.at,
                    until=one.until or seen.now,
                    first=one.last_value or None,
                    second=one.value or None,
                    unit=unit_of(one.register),
                    text=_said(one),
                    way_out="look at line, meter and profile; a register that counts on begins a new life by itself",
                    identity=(gateway.gateway, meter.id, one.register, one.at.isoformat()),
                    over=one.until is not None,
                )


def _said(one: Rejected) -> Note:
    unit = unit_of(one.register)
    value = (
        sentence("findings.glitch_value", "{value_num} {unit}", value_num=one.value, unit=unit)
        if one.value
        else Note("findings.glitch_no_number", "no number")
    )
    facts: dict[str, Fact] = {"register": one.register, "value": value, "problem": heard(one.problem)}
    parts = [
        sentence(
            "findings.glitch_after",
            "register {register}: {value} after {last_num} {unit} ({problem})",
            last_num=one.last_value,
            unit=unit,
            **facts,
        )
        if one.last_value
        else sentence("findings.glitch", "register {register}: {value} ({problem})", **facts)
    ]
    parts.append(counted("findings.not_believed", one.count, "value not believed", "values not believed"))
    if one.until is not None:
        parts.append(sentence("findings.plausible_again", "plausible again at {at}", at=one.until))
    return joined(parts)
