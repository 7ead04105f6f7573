"""Reading gamma of ust. 2 pkt 2: each kind's power, weighted with its availability, against each hour's deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import floor

import numpy as np

from central.conditions.condition import Between, Condition, State
from central.conditions.deliveries import failing, most
from central.conditions.devices import Devices
from central.conditions.hours import OPEN, Hours
from central.conditions.rules import Rules
from central.grid import Ints
from central.local_days import LocalDays
from central.reports.note import said
from metering.point import Source

_HOUR_S = 3600

Profile = Mapping[Source, Mapping[int | None, tuple[int, ...]]]
"""How much of its power a kind has at hand, %, by month and hour of the local day; None: every other month."""


def gamma(hours: Hours, devices: Devices, profile: Profile, rules: Rules) -> Condition:
    """Each kind's power times its availability in the hour."""
    by_kind = devices.by_kind()
    lacks = [
        said(
            "conditions.without.availability",
            f"availability of {kind.value} (table availability)",
            kind_key=f"source.{kind.value}",
        )
        for kind in sorted(by_kind)
        if kind not in profile
    ]
    missing = (*devices.missing, *lacks)
    if missing or not len(hours.starts):
        return Condition(
            rule="gamma", article=rules.article(2), state=State.NOT_KNOWN, threshold=rules.coverage, missing=missing
        )
    slots = _slots(hours)
    bound = most(hours)
    covered_up_to = np.zeros(len(slots), dtype=np.int64)
    lowest: Fraction | None = None
    for month, hour in sorted({(int(m), int(h)) for m, h in slots}):
        here = (slots[:, 0] == month) & (slots[:, 1] == hour)
        wh = sum((kw * _pct(profile[kind], month, hour) * 10 for kind, kw in by_kind.items()), Fraction(0))
        covered_up_to[here] = floor(wh / rules.coverage)
        greatest = int(hours.drawn[here].max())
        if greatest:
            lowest = min(wh / greatest, lowest if lowest is not None else wh / greatest)
    fails = hours.drawn > covered_up_to
    covered = (bound != OPEN) & (bound <= covered_up_to)
    state = State.NOT_MET if fails.any() else State.MET if covered.all() else State.NOT_KNOWN
    return Condition(
        rule="gamma",
        article=rules.article(2),
        state=state,
        threshold=rules.coverage,
        value=None if lowest is None else Between.just(lowest) if (hours.drawn_more == 0).all() else None,
        failing=failing(hours, fails, covered),
    )


def _pct(months: Mapping[int | None, tuple[int, ...]], month: int, hour: int) -> int:
    """The availability in an hour, %; a month without numbers of its own or for all counts as nothing at hand."""
    return (months.get(month) or months.get(None) or (0,) * 24)[hour]


def _slots(hours: Hours) -> Ints:
    """(T, 2) each hour's local month and hour of the day."""
    days = LocalDays.of_periods(hours.starts, _HOUR_S)
    months = np.array([day.month for day in days.days], dtype=np.int64)[days.of]
    return np.stack([months, days.slot], axis=1)
