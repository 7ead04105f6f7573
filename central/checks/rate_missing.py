"""``rate_missing``: days on which a tariff's points are valid and a component of their charges has no rate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np

from central.applied import COMPONENTS, Applied, applied_rates
from central.evidence import MonthSeen
from central.finding import Finding
from central.found import found
from central.grid import Bools, Grid
from central.reports.note import Note
from central.sentence import counted, sentence
from metering.period import EPOCH, WARSAW, day_periods


def check(seen: MonthSeen) -> Iterator[Finding]:
    """One for each component, tariff and zone of the month; none where the cluster has no rates at all."""
    if not seen.rates_file:
        return
    grid = seen.grid
    applied = applied_rates(grid, seen.tables)
    for tariff in sorted({t for t, drawn in zip(grid.tariffs, grid.declares_drawn, strict=True) if drawn}):
        for component in COMPONENTS:
            used = np.zeros(len(grid.starts), dtype=np.bool_)
            without: dict[str, Bools] = {}
            for i, terms in enumerate(applied.terms):
                mine = (applied.of == i) & grid.declares_drawn
                if terms.tariff != tariff or not mine.any():
                    continue
                valid: Bools = np.any(grid.valid[:, mine], axis=1)
                used |= valid
                priced = applied.priced[component, i]
                lacks = valid & (priced.rate < 0)
                for zone in set(priced.zone[lacks].tolist()):
                    here = lacks & (priced.zone == zone)
                    without[zone] = without.get(zone, np.zeros_like(here)) | here
            for zone in sorted(without):
                told = _no_calendar(applied, component, tariff) if not zone else ""
                yield _finding(seen, component, (tariff, zone), _days(grid, used), _days(grid, without[zone]), told)


def _no_calendar(applied: Applied, component: str, tariff: str) -> str:
    """The zones for which there are rates, where no calendar tells their hours."""
    mine = (r.zone for r in applied.rates if r.component == component and r.tariff in {"", tariff} and r.zone)
    return ", ".join(sorted(set(mine)))


def _days(grid: Grid, chosen: Bools) -> list[date]:
    instants = (EPOCH + timedelta(seconds=start) for start in grid.starts[chosen].tolist())
    return sorted({at.astimezone(WARSAW).date() for at in instants})


def _finding(
    seen: MonthSeen, component: str, of: tuple[str, str], days: list[date], without: list[date], told: str
) -> Finding:
    tariff, zone = of
    count, file = len(without), seen.rates_file
    said = "add the rate to {file}, with its days of validity and its source"
    way_out = sentence("findings.rate_way", said, file=file)
    if told:
        said = "rates name the zones {zones}, and no calendar tells their hours: add [[zones]] to {file}"
        way_out = sentence("findings.zones_way", said, zones=told, file=file)
    return found(
        kind="rate_missing",
        what=_about(component, tariff, zone),
        where=seen.rates_file,
        since=day_periods(without[0])[0].start,
        until=day_periods(without[-1])[-1].end,
        first=str(count),
        second=str(len(days)),
        unit="days",
        text=sentence(
            "findings.rate_missing",
            "no rate on {count_num} of {days} of {month}: no money for them",
            count_num=count,
            days=counted("findings.of_days", len(days), "day", "days"),
            month=str(seen.month),
        ),
        way_out=way_out,
        identity=(str(seen.month), component, tariff, *([zone] if zone else [])),
    )


def _about(component: str, tariff: str, zone: str) -> Note:
    parts = [Note(f"findings.component.{component}", component)]
    parts.append(
        sentence("findings.tariff", "tariff {tariff}", tariff=tariff)
        if tariff
        else Note("findings.no_tariff", "points without a tariff")
    )
    if zone:
        parts.append(sentence("findings.zone", "zone {zone}", zone=zone))
    return sentence("findings.rate", "{parts_list}", parts_list=parts)
