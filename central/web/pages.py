"""The page: one local day's balance, covered share and shares, with the gateways and findings beside it.

Everything a person reads is in ``templates/``; here the answers are only put into the order of the page.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import jinja2
from litestar import Response, get
from litestar.enums import MediaType
from litestar.exceptions import ClientException
from litestar.handlers import BaseRouteHandler

from central.answers import Span
from central.balance import ratio_text
from central.cluster import PeriodName
from central.reports.settlement_text import kwh
from central.web.api import Ask, DayAsked, Now, span_of
from metering.period import WARSAW, day_periods, local_text, utc_text

_TEMPLATES = Path(__file__).parent / "templates"
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)


def page_handlers(ask: Ask, now: Now) -> list[BaseRouteHandler]:
    """The routes of the pages."""
    templates = _environment()

    def page(name: str, status: int = 200, **content: Any) -> Response[str]:
        text = templates.get_template(name).render(content)
        return Response(
            text, status_code=status, media_type=MediaType.HTML, headers={"Cache-Control": "no-store, max-age=0"}
        )

    @get("/", include_in_schema=False)
    async def day_page(day: DayAsked = None) -> Response[str]:
        at = now()
        try:
            span = span_of(None, day, at)
        except ClientException:
            return page("bad_day.html", 400, asked=day)
        answer = await ask("day", span, at)
        if answer.value is None:
            return page("trouble.html", 503, trouble=answer.trouble)
        return page("day.html", **_day(span, at), **_content(answer.value, span))

    return [day_page]


def _environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["kwh"] = kwh
    found.filters["when"] = _when
    return found


def _when(utc: str | None) -> str:
    """An answer's instant as ``2026-06-17 14:05+02:00``; empty where there is none."""
    if utc is None:
        return ""
    return datetime.fromisoformat(utc).astimezone(WARSAW).isoformat(sep=" ", timespec="minutes")


def _day(span: Span, now: datetime) -> dict[str, Any]:
    """The day and its neighbours; no next one beyond the day in course."""
    day = span.start.astimezone(WARSAW).date()
    today = now.astimezone(WARSAW).date()
    return {
        "day": day,
        "today": today,
        "before": day - timedelta(days=1) if day > _FIRST_DAY else None,
        "after": day + timedelta(days=1) if day < min(today, _LAST_DAY) else None,
    }


def _content(answers: dict[str, Any], span: Span) -> dict[str, Any]:
    balance = answers["balance"]
    return {
        "cluster": balance["cluster"],
        "notes": balance["notes"],
        "now": balance["now"],
        "quarters": balance["period"] == PeriodName.QUARTER,
        "complete": balance["complete"],
        "ended": balance["periods"],
        "sums": balance["sums"],
        "covered_pct": balance["covered_pct"],
        "rows": _rows(balance, span),
        "members": answers["shares"]["members"],
        "gateways": answers["gateways"]["gateways"],
        "findings": answers["findings"]["findings"],
    }


def _rows(balance: dict[str, Any], span: Span) -> list[dict[str, Any]]:
    """A row for every period of the local day; those that haven't ended have no figures."""
    ended = {row["start"]: row for row in balance["hours"]}
    absent = dict.fromkeys([*balance["sums"], "ratio_pct", "multiplier"])
    rows = []
    for period in day_periods(span.start.astimezone(WARSAW).date(), PeriodName(balance["period"]).length):
        row = ended.get(utc_text(period.start), {**absent, "status": "to_come"})
        covered, drawn = row["covered_wh"], row["drawn_wh"]
        share = None if covered is None or drawn is None else ratio_text(covered, drawn)
        rows.append({**row, "local": local_text(period.start), "covered_pct": share})
    return rows
