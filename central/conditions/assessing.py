"""All conditions of a day: those of its period, those of 2027 to 2029 as a dry run before, and what stands always."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from central.cluster.model import Cluster
from central.cluster.verdict import State as Standing
from central.cluster.verdict import Verdict
from central.conditions.condition import Condition, State
from central.conditions.coverage_hour import coverage_hour
from central.conditions.coverage_year import coverage_year
from central.conditions.demand import demand_of
from central.conditions.devices import devices_at
from central.conditions.gamma import Profile
from central.conditions.potential import full_load_hours, potential_of
from central.conditions.power_limit import power_limit
from central.conditions.res_share import res_share
from central.conditions.rules import FROM_2027, UNTIL_2026, Rules, rules_on
from central.conditions.standing import holds, standing
from central.conditions.storage_power import storage_power
from central.conditions.windows import Sums, share_window, year_before, year_of
from central.reports.note import Note, named, said
from metering.period import day_start, local_text
from metering.point import Direction

SETTINGS = ("res_share_period", "potential", "demand", "adjacency")
"""The open questions of the law that the conditions rest on."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What was found of one day."""

    cluster: str
    day: date
    until: datetime
    """Values up to here were looked at."""
    rules: Rules | None
    conditions: Sequence[Condition]
    """Of the day's own period; none outside both."""
    dry_run: Sequence[Condition]
    """Of 2027 to 2029, before that begins."""
    standing: Sequence[Verdict]
    at: datetime
    """The instant of devices, members and standing requirements."""
    settings: dict[str, str]

    @property
    def state(self) -> State:
        """Of all together: the dry run and what is only to come don't count."""
        states = {one.state for one in self.conditions}
        states |= {State(one.state.value) for one in self.standing if self._counts(one)}
        return next((state for state in (State.NOT_MET, State.NOT_KNOWN) if state in states), State.MET)

    def _counts(self, one: Verdict) -> bool:
        return holds(one, self.at) and one.state is not Standing.NOTICE

    def answer(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "cluster": self.cluster,
            "day": self.day.isoformat(),
            "until": local_text(self.until),
            "period": self.rules.name if self.rules else None,
            "state": self.state.value,
            "settings": self.settings,
            "conditions": [one.answer() for one in self.conditions],
            "dry_run_from_2027": [one.answer() for one in self.dry_run],
            "standing": [one.answer() | {"now": holds(one, self.at)} for one in self.standing],
        }


def assess(cluster: Cluster, sums: Sums, day: date) -> Assessment:
    """The conditions on a local day, from the months that are there; installations and members are those at its end."""
    at = min(day_start(day + timedelta(days=1)) - timedelta(seconds=1), max(sums.until, day_start(day)))
    rules = rules_on(day)
    return Assessment(
        cluster=cluster.name,
        day=day,
        until=sums.until,
        rules=rules,
        conditions=conditions_of(cluster, sums, day, at, rules) if rules else [],
        dry_run=conditions_of(cluster, sums, day, at, FROM_2027) if rules is UNTIL_2026 else [],
        standing=standing(cluster, at),
        at=at,
        settings={name: getattr(cluster.settings, name) for name in SETTINGS},
    )


def conditions_of(cluster: Cluster, sums: Sums, day: date, at: datetime, rules: Rules) -> list[Condition]:
    """The conditions of one paragraph."""
    year = year_of(day)
    devices, then = devices_at(cluster, at), devices_at(cluster, year[1] - timedelta(seconds=1))
    return [
        _share(cluster, sums, day, rules),
        power_limit(devices, rules),
        _hourly(cluster, sums, day, at, rules) if rules.each_hour else _yearly(cluster, sums, day, at, rules),
        storage_power(devices, rules, then, year[1]),
    ]


def _share(cluster: Cluster, sums: Sums, day: date, rules: Rules) -> Condition:
    first, last = share_window(day, cluster.settings.res_share_period)
    first = max(first, day_start(cluster.registered_from))
    until = min(sums.until, last)
    rest = None
    if first < until < last:
        since, to = year_before(until), year_before(last)
        rest = None if sums.absent(since, to) else sums.hours(since, to)
    hours = sums.hours(first, last)
    injecting = {point.id for point in cluster.points if Direction.INJECTED in point.directions}
    return res_share(hours, rules, last, rest, full_load_hours(cluster), _missing(sums, first, last, injecting))


def _yearly(cluster: Cluster, sums: Sums, day: date, at: datetime, rules: Rules) -> Condition:
    year, before = year_of(day), year_of(date(day.year - 1, 1, 1))
    points = sums.points(day.year - 1)
    periods = (before[1] - before[0]) // cluster.period.length
    devices = devices_at(cluster, at)
    return coverage_year(
        potential_of(cluster, devices, before, points, periods),
        demand_of(cluster, at, day.year - 1, points, periods),
        rules,
        full_load_hours(cluster),
        sums.hours(*year),
        year,
    )


def _hourly(cluster: Cluster, sums: Sums, day: date, at: datetime, rules: Rules) -> Condition:
    first, last = year_of(day)
    hours = sums.hours(max(first, day_start(cluster.registered_from)), last)
    return coverage_hour(hours, devices_at(cluster, at), profile_of(cluster), rules)


def profile_of(cluster: Cluster) -> Profile:
    """The table availability."""
    found: dict[Any, dict[int | None, tuple[int, ...]]] = {}
    for row in cluster.availability:
        found.setdefault(row.kind, {})[row.month] = row.pct
    return found


def _missing(sums: Sums, first: datetime, last: datetime, points: Set[str]) -> list[Note]:
    found = []
    if absent := sums.absent(first, last):
        months = named([str(month) for month in absent])
        found.append(said("conditions.without.months", f"the months {months.text}", months=[months]))
    if lacking := sums.lacking(first, last):
        of = [f"{name} ({count})" for name, count in lacking.items() if name in points]
        if of:
            text = f"values of {named(of).text}, with the number of periods"
            found.append(said("conditions.without.values", text, points=[named(of)]))
    return found
