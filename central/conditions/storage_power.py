"""Pkt 3: storages have at least 2 % (from 2027 on 5 %) of the power that generates. Power, not capacity."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from central.conditions.condition import Between, Condition, Need, Trend, at_least
from central.conditions.devices import Devices
from central.conditions.rules import Rules
from central.reports.note import said

_NOTHING = said("conditions.without.any_installation", "any installation that generates")
_RECORDED = said("conditions.basis.recorded", "the installations recorded for then")


def storage_power(devices: Devices, rules: Rules, then: Devices, until: datetime) -> Condition:
    """``then``: what is recorded for the end of the year, ``until``."""
    asked = devices.generating_kw.times(rules.storage)
    storing = devices.storing_kw
    low = None if asked.high is None else storing.low - asked.high
    high = None if storing.high is None else storing.high - asked.low
    value = _share(devices)
    state = at_least(value, rules.storage)
    needs = []
    if state.value != "met" and asked.high is not None and asked.high > storing.low:
        needs.append(
            Need(said("conditions.need.kind", "storage", kind_key="source.storage"), asked.high - storing.low, "kW")
        )
    later = _share(then)
    return Condition(
        rule="storage_power",
        article=rules.article(3),
        state=state,
        threshold=rules.storage,
        value=value,
        margin=None if low is None else Between(low, high),
        margin_unit="kW",
        numbers={"storage_kw": storing, "generating_kw": devices.generating_kw, "asked_kw": asked},
        missing=(*devices.missing, *devices.missing_storages) or (() if value else (_NOTHING,)),
        trend=Trend(_RECORDED, until, later, at_least(later, rules.storage)),
        needs=needs,
    )


def _share(devices: Devices) -> Between | None:
    if devices.generating_kw == Between.just(Fraction(0)):
        return None
    return devices.storing_kw.share_of(devices.generating_kw)
