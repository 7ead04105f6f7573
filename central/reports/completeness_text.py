"""How complete a month is, as a person reads it in a terminal: at most 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from central.finding import when
from central.reports.settlement_text import kwh
from runtime import console

FULL, ESTIMATED, PARTLY, NONE, TO_COME = "#", "e", "+", ".", " "
"""What a day of the matrix is."""
_LEGEND: Final = (
    f"{FULL} all there   {ESTIMATED} all there, some estimated   {PARTLY} some   {NONE} none   blank: none due"
)
_NAMED: Final = 20
_WIDTH: Final = 35


def print_completeness(answer: Mapping[str, Any]) -> None:
    """Matrix, totals, what is missing by the money that hangs on it, and operators who are late."""
    unit = answer["period"]
    console.say(f"{answer['cluster']}: completeness of {answer['span']}, point by day", style="bold")
    for line in matrix(answer):
        console.say(line)
    console.say(_LEGEND)
    sources = ", ".join(f"{name} {answer[name]}" for name in ("own", "operator", "estimated") if answer[name])
    console.say(f"{answer['present']} of {answer['expected']} values are there ({sources or 'none'}).")
    proved = f"of {answer['proved']} the sum is proved"
    console.say(f"{answer['absent']} are missing ({proved}); {answer['incomplete_periods']} {unit}s are incomplete.")
    for one in answer["missing"][:_NAMED]:
        for line in _stretch(one, unit):
            console.say(line)
    if len(answer["missing"]) > _NAMED:
        console.say(f"… and {len(answer['missing']) - _NAMED} more stretches; --json has all")
    if answer["missing"]:
        console.say("weight: the cluster's relief that an estimate of these hours would give; it only ranks them.")
    for operator in answer["operators"]:
        console.say(_operator(operator))


def matrix(answer: Mapping[str, Any]) -> Iterator[str]:
    """A heading of days and a line for each point and direction; a symbol for each day."""
    points = answer["points"]
    wide = min(_WIDTH, max([len(one["point"]) for one in points] + [5]))
    days = [day[8:] for day in answer["days"]]
    lead = " " * (wide + 11)
    yield lead + "".join(day[0] if day[1] in "05" or day == "01" else " " for day in days)
    yield f"{'point':<{wide}} {'direction':<9} " + "".join(day[1] for day in days) + "  present/due"
    for one in points:
        cells = "".join(map(_symbol, *(one["by_day"][name] for name in ("expected", "present", "estimated"))))
        counts = f"{one['present']}/{one['expected']}"
        yield f"{one['point']:<{wide}} {one['direction']:<9} {cells}  {counts:>9}"


def _symbol(expected: int, present: int, estimated: int) -> str:
    if not expected:
        return TO_COME
    if present < expected:
        return PARTLY if present else NONE
    return ESTIMATED if estimated else FULL


def _stretch(one: Mapping[str, Any], unit: str) -> Iterator[str]:
    span = f"{when(_at(one['since']))} … {when(_at(one['until']))}"
    weight = "weight not known" if one["weight_zl"] is None else f"weight {one['weight_zl']} zł"
    plural = "s" if one["periods"] != 1 else ""
    yield f"{one['rank']}. {one['point']} {one['direction']} {span}"
    proved = f", in all {kwh(one['proved_wh'])} kWh proved" if one["proved_wh"] is not None else ""
    yield f"   {one['periods']} {unit}{plural}, {weight}{proved}"
    for cause in one["causes"]:
        yield f"   {cause['cause'].replace('_', ' ')}: {cause['evidence']}"
    for asked in one["asked"]:
        yield f"   asked {asked['gateway']} again at {when(_at(asked['at']))} (time {asked['times']})"


def _operator(one: Mapping[str, Any]) -> str:
    name = one["operator"] or "operator not named"
    states = one["states"]
    said = ", ".join(f"{states[state]} {state.replace('_', ' ')}" for state in states if states[state])
    late = f"LATE since {when(_at(one['late_since']))}; " if one["late"] else ""
    return f"{name}: {late}deadlines of its days: {said or 'none yet'}"


def _at(utc: str) -> datetime:
    return datetime.fromisoformat(utc)
