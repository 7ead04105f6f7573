"""How complete a month is, as a person reads it in a terminal: at most 100 columns wide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from central.finding import when
from central.reports.note import Note
from central.reports.settlement_text import kwh
from central.reports.spoken import Spoken
from central.sentence import counted
from runtime import console

FULL, ESTIMATED, PARTLY, NONE, TO_COME = "#", "e", "+", ".", " "
"""What a day of the matrix is."""
_MARKS: Final = {"full": FULL, "estimated": ESTIMATED, "partly": PARTLY, "none": NONE}
_NAMED: Final = 20
_WIDTH: Final = 35


def print_completeness(answer: Mapping[str, Any], language: str = "en") -> None:
    """Matrix, totals, what is missing by the money that hangs on it, and operators who are late."""
    say = Spoken(language)
    console.say(_printed(say, "heading", cluster=answer["cluster"], span=answer["span"]), style="bold")
    for line in matrix(answer, say):
        console.say(line)
    console.say(_printed(say, "legend", **_MARKS))
    counts = {name: answer[name] for name in ("own", "operator", "estimated") if answer[name]}
    sources = ", ".join(_printed(say, f"source_{name}", count=_n(say, count)) for name, count in counts.items())
    present = {name: _n(say, answer[name]) for name in ("present", "expected")}
    console.say(_printed(say, "there", sources=sources or _printed(say, "no_source"), **present))
    absent = {name: _n(say, answer[name]) for name in ("absent", "proved")}
    incomplete = _n(say, answer["incomplete_periods"])
    console.say(_printed(say, f"absent_{answer['period']}s", incomplete=incomplete, **absent))
    for one in answer["missing"][:_NAMED]:
        for line in _stretch(one, answer["period"], say):
            console.say(line)
    if len(answer["missing"]) > _NAMED:
        console.say(_printed(say, "more", count=len(answer["missing"]) - _NAMED))
    if answer["missing"]:
        console.say(_printed(say, "weight"))
    for operator in answer["operators"]:
        console.say(_operator(operator, say))


def matrix(answer: Mapping[str, Any], say: Spoken) -> Iterator[str]:
    """A heading of days and a line for each point and direction; a symbol for each day."""
    points = answer["points"]
    wide = min(_WIDTH, max([len(one["point"]) for one in points] + [5]))
    ways = {one["direction"]: _way(say, one["direction"]) for one in points}
    way = max([9, *map(len, ways.values())])
    days = [day[8:] for day in answer["days"]]
    lead = " " * (wide + way + 2)
    yield lead + "".join(day[0] if day[1] in "05" or day == "01" else " " for day in days)
    heads = {name: _printed(say, f"column_{name}") for name in ("point", "direction", "present")}
    yield f"{heads['point']:<{wide}} {heads['direction']:<{way}} {''.join(day[1] for day in days)}  {heads['present']}"
    for one in points:
        cells = "".join(map(_symbol, *(one["by_day"][name] for name in ("expected", "present", "estimated"))))
        counts = f"{one['present']}/{one['expected']}"
        yield f"{one['point']:<{wide}} {ways[one['direction']]:<{way}} {cells}  {counts:>9}"


def _symbol(expected: int, present: int, estimated: int) -> str:
    if not expected:
        return TO_COME
    if present < expected:
        return PARTLY if present else NONE
    return ESTIMATED if estimated else FULL


def _stretch(one: Mapping[str, Any], unit: str, say: Spoken) -> Iterator[str]:
    span = f"{when(_at(one['since']))} … {when(_at(one['until']))}"
    yield f"{one['rank']}. {one['point']} {_way(say, one['direction'])} {span}"
    zl = one["weight_zl"]
    parts = [
        say.note(counted(f"findings.{unit}s", one["periods"], unit, f"{unit}s")),
        _printed(say, "weight_unknown") if zl is None else _printed(say, "weight_zl", zl=_n(say, zl)),
    ]
    if one["proved_wh"] is not None:
        parts.append(_printed(say, "proved", kwh=_n(say, kwh(one["proved_wh"]))))
    yield f"   {', '.join(parts)}"
    for cause in one["causes"]:
        said = say.note(msgspec.convert(cause["said"], Note))
        yield f"   {_printed(say, 'cause.' + cause['cause'])}: {said}"
    for asked in one["asked"]:
        facts = {"gateway": asked["gateway"], "at": when(_at(asked["at"])), "times": asked["times"]}
        yield f"   {_printed(say, 'asked', **facts)}"


def _operator(one: Mapping[str, Any], say: Spoken) -> str:
    name = one["operator"] or _printed(say, "not_named")
    states = [(state, count) for state, count in one["states"].items() if count]
    said = ", ".join(_printed(say, f"deadlines.{state}", count=count) for state, count in states)
    said = said or _printed(say, "none_yet")
    if one["late"]:
        return _printed(say, "operator_late", name=name, at=when(_at(one["late_since"])), states=said)
    return _printed(say, "operator", name=name, states=said)


def _way(say: Spoken, direction: str) -> str:
    return _printed(say, f"way.{direction}")


def _n(say: Spoken, count: int | str) -> str:
    """In English as ``--json`` has it."""
    return str(count) if say.language == "en" else say.number(count)


def _printed(say: Spoken, key: str, /, **values: object) -> str:
    return say(f"causes.printed.{key}", **values)


def _at(utc: str) -> datetime:
    return datetime.fromisoformat(utc)
