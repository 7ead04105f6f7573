"""Pkt 2 of both paragraphs: the power of what generates is at most 150 MW."""

from __future__ import annotations

from fractions import Fraction

from central.conditions.condition import Between, Condition, at_most
from central.conditions.devices import Devices
from central.conditions.rules import MOST_KW, Rules


def power_limit(devices: Devices, rules: Rules) -> Condition:
    """RES installations by nameplate (art. 2 pkt 19b) and other generating units together; storages don't count."""
    power, most = devices.generating_kw, Fraction(MOST_KW)
    known = power.high is not None or power.low > most
    return Condition(
        rule="power_limit",
        article=rules.article(2),
        state=at_most(power, most),
        threshold=most,
        value=power,
        unit="kW",
        margin=Between.just(most - power.low) if known else None,
        margin_unit="kW",
        numbers={f"{kind.value}_kw": Between.just(kw) for kind, kw in sorted(devices.by_kind().items())},
        missing=devices.missing,
    )
