"""``condition_not_met``, ``condition_soon``, ``agreement_ends``: what art. 184l and the register ask of the cluster."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from central.cluster.verdict import State as Standing
from central.conditions.condition import Condition, State, percent, rounded
from central.conditions.rules import FROM_2027
from central.conditions.standing import holds
from central.evidence import ConditionsSeen
from central.finding import Finding
from metering.period import day_start

AHEAD = timedelta(days=180)
"""So long before 2027 begins what it asks is told."""
NAMES = {
    "res_share": "RES share",
    "power_limit": "power of 150 MW",
    "coverage_year": "coverage of the yearly demand",
    "coverage_hour": "coverage of each hour",
    "storage_power": "storage power",
}


def check(seen: ConditionsSeen) -> Iterator[Finding]:
    """One for each condition and requirement."""
    found = seen.assessment
    for one in found.conditions:
        if one.state is State.NOT_MET:
            yield _finding("condition_not_met", seen, one, f"{_numbers(one)}: not met")
        elif one.trend and one.trend.state is State.NOT_MET and one.trend.value:
            then = percent(one.trend.value.low, 2)
            said = f"{_numbers(one)}: met; but {then} % at the end of the year, by {one.trend.basis.text}"
            yield _finding("condition_soon", seen, one, said)
    begins = day_start(FROM_2027.first)
    for one in found.dry_run if begins - found.at <= AHEAD else ():
        if one.state is State.NOT_MET:
            said = f"{_numbers(one)}: not met when it counts, from {FROM_2027.first} on"
            yield _finding("condition_soon", seen, one, said)
    for row in found.standing:
        if row.rule == "agreement_ends" or (row.state is Standing.NOT_MET and holds(row, found.at)):
            yield Finding(
                kind="agreement_ends" if row.rule == "agreement_ends" else "condition_not_met",
                what=row.subject or row.rule.replace("_", " "),
                where=seen.cluster_file,
                since=row.span[0],
                text=f"{row.article}: {row.text}",
                way_out="correct the cluster file if it is wrong, else see to it: `cluster check` has all requirements",
                identity=(row.rule, row.subject),
            )


def _finding(kind: str, seen: ConditionsSeen, one: Condition, text: str) -> Finding:
    return Finding(
        kind=kind,
        what=NAMES[one.rule],
        where=seen.cluster_file,
        first=_shown(one),
        second=percent(one.threshold, 0) if one.unit == "%" else rounded(one.threshold, 0),
        unit=one.unit,
        text=f"{one.article}: {text}",
        way_out="`klaster-central conditions` shows all numbers, and what would meet it",
        identity=(one.article, one.rule),
    )


def _numbers(one: Condition) -> str:
    asked = f"{percent(one.threshold, 0)} %" if one.unit == "%" else f"{rounded(one.threshold, 0)} {one.unit}"
    return f"{NAMES[one.rule]} {_shown(one) or 'not known'} {one.unit}, asked {asked}"


def _shown(one: Condition) -> str | None:
    if one.value is None:
        return None
    low = one.value.low
    return percent(low, 2) if one.unit == "%" else rounded(low, 3)
