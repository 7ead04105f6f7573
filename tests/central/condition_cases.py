"""Clusters and hours for the tests of art. 184l, in the numbers of the law's example."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import Any

import numpy as np

from central.cluster import Cluster
from central.cluster.loading import cluster_of
from central.conditions.hours import PARTS, Hours, MonthSums, PointSums
from central.conditions.windows import Sums
from metering.period import Month, months

EXAMPLE = """
[cluster]
name = "Example"
registered_from = 2025-01-01
{settings}
[[members]]
id = "gmina"
kind = "gmina"
[[members]]
id = "farm"
[[points]]
id = "D1"
member = "gmina"
directions = ["drawn"]
operator = "OSD"
voltage_kv = 15
gmina = "1217032"
cross_border = false
[[points]]
id = "P1"
member = "farm"
directions = ["injected"]
source = "pv"
operator = "OSD"
voltage_kv = 15
gmina = "1217032"
cross_border = false
[[points]]
id = "C1"
member = "farm"
directions = ["injected"]
source = "chp_gas"
operator = "OSD"
voltage_kv = 15
gmina = "1217032"
cross_border = false
[[installations]]
id = "pv"
point = "P1"
kind = "pv"
power_kw = 3000
[[installations]]
id = "chp"
point = "C1"
kind = "chp_gas"
power_kw = 1000
chp = true
[[installations]]
id = "battery"
point = "P1"
kind = "storage"
storage_power_kw = 100
storage_kwh = 200
[[full_load_hours]]
kind = "pv"
hours = 1000
[[full_load_hours]]
kind = "chp_gas"
hours = 4000
[[agreements]]
id = "porozumienie"
valid_from = 2025-01-01
{more}
"""
"""PV 3.0 MW, gas CHP 1.0 MW, battery 0.1 MW."""


def cluster(settings: str = "", more: str = "") -> Cluster:
    """The example's cluster; ``settings`` are lines of its table, ``more`` further tables."""
    table = f"[settings]\n{settings}\n" if settings else ""
    return cluster_of(tomllib.loads(EXAMPLE.format(settings=table, more=more)), "cluster.toml")


def hours(starts: list[int], **columns: list[int]) -> Hours:
    """Hours with the columns given, all else 0; energies of ``res`` and ``other`` in Wh."""
    made: dict[str, Any] = {name: np.zeros(len(starts), dtype=np.int64) for name in Hours.__slots__}
    made["starts"] = np.array(starts, dtype=np.int64)
    for name, values in columns.items():
        factor = PARTS if name in {"res", "other", "either"} else 1
        made[name] = np.array(values, dtype=np.int64) * factor
    return Hours(**made)


def month(of: Month, points: dict[str, PointSums] | None = None, **first: int) -> MonthSums:
    """A month whose first hour has these sums, and nothing in the others."""
    start, end = int(of.start.timestamp()), int(of.end.timestamp())
    starts = list(range(start, end, 3600))
    columns = {name: [value] + [0] * (len(starts) - 1) for name, value in first.items()}
    return MonthSums(of, hours(starts, **columns), points or {}, {})


def example_sums(until: datetime = datetime(2026, 11, 30, 23, tzinfo=UTC)) -> Sums:
    """A year before with D = 12 000 MWh drawn, and a year with RES 2 850 MWh and CHP 3 000 MWh injected."""
    found = {one: month(one) for one in months(Month(2025, 1), Month(2026, 11))}
    for one in months(Month(2025, 1), Month(2025, 12)):
        hours_of = len(found[one].hours.starts)
        drawn = PointSums(drawn_wh=1_000_000_000, drawn_periods=hours_of)
        found[one] = month(one, {"D1,gmina": drawn})
    # The greatest hour: 3.2 MWh delivered, all of it generated. A night hour: 1.4 MWh, and 0.5 MWh generated.
    found[Month(2026, 2)] = month(Month(2026, 2), drawn=3_200_000, generated=3_200_000)
    found[Month(2026, 3)] = month(Month(2026, 3), drawn=1_400_000, generated=500_000)
    found[Month(2026, 5)] = month(Month(2026, 5), res=2_850_000_000, other=3_000_000_000)
    return Sums(found, until)
