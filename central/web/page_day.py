"""The content of the day's page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from central.answers import Span
from central.balance import ratio_text
from central.cluster import PeriodName
from metering.period import WARSAW, day_periods, local_text, utc_text

_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
SOURCES = ("injected_pv_wh", "injected_storage_wh", "injected_rest_wh")
COUNTED = ("own", "operator", "estimated")
"""Where values are from: own stands, an operator's file, an estimate; how many of each."""
ABSENT = ("ratio_pct", "multiplier", "next_multiplier", "to_next_wh", *SOURCES, *COUNTED)
"""What a row of an hour has beside its energies, for hours that haven't ended."""


def day_content(answers: dict[str, Any], span: Span, at: datetime) -> dict[str, Any]:
    """A day's answers in the order of the page."""
    balance = answers["balance"]
    day = span.start.astimezone(WARSAW).date()
    today = at.astimezone(WARSAW).date()
    rows = _rows(balance, day)
    complete = [row for row in rows if row["status"] == "complete"]
    gateways = answers["gateways"]["gateways"]
    return about(balance) | {
        "day": day,
        "today": today,
        "before": day - timedelta(days=1) if day > _FIRST_DAY else None,
        "after": day + timedelta(days=1) if day < min(today, _LAST_DAY) else None,
        "rows": rows,
        "last": complete[-1] if complete else None,
        "shown": shown_sources(rows),
        "members": with_parts(answers["shares"]["members"]),
        "gateways": len(gateways),
        "online": sum(1 for gateway in gateways if (gateway["status"] or {}).get("online")),
        "findings": len(answers["findings"]["findings"]),
    }


def about(balance: dict[str, Any]) -> dict[str, Any]:
    """What the page of a day and of a month say alike."""
    complete = [row for row in balance["hours"] if row["status"] == "complete"]
    sources = {name: sum(row[name] for row in complete) if complete else None for name in SOURCES}
    return {
        "cluster": balance["cluster"],
        "notes": balance["notes_said"],
        "as_of": balance["now"],
        "period": balance["period"],
        "quarters": balance["period"] == PeriodName.QUARTER,
        "complete": balance["complete"],
        "ended": balance["periods"],
        "sums": balance["sums"] | sources,
        "covered_pct": balance["covered_pct"],
        "counts": counted(balance["hours"]),
    }


def counted(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """How many values of these periods are from where."""
    rows = list(rows)
    return {name: sum(row[name] for row in rows) for name in COUNTED}


def shown_sources(rows: list[dict[str, Any]]) -> dict[str, bool]:
    """Which sources have a column of their own: those that gave anything; photovoltaics always."""
    return {
        "storage": any(row["injected_storage_wh"] for row in rows),
        "rest": any(row["injected_rest_wh"] for row in rows),
    }


def with_parts(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Members' sums with each one's part of what is allocated, in percent; null where nothing is."""
    whole = sum(row["allocated_wh"] or 0 for row in members)
    return [
        {**row, "part_pct": None if row["allocated_wh"] is None else ratio_text(row["allocated_wh"], whole)}
        for row in members
    ]


def with_share(row: dict[str, Any]) -> dict[str, Any]:
    """A period's row with its local name and the share of what was drawn that is covered."""
    covered, drawn = row["covered_wh"], row["drawn_wh"]
    return {**row, "covered_pct": None if covered is None or drawn is None else ratio_text(covered, drawn)}


def _rows(balance: dict[str, Any], day: date) -> list[dict[str, Any]]:
    """A row for every period of the local day; those that haven't ended have no figures."""
    ended = {row["start"]: row for row in balance["hours"]}
    absent = dict.fromkeys([*balance["sums"], *ABSENT])
    rows = []
    for period in day_periods(day, PeriodName(balance["period"]).length):
        row = ended.get(utc_text(period.start), {**absent, "status": "to_come"})
        rows.append(with_share({**row, "local": local_text(period.start)}))
    return rows
