"""Who gets relief, and when (art. 184k ust. 1 and 4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from central.grid import Bools, Grid, among, within
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
    if not by_point.any() and not by_member.any():
        return by_point
    found = by_point.copy()
    of_member: dict[str, list[int]] = {}
    for i, member in enumerate(grid.members):
        of_member.setdefault(member, []).append(i)
    for places in of_member.values():
        whole = np.any(by_point[:, places], axis=1, keepdims=True)
        found[:, places] = (whole | by_member[:, places[:1]]) & grid.valid[:, places]
    return found


def relieved_at_all(grid: Grid, tables: Mapping[str, pa.Table], settings: Settings) -> Bools:
    """(T, P) whether relief exists for a point, whatever its regime.

    From the latest of entry in the register, entry into force, the point's amended contract and, in a binding
    settlement, the Commission's outcome; to 31.12.2029 24:00 local, or the strike-off (art. 38ac ust. 14). Where the
    settings say so, not while a condition of art. 184l was found not met.
    """
    first, last = _bounds(tables["cluster"].to_pylist()[0], settings)
    open_: Bools = (grid.starts >= first) & (grid.starts < last)
    if settings.conditions_fail == "no_relief" and "conditions_failed" in tables:
        for row in tables["conditions_failed"].to_pylist():
            open_ &= ~within(row, grid.starts)
    return open_[:, None] & _amended(grid, tables, settings)


def _bounds(about: Mapping[str, Any], settings: Settings) -> tuple[float, float]:
    """The first instant of relief and the first without, of the whole cluster."""
    first: datetime = max(about["registered_from"].astimezone(UTC), RELIEF_FROM)
    last = RELIEF_TO
    if about.get("struck_off") is not None:
        last = min(last, about["struck_off"].astimezone(UTC))
    if settings.regime_status == "binding":
        if settings.ec_outcome == "none" or settings.ec_outcome_date is None:
            return np.inf, -np.inf
        first = max(first, day_start(settings.ec_outcome_date))
    return first.timestamp(), last.timestamp()


def _amended(grid: Grid, tables: Mapping[str, pa.Table], settings: Settings) -> Bools:
    """(T or 1, P) whether a point's contract is amended; where nobody recorded it, only a simulation takes it as so."""
    simulated = settings.regime_status == "simulation"
    rows = tables["amendments"].to_pylist() if "amendments" in tables else []
    found = np.full((len(grid.starts) if rows else 1, len(grid.points)), simulated)
    places: dict[str, list[int]] = {}
    for p, name in enumerate(grid.points):
        places.setdefault(name, []).append(p)
    alike: dict[tuple[object, ...], list[int]] = {}
    for row in rows:
        key = row["amended"], row["valid_from"], row["valid_to"]
        alike.setdefault(key, []).extend(places.get(row["point"], ()))
    for (amended, valid_from, valid_to), chosen in alike.items():
        held = within({"valid_from": amended, "valid_to": None}, grid.starts)
        inside = within({"valid_from": valid_from, "valid_to": valid_to}, grid.starts)
        found[np.ix_(np.flatnonzero(inside), np.array(chosen, dtype=np.int64))] = held[inside][:, None]
    return found
