"""Ust. 2 pkt 2: the installations make it possible to cover at least 50 % of deliveries in each hour.

Three readings side by side. Where alpha (what could be) and beta (what was) differ, the condition is not known.
"""

from __future__ import annotations

from central.conditions.alpha import alpha
from central.conditions.beta import beta
from central.conditions.condition import Condition, State
from central.conditions.devices import Devices
from central.conditions.gamma import Profile, gamma
from central.conditions.hours import Hours
from central.conditions.rules import Rules
from central.reports.note import Note, distinct, said


def coverage_hour(hours: Hours, devices: Devices, profile: Profile, rules: Rules) -> Condition:
    """The condition over the hours of a year so far; installations as they are on the day that is asked about."""
    capable, actual = alpha(hours, devices, rules), beta(hours, rules)
    weighted = gamma(hours, devices, profile, rules)
    state = capable.state if capable.state is actual.state else State.NOT_KNOWN
    notes: tuple[Note, ...] = ()
    if capable.state is not actual.state and State.NOT_KNOWN not in {capable.state, actual.state}:
        text = "readings alpha and beta of the law differ: ask the operator which one counts"
        notes = (said("conditions.readings_differ", text),)
    return Condition(
        rule="coverage_hour",
        article=rules.article(2),
        state=state,
        threshold=rules.coverage,
        value=None,
        missing=distinct((*capable.missing, *actual.missing)),
        readings=(capable, actual, weighted),
        notes=notes,
    )
