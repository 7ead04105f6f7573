"""Ust. 1 pkt 2: the installations make it possible to cover at least 40 % of the members' yearly demand."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from central.conditions.condition import Between, Condition, Need, State, Trend, at_least
from central.conditions.demand import Demand
from central.conditions.hours import Hours
from central.conditions.potential import Potential
from central.conditions.rules import Rules
from central.reports.note import named, said
from metering.period import HOUR
from metering.point import Source

_WH_PER_KWH = 1000


def coverage_year(
    potential: Potential,
    demand: Demand,
    rules: Rules,
    full_load_hours: dict[Source, Fraction],
    this_year: Hours,
    year: tuple[datetime, datetime],
) -> Condition:
    """``this_year``: the hours of the present year so far, for the trend; ``year``: its bounds."""
    value = potential.wh.share_of(demand.wh)
    state = at_least(value, rules.coverage)
    asked = demand.wh.times(rules.coverage)
    low = None if asked.high is None else (potential.wh.low - asked.high) / _WH_PER_KWH
    high = None if potential.wh.high is None else (potential.wh.high - asked.low) / _WH_PER_KWH
    needs = []
    if state is not State.MET and low is not None and low < 0:
        energy = said("conditions.need.year_energy", "energy that more installations could generate in a year")
        needs.append(Need(energy, -low, "kWh"))
        needs += [
            Need(said("conditions.need.kind", kind.value, kind_key=f"source.{kind.value}"), -low / hours, "kW")
            for kind, hours in sorted(full_load_hours.items())
            if hours
        ]
    notes = []
    if demand.estimated:
        members = named(demand.estimated)
        text = f"the demand of {members.text} is estimated"
        notes = [said("conditions.demand_estimated", text, members=[members])]
    return Condition(
        rule="coverage_year",
        article=rules.article(2),
        state=state,
        threshold=rules.coverage,
        value=value,
        margin=None if low is None else Between(low, high),
        margin_unit="kWh",
        numbers={
            "potential_wh": potential.wh,
            "metered_wh": Between.just(potential.metered_wh),
            "by_full_load_hours_wh": Between.just(potential.by_hours_wh),
            "demand_wh": demand.wh,
            "asked_wh": asked,
        },
        missing=(*potential.missing, *demand.missing),
        trend=_trend(potential, rules, this_year, year),
        needs=needs,
        notes=notes,
    )


def _trend(potential: Potential, rules: Rules, so_far: Hours, year: tuple[datetime, datetime]) -> Trend | None:
    """Of the next year's declaration, if the rest of this year is drawn as it has been so far."""
    drawn = so_far.between("drawn")
    count = len(so_far.starts)
    if not count or not drawn.known:
        return None
    whole = drawn.times(Fraction((year[1] - year[0]) // HOUR, count))
    value = potential.wh.share_of(whole)
    basis = said("conditions.basis.demand_so_far", "this year's demand, if the rest is drawn as it has been so far")
    rest = {"demand_kwh": whole.low / _WH_PER_KWH}
    return Trend(basis, year[1], value, at_least(value, rules.coverage), rest)
