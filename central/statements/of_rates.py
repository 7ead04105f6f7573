"""The rates on which a statement's amounts rest. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from central.statements.document import Column, Figure, Row, Table, Words, plain_text, shown
from central.statements.money import RateUsed
from central.statements.saying import STATUS_MARKS, Saying, digits_of
from central.statements.words import STATUSES
from metering.period import WARSAW


def rates(by: Saying) -> Table | Words | None:
    """Each rate with source, decision and status."""
    used = by.one.money.rates
    if not by.one.money.rows:
        return None
    if not used:
        return Words(by.say("rates_title"), [by.say("no_rates")])
    columns = [
        Column(by.say("number"), right=True, width=1),
        Column(by.say("what"), width=6),
        Column(by.say("rate_amount"), right=True, width=4),
        Column(by.say("valid"), width=4),
        Column(by.say("source"), width=7),
        Column(by.say("status"), width=4),
    ]
    notes = by.status_notes(rate.status for rate in used)
    return Table(by.say("rates_title"), by.say("rates"), columns, [_rate(by, one) for one in used], notes=notes)


def _rate(by: Saying, one: RateUsed) -> Row:
    what = [by.component(one.component)]
    what += [by.say("tariff", tariff=one.tariff)] if one.tariff else []
    what += [by.zone(one.zone)] if one.zone else []
    what += [plain_text(one.operator)] if one.operator else []
    unit = by.say("percent" if one.component == "vat" else "per_kwh")
    amount = f"{shown(Figure(one.amount, digits_of(one.amount)), by.language)}\u00a0{unit}"
    source = plain_text(one.source) or by.say("no_source")
    if one.component != "vat":
        told = by.say("decision", decision=one.decision_no) if one.decision_no else by.say("no_decision")
        source += f"; {told}"
    status = STATUSES[by.language].get(one.status, plain_text(one.status))
    mark = STATUS_MARKS.get(one.status, "")
    return Row([Figure(one.number), ", ".join(what), amount, _valid(by, one.valid_from, one.valid_to), source,
                f"{status} {mark}".strip()])  # fmt: skip


def _valid(by: Saying, first: datetime | None, last: datetime | None) -> str:
    days = [
        None if first is None else first.astimezone(WARSAW).date(),
        None if last is None else (last - timedelta(seconds=1)).astimezone(WARSAW).date(),
    ]
    if days == [None, None]:
        return by.say("always")
    key = "to" if days[0] is None else "from" if days[1] is None else "from_to"
    return by.say(key, first=days[0], last=days[1])
