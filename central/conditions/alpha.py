"""Reading alpha of ust. 2 pkt 2: the power "umożliwia", so an hour of it counts against the greatest hour."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np

from central.conditions.condition import Between, Condition, Need, State
from central.conditions.deliveries import failing, greatest, most
from central.conditions.devices import Devices
from central.conditions.hours import OPEN, Hours
from central.conditions.rules import Rules
from central.grid import Bools, Ints
from central.reports.note import said

_WH_PER_KWH = 1000
_NO_HOUR = said("conditions.without.any_deliveries", "any hour's deliveries")


def alpha(hours: Hours, devices: Devices, rules: Rules) -> Condition:
    """Capability: an hour of the installed power, against the greatest hour of deliveries."""
    power = devices.generating_kw.times(Fraction(_WH_PER_KWH))
    hour = greatest(hours)
    value = power.share_of(hour) if hour else None
    asked = hour.times(rules.coverage) if hour else None
    fails, covered = _lacks(power.high, hours.drawn, rules), _covers(power.low, most(hours), rules)
    state = State.NOT_MET if fails.any() else State.MET if len(covered) and covered.all() else State.NOT_KNOWN
    margin = None
    needs = []
    if asked is not None and asked.high is not None:
        low = (power.low - asked.high) / _WH_PER_KWH
        margin = Between(low, None if power.high is None else (power.high - asked.low) / _WH_PER_KWH)
        any_kind = said("conditions.need.any_kind", "any kind that generates")
        needs = [Need(any_kind, -low, "kW")] if low < 0 and state is not State.MET else []
    return Condition(
        rule="alpha",
        article=rules.article(2),
        state=state,
        threshold=rules.coverage,
        value=value,
        margin=margin,
        margin_unit="kW",
        numbers={"installed_wh": power} | ({"greatest_hour_wh": hour} if hour else {}),
        missing=devices.missing if hour else (*devices.missing, _NO_HOUR),
        failing=failing(hours, fails, covered),
        needs=needs,
    )


def _lacks(power: Fraction | None, drawn: Ints, rules: Rules) -> Bools:
    if power is None:
        return np.zeros(len(drawn), dtype=np.bool_)
    lacks: Bools = drawn > floor(power / rules.coverage)
    return lacks


def _covers(power: Fraction, bound: Ints, rules: Rules) -> Bools:
    covered: Bools = (bound != OPEN) & (bound <= floor(power / rules.coverage))
    return covered
