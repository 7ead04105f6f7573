"""The content of the month's page and of the members' page."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

from central.answers import Span
from central.cluster import PeriodName
from central.web.page_day import ABSENT, about, counted, shown_sources, with_parts, with_share
from central.web.words import percent_off
from metering.period import WARSAW, Month, day_periods, local_text, utc_text

STEPS = ("1.00", "0.95", "0.90", "0.85", "0.80", "0.75")
"""The multipliers of the steps, from nothing off to all."""
_FIRST, _LAST = Month(2000, 1), Month(2199, 12)


def month_content(answers: dict[str, Any], span: Span, at: datetime) -> dict[str, Any]:
    """A month's answers in the order of the pages."""
    balance, shares, money = answers["balance"], answers["shares"], answers["money"]
    month = span.month
    days = _days(answers["days"], balance["hours"])
    charged = {row["member"]: row for row in money["members"]}
    return about(balance) | {
        "notes": shares["notes_said"],
        "month": month,
        "before": Month.of(month.start - timedelta(days=1)) if month > _FIRST else None,
        "after": month.next if month < min(Month.of(at), _LAST) else None,
        "present": Month.of(at),
        "today": at.astimezone(WARSAW).date(),
        "days": days,
        "shown": shown_sources(days),
        "lines": _lines(balance, month),
        "steps": [(multiplier, percent_off(multiplier), answers["steps"].get(multiplier, 0)) for multiplier in STEPS],
        "nothing_drawn": answers["steps"].get("none", 0),
        "members": [{**row, "money": charged.get(row["member"])} for row in with_parts(shares["members"])],
        "relief_zl": shares["relief_zl"],
        "components": money["components"],
        "rates": answers["rates"],
        "doubtful": any(status != "verified" for status in shares["rates"]),
        "points_of": _points_of(answers, month),
    }


def _days(days: list[dict[str, Any]], hours: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The days of the month that have begun; ``status`` as an hour has it, and where the hours' values are from."""
    of_day: dict[str, list[dict[str, Any]]] = {}
    for row in hours:
        of_day.setdefault(row["local"][:10], []).append(row)
    found = []
    for row in days:
        status = "complete" if row["complete"] else "incomplete"
        counts = counted(of_day.get(row["day"], []))
        found.append({**row, **counts, "date": date.fromisoformat(row["day"]), "status": status})
    return found


def _lines(balance: dict[str, Any], month: Month) -> list[dict[str, Any]]:
    """The heat map: a line for each time of day, in each a cell for each day, None where the clock skips the time.

    Where the clock is put back, times come twice: the second has a line of its own, empty on the other days.
    """
    length = PeriodName(balance["period"]).length
    ended = {row["start"]: row for row in balance["hours"]}
    absent = dict.fromkeys([*balance["sums"], *ABSENT])
    days = [month.first_day + timedelta(days=n) for n in range((month.next.first_day - month.first_day).days)]
    times: dict[tuple[str, int], dict[date, dict[str, Any]]] = {}
    for day in days:
        seen: dict[str, int] = {}
        for period in day_periods(day, length):
            local = local_text(period.start)
            time = local[11:16]
            row = ended.get(utc_text(period.start), {**absent, "status": "to_come"})
            times.setdefault((time, seen.get(time, 0)), {})[day] = with_share({**row, "local": local})
            seen[time] = seen.get(time, 0) + 1
    return [
        {"time": time, "again": bool(again), "cells": [(day, cells.get(day)) for day in days]}
        for (time, again), cells in sorted(times.items(), key=lambda line: (line[0][0][:2], line[0][1], line[0][0]))
    ]


def _points_of(answers: dict[str, Any], month: Month) -> dict[str, list[dict[str, Any]]]:
    """Each member's points with their sums and money; ``asks`` names each to who explains, its owner if it had more."""
    sums = {(row["point"], row["member"]): row for row in answers["shares"]["points"]}
    money = {(row["point"], row["member"]): row for row in answers["money"]["points"]}
    found: dict[str, list[dict[str, Any]]] = {}
    owners = Counter(point["point"] for point in answers["points"])
    for point in answers["points"]:
        held = point["point"], point["member"]
        asks = {"month": month, "point": point["point"]}
        asks |= {"member": point["member"]} if owners[point["point"]] > 1 else {}
        mine = {**point, "sums": sums.get(held), "money": money.get(held), "asks": asks}
        found.setdefault(point["member"], []).append(mine)
    return found
