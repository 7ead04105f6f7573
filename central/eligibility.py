"""Who gets relief, and when (art. 184k ust. 1 and 4)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np

from central.grid import Bools, Grid, among
from central.settings import Settings
from metering.period import day_start

RELIEF_FROM = day_start(date(2024, 7, 2))
"""Entry into force of art. 184k (art. 50 of the Act of 17.08.2023)."""
RELIEF_TO = day_start(date(2030, 1, 1))
"""The first instant without relief: "do dnia 31 grudnia 2029 r."."""

_REGIMES = {
    "art4_1": frozenset({"net_metering"}),
    "art4_1a": frozenset({"net_billing"}),
    "microinstallation": frozenset({"net_metering", "net_billing"}),
}


def excluded(grid: Grid, settings: Settings) -> Bools:
    """(T, P) whether a valid point is excluded: by its regime, or by what excludes its member in that period."""
    barred = frozenset().union(*(_REGIMES[name] for name in settings.excluded_regimes))
    by_point = among(grid.regimes, barred) & grid.valid
    if settings.exclusion_scope == "ppe":
        return by_point
    by_member = among(grid.member_regimes, barred)
    found = by_point.copy()
    of_member: dict[str, list[int]] = {}
    for i, member in enumerate(grid.members):
        of_member.setdefault(member, []).append(i)
    for places in of_member.values():
        whole = np.any(by_point[:, places], axis=1, keepdims=True)
        found[:, places] = (whole | by_member[:, places[:1]]) & grid.valid[:, places]
    return found


def in_relief_window(grid: Grid, registered_from: datetime) -> Bools:
    """(T,) whether relief exists at all: from registration and entry into force until 31.12.2029 24:00 local."""
    first = max(registered_from.astimezone(UTC), RELIEF_FROM).timestamp()
    return (grid.starts >= first) & (grid.starts < RELIEF_TO.timestamp())
