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
from central.found import found
from central.reports.note import Note
from central.sentence import Fact, sentence
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
    assessed = seen.assessment
    for one in assessed.conditions:
        if one.state is State.NOT_MET:
            yield _finding("condition_not_met", seen, one, "findings.condition_not_met", "not met")
        elif one.trend and one.trend.state is State.NOT_MET and one.trend.value:
            then = percent(one.trend.value.low, 2)
            said = "met; but {then_num} % at the end of the year, by {basis}"
            facts: dict[str, Fact] = {"then_num": then, "basis": one.trend.basis}
            yield _finding("condition_soon", seen, one, "findings.condition_soon", said, **facts)
    begins = day_start(FROM_2027.first)
    for one in assessed.dry_run if begins - assessed.at <= AHEAD else ():
        if one.state is State.NOT_MET:
            said = "not met when it counts, from {day} on"
            yield _finding("condition_soon", seen, one, "findings.condition_later", said, day=str(FROM_2027.first))
    for row in assessed.standing:
        if row.rule == "agreement_ends" or (row.state is Standing.NOT_MET and holds(row, assessed.at)):
            yield found(
                kind="agreement_ends" if row.rule == "agreement_ends" else "condition_not_met",
                what=row.subject or Note(f"findings.requirement.{row.rule}", row.rule.replace("_", " ")),
                where=seen.cluster_file,
                since=row.span[0],
                text=sentence("findings.requires", "{article}: {said}", article=row.article, said=row.said),
                way_out=Note(
                    "findings.requirement_way",
                    "correct the cluster file if it is wrong, else see to it: `cluster check` has all requirements",
                ),
                identity=(row.rule, row.subject),
            )


def _finding(kind: str, seen: ConditionsSeen, one: Condition, key: str, said: str, **facts: Fact) -> Finding:
    shown: dict[str, Fact] = {"article": one.article, "numbers": _numbers(one)}
    return found(
        kind=kind,
        what=_name(one),
        where=seen.cluster_file,
        first=_shown(one),
        second=_asked(one),
        unit=one.unit,
        text=sentence(key, f"{{article}}: {{numbers}}: {said}", **shown, **facts),
        way_out="`klaster-central conditions` shows all numbers, and what would meet it",
        identity=(one.article, one.rule),
    )


def _name(one: Condition) -> Note:
    return Note(f"findings.condition.{one.rule}", NAMES[one.rule])


def _numbers(one: Condition) -> Note:
    facts: dict[str, Fact] = {"name": _name(one), "unit": one.unit, "asked_num": _asked(one)}
    shown = _shown(one)
    if shown is None:
        return sentence("findings.condition_unknown", "{name} not known, asked {asked_num} {unit}", **facts)
    if one.rule == "power_limit":
        said = "{name} {value_num} {unit}, at most {asked_num} {unit}"
        return sentence("findings.condition_at_most", said, value_num=shown, **facts)
    said = "{name} {value_num} {unit}, asked {asked_num} {unit}"
    return sentence("findings.condition_numbers", said, value_num=shown, **facts)


def _asked(one: Condition) -> str:
    return percent(one.threshold, 0) if one.unit == "%" else rounded(one.threshold, 0)


def _shown(one: Condition) -> str | None:
    if one.value is None:
        return None
    low = one.value.low
    return percent(low, 2) if one.unit == "%" else rounded(low, 3)
