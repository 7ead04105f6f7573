"""The conditions of art. 184l as a person reads them in a terminal: a table, and what lies behind each line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from fractions import Fraction

from central.conditions.assessing import Assessment
from central.conditions.condition import Between, Condition, State, percent, rounded
from central.finding import when
from metering.period import local_text
from runtime import console

_COLUMNS = 100
_STATES = {"met": "met", "not_met": "NOT MET", "not_known": "not known", "notice": "notice"}
_NAMES = {
    "res_share": "RES share injected",
    "power_limit": "generating power",
    "coverage_year": "cover of the year",
    "coverage_hour": "cover of each hour",
    "storage_power": "storage power",
    "alpha": "  alpha: installed",
    "beta": "  beta: generated",
    "gamma": "  gamma: available",
}
_SHOWN_HOURS = 6


def print_assessment(found: Assessment) -> None:
    """Everything that was found of a day."""
    upto = f"{found.cluster}, {found.day}: values up to {when(found.until)}"
    console.say(upto, style="bold")
    if found.rules:
        _print(f"art. 184l {found.rules.paragraph}, until {found.rules.last}", found.conditions)
    else:
        console.say("No condition of art. 184l is for this day: it is from 2.07.2024 to 31.12.2029.")
    if found.dry_run:
        _print("Dry run: what art. 184l ust. 2 asks from 2027-01-01 on", found.dry_run)
    _standing(found)
    console.say("Settings: " + ", ".join(f"{name} = {value}" for name, value in found.settings.items()))
    console.say(f"All together: {_STATES[found.state.value]}.", style="bold")


def _print(title: str, conditions: Sequence[Condition]) -> None:
    rows = [_row(one) for each in conditions for one in (each, *each.readings)]
    console.table(title, ["condition", "verdict", "value", "asked", "margin"], rows, right=["value", "asked", "margin"])
    for each in conditions:
        for one in (each, *each.readings):
            _details(one)
    console.say("")


def _row(one: Condition) -> list[str]:
    sign = "≤" if one.rule == "power_limit" else "≥"
    asked = (
        f"{sign} {percent(one.threshold, 0)} %" if one.unit == "%" else f"{sign} {_amount(one.threshold)} {one.unit}"
    )
    margin = _between(one.margin, one.margin_unit) if one.margin and one.margin.known else ""
    return [_NAMES[one.rule], _STATES[one.state.value], _value(one), asked, margin]


def _value(one: Condition) -> str:
    value = one.value
    if value is None or (not value.low and value.high is None):
        return ""
    return _share(value) if one.unit == "%" else _between(value, one.unit)


def _share(value: Between) -> str:
    low = percent(value.low, 2)
    if value.known:
        return f"{low} %"
    return f"{low} % or more" if value.high is None else f"{low} to {percent(value.high, 2)} %"


def _details(one: Condition) -> None:
    lines = list(_lines(one))
    if lines:
        console.say(f"{_NAMES[one.rule].strip()} ({one.article})", style="bold")
    for line in lines:
        for part in textwrap.wrap(
            line, min(_COLUMNS, console.out.width), initial_indent="  ", subsequent_indent="    "
        ):
            console.say(part)


def _lines(one: Condition) -> Iterator[str]:
    yield from one.notes
    if one.margin and not one.margin.known:
        yield f"margin: {_between(one.margin, one.margin_unit)}"
    if one.failing and (one.failing.starts or one.failing.unknown):
        starts = [when(at) for at in one.failing.starts]
        more = f" and {len(starts) - _SHOWN_HOURS} more (--json)" if len(starts) > _SHOWN_HOURS else ""
        named = f": {', '.join(starts[:_SHOWN_HOURS])}{more}" if starts else ""
        yield f"{len(starts)} of {one.failing.of} hours fail{named}"
        if one.failing.unknown:
            yield f"{one.failing.unknown} of {one.failing.of} hours can't be told"
    for name, value in one.numbers.items():
        if name == "failing_hours_with_storage_discharge":
            yield f"{int(value.low)} hours would fail if what storages give counted"
    if one.missing:
        yield f"missing: {'; '.join(one.missing)}"
    if one.trend:
        yield from _trend(one)
    if one.needs:
        needs = [f"{_up(each.amount)} {each.unit} ({each.what})" for each in one.needs]
        yield f"would meet it, any one of: {'; '.join(needs)}" if one.rule != "beta" else f"lacks {' and '.join(needs)}"


def _trend(one: Condition) -> Iterator[str]:
    trend = one.trend
    if trend is None:
        return
    value = f"{_share(trend.value)}, " if trend.value and trend.value.high is not None else ""
    to = f"projection to the end of {_last_day(trend.until)}: {value}{_STATES[trend.state.value]}"
    yield f"{to}; it takes {trend.basis}"
    words = {
        "renewable_kwh_without_other": "the rest would have to bring {} kWh renewable, if nothing else is injected",
        "other_kwh_without_renewable": "the rest could bear {} kWh that isn't renewable, if nothing else is injected",
        "demand_kwh": "that demand is {} kWh",
    }
    for name, amount in trend.rest.items():
        yield words[name].format(_amount(amount))


def _last_day(until: datetime) -> str:
    """The last local day before an instant."""
    return local_text(until - timedelta(seconds=1))[:10]


def _standing(found: Assessment) -> None:
    rows = []
    for one in found.standing:
        first = one.span[0]
        later = bool(first and first > found.at)
        state = "from " + local_text(first)[:10] if later and first else _STATES[one.state.value]
        rows.append([one.rule, state, " ".join(filter(None, (one.subject, one.text))), one.article])
    console.table("At every instant", ["requirement", "verdict", "found", "article"], rows)


def _between(value: Between, unit: str) -> str:
    low = _amount(value.low)
    if value.known:
        return f"{low} {unit}"
    return f"{low} {unit} or more" if value.high is None else f"{low} to {_amount(value.high)} {unit}"


def _amount(value: Fraction) -> str:
    text = rounded(value, 0 if value.denominator == 1 else 3)
    whole, point, decimals = text.removeprefix("-").partition(".")
    return "-" * text.startswith("-") + f"{int(whole):,}".replace(",", " ") + point + decimals


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
