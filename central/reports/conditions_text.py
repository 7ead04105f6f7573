"""The conditions of art. 184l as a person reads them in a terminal: a table, and what lies behind each line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from central.conditions.assessing import Assessment
from central.conditions.condition import Between, Condition, State, percent, rounded
from central.reports.spoken import ENGLISH, Spoken
from metering.period import local_text
from runtime import console

_COLUMNS = 100
_MARKS: Final = {"met": "✓", "not_met": "✗", "not_known": "?", "notice": "!"}
_SHOWN_HOURS = 6


def print_assessment(found: Assessment, say: Spoken = ENGLISH) -> None:
    """Everything that was found of a day."""
    _Printing(say).assessment(found)


class _Printing:
    """One answer in one language."""

    def __init__(self, say: Spoken) -> None:
        self._say = say

    def assessment(self, found: Assessment) -> None:
        say = self._say
        console.say(say("conditions.said_until", cluster=found.cluster, day=found.day, until=say.at(found.until)),
                    style="bold")  # fmt: skip
        if found.rules:
            article = f"art. 184l {found.rules.paragraph}"
            self._print(say("conditions.period", article=article, last=found.rules.last), found.conditions)
        else:
            console.say(say("conditions.no_period"))
        if found.dry_run:
            self._print(say("conditions.dry_run"), found.dry_run)
        self._standing(found)
        settings = ", ".join(f"{name} = {value}" for name, value in found.settings.items())
        console.say(say("conditions.settings", settings=settings))
        console.say(f"{say('conditions.all_together')} {self._state(found.state.value)}", style="bold")

    def _print(self, title: str, conditions: Sequence[Condition]) -> None:
        rows = [self._row(one) for each in conditions for one in (each, *each.readings)]
        heads = [self._say(f"conditions.{name}") for name in ("condition", "verdict", "value", "asked", "margin")]
        console.table(title, heads, rows, right=heads[2:])
        for each in conditions:
            for one in (each, *each.readings):
                self._details(one)
        console.say("")

    def _state(self, state: str) -> str:
        return f"{_MARKS[state]} {self._say(f'verdict.{state}')}"

    def _row(self, one: Condition) -> list[str]:
        sign = "≤" if one.rule == "power_limit" else "≥"
        asked = percent(one.threshold, 0) if one.unit == "%" else rounded(one.threshold, 0)
        margin = self._between(one.margin, one.margin_unit) if one.margin and one.margin.known else ""
        indent = "  " if one.rule in {"alpha", "beta", "gamma"} else ""
        name = indent + self._say(f"condition.{one.rule}")
        return [name, self._state(one.state.value), self._value(one), f"{sign} {self._say.number(asked)} {one.unit}",
                margin]  # fmt: skip

    def _value(self, one: Condition) -> str:
        value = one.value
        if value is None or (not value.low and value.high is None):
            return ""
        return self._share(value) if one.unit == "%" else self._between(value, one.unit)

    def _share(self, value: Between) -> str:
        low, high = (None if part is None else percent(part, 2) for part in (value.low, value.high))
        return f"{self._bounds(low or '', high)} %"

    def _between(self, value: Between, unit: str) -> str:
        low, high = (None if part is None else _amount(part) for part in (value.low, value.high))
        return f"{self._bounds(low or '', high)} {unit}"

    def _bounds(self, low: str, high: str | None) -> str:
        number = self._say.number
        if low == high:
            return number(low)
        if high is None:
            return self._say("conditions.or_more", low=number(low))
        return self._say("conditions.to", low=number(low), high=number(high))

    def _details(self, one: Condition) -> None:
        lines = list(self._lines(one))
        if lines:
            console.say(f"{self._say(f'condition.{one.rule}')} ({one.article})", style="bold")
        width = min(_COLUMNS, console.out.width)
        for line in lines:
            for part in textwrap.wrap(line, width, initial_indent="  ", subsequent_indent="    "):
                console.say(part)

    def _lines(self, one: Condition) -> Iterator[str]:
        say = self._say
        yield from map(say.note, one.notes)
        if one.margin and not one.margin.known:
            yield f"{say('conditions.margin')}: {self._between(one.margin, one.margin_unit)}"
        if one.failing and (one.failing.starts or one.failing.unknown):
            starts = [say.at(at) for at in one.failing.starts]
            shown = ", ".join(starts[:_SHOWN_HOURS])
            more = f" {say('conditions.more_in_json', n=len(starts) - _SHOWN_HOURS)}" * (len(starts) > _SHOWN_HOURS)
            count = say.number(len(starts))
            all_ = say.number(one.failing.of)
            yield say("conditions.failing_line", n=count, all=all_, hours=f" ({shown}{more})" if starts else "")
            if one.failing.unknown:
                yield f"{say('conditions.unknown_hours')}: {say.number(one.failing.unknown)}"
        for name, value in one.numbers.items():
            if name == "failing_hours_with_storage_discharge":
                yield f"{say(f'condition_number.{name}')}: {say.number(int(value.low))}"
        if one.missing:
            yield f"{say('conditions.missing')}: {'; '.join(map(say.note, one.missing))}"
        yield from self._trend(one)
        if one.needs:
            needs = [f"{say.number(_up(each.amount))} {each.unit} ({say.note(each.what)})" for each in one.needs]
            yield f"{say('conditions.lacks' if one.rule == 'beta' else 'conditions.needs')}: {'; '.join(needs)}"

    def _trend(self, one: Condition) -> Iterator[str]:
        trend, say = one.trend, self._say
        if trend is None:
            return
        value = f"{self._share(trend.value)}, " if trend.value and trend.value.high is not None else ""
        until = say("conditions.projection", until=_last_day(trend.until))
        yield f"{until}: {value}{self._state(trend.state.value)} ({say.note(trend.basis)})"
        for name, amount in trend.rest.items():
            yield f"{say(f'condition_rest.{name}')}: {say.number(_amount(amount))}"

    def _standing(self, found: Assessment) -> None:
        say, rows = self._say, []
        for one in found.standing:
            first = one.span[0]
            later = first is not None and first > found.at
            day = "" if first is None else local_text(first)[:10]
            state = say("conditions.from", day=day) if later else self._state(one.state.value)
            named = say(f"standing.{one.rule}") if say.has(f"standing.{one.rule}") else one.rule
            rows.append([named, state, " ".join(filter(None, (one.subject, say.note(one.said)))), one.article])
        heads = [say(f"conditions.{name}") for name in ("requirement", "verdict", "found")]
        console.table(say("conditions.standing"), [*heads, say("deadlines.article")], rows)


def _last_day(until: datetime) -> str:
    """The last local day before an instant."""
    return local_text(until - timedelta(seconds=1))[:10]


def _amount(value: Fraction) -> str:
    return rounded(value, 0 if value.denominator == 1 else 3)


def _up(value: Fraction) -> str:
    """The least that is enough, with at most three decimals: rounded up."""
    thousandths = -(-value.numerator * 1000 // value.denominator)
    return _amount(Fraction(thousandths, 1000))


def state_exit(state: State) -> console.Exit:
    """The exit code of a verdict."""
    return {
        State.MET: console.Exit.DONE,
        State.NOT_MET: console.Exit.DIFFERS,
        State.NOT_KNOWN: console.Exit.INCOMPLETE,
    }[state]
