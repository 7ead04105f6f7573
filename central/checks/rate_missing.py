"""``rate_missing``: days on which a tariff's points are valid and a component of their charges has no rate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from central.charges import COMPONENTS
from central.evidence import MonthSeen
from central.finding import Finding
from central.grid import Bools, Grid
from metering.period import EPOCH, WARSAW, day_periods


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each component and tariff of the month; none where the cluster has no rates at all."""
    if not seen.rates_file:
        return
    grid = seen.grid
    rates = [row for row in seen.tables["rates"].to_pylist() if not row["zone"]]
    for tariff in sorted({t for t, drawn in zip(grid.tariffs, grid.declares_drawn, strict=True) if drawn}):
        mine = np.array([t == tariff for t in grid.tariffs], dtype=np.bool_) & grid.declares_drawn
        used: Bools = np.any(grid.valid[:, mine], axis=1)
        for component in COMPONENTS:
            covered = np.zeros(len(grid.starts), dtype=np.bool_)
            for row in rates:
                if row["component"] == component and row["tariff"] in {None, "", tariff}:
                    first = -np.inf if row["valid_from"] is None else row["valid_from"].timestamp()
                    last = np.inf if row["valid_to"] is None else row["valid_to"].timestamp()
                    covered |= (grid.starts >= first) & (grid.starts < last)
            without: Bools = used & ~covered
            if without.any():
                yield _finding(seen, component, tariff, _days(grid, used), _days(grid, without))


def _days(grid: Grid, chosen: Bools) -> list[date]:
    instants = (EPOCH + timedelta(seconds=start) for start in grid.starts[chosen].tolist())
    return sorted({at.astimezone(WARSAW).date() for at in instants})


def _finding(seen: MonthSeen, component: str, tariff: str, days: list[date], without: list[date]) -> Finding:
    about = f"{component}, tariff {tariff}" if tariff else f"{component}, points without a tariff"
    count = len(without)
    return Finding(
        kind="rate_missing",
        what=about,
        where=seen.rates_file,
        since=day_periods(without[0])[0].start,
        until=day_periods(without[-1])[-1].end,
        first=str(count),
        second=str(len(days)),
        unit="days",
        text=f"no rate on {count} of {len(days)} day{'s' if len(days) > 1 else ''} of {seen.month}: no money for them",
        way_out=f"add the rate to {seen.rates_file}, with its days of validity and its source",
        identity=(str(seen.month), component, tariff),
    )
