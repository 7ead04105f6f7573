"""The HTTP API: the same answers as the commands with ``--json``.

``month=2026-10`` or ``day=2026-10-05`` says what is asked for; neither: the present local day.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Any

from litestar import Router, get
from litestar.exceptions import ClientException, ServiceUnavailableException
from litestar.params import QueryParameter

from central.answers import Span
from central.ask import Question
from central.web.fresh import Look
from metering.period import WARSAW, Month

Now = Callable[[], datetime]
MonthAsked = Annotated[str | None, QueryParameter(name="month", description="A local month, like 2026-10")]
AllAsked = Annotated[bool, QueryParameter(name="all", description="1: closed findings too")]
DayAsked = Annotated[str | None, QueryParameter(name="day", description="A local day, like 2026-10-05")]


def span_of(month: str | None, day: str | None, now: datetime) -> Span:
    """What is asked for.

    Raises:
        ClientException: it is no month or day, or both are given.
    """
    if month and day:
        raise ClientException("give month or day, not both")
    try:
        if month:
            return Span(month=Month.parse(month))
        return Span.of_day(_day(day) if day else now.astimezone(WARSAW).date())
    except ValueError as error:
        raise ClientException(f"{month or day!r}: expected a month like 2026-10 or a day like 2026-10-05") from error


def _day(text: str) -> date:
    # As strict as a month: date.fromisoformat also reads weeks, and years that have no instant in UTC.
    if not re.fullmatch(r"2[01]\d{2}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError(text)
    return date.fromisoformat(text)


def month_span(month: str | None, now: datetime) -> Span:
    """A whole month, the present one where none is asked for; raises as ``span_of``."""
    return span_of(month, None, now) if month else Span(month=Month.of(now))


def month_or_day(month: str | None, day: str | None, now: datetime) -> Span:
    """A month or day, the present month where neither is asked for; raises as ``span_of``."""
    return span_of(month, day, now) if month or day else month_span(None, now)


async def value_of(look: Look, question: Question, span: Span, at: datetime) -> dict[str, Any]:
    """An answer's value, as long as its first making takes.

    Raises:
        ServiceUnavailableException: the books can't be read now.
    """
    found = (await look(question, span, at, wait=True)).answer
    if found is None or found.value is None:
        raise ServiceUnavailableException(found.trouble if found else "")
    return found.value


def api_router(look: Look, now: Now) -> Router:
    """The routes below ``/api/v1``."""

    @get("/balance", summary="The balance of every period, in Wh")
    async def balance(month: MonthAsked = None, day: DayAsked = None) -> dict[str, Any]:
        at = now()
        return await value_of(look, "balance", span_of(month, day, at), at)

    @get("/shares", summary="Members' and points' shares; a month's with the charges, its rows as /csv/shares")
    async def shares(month: MonthAsked = None, day: DayAsked = None) -> dict[str, Any]:
        at = now()
        return await value_of(look, "sums" if month else "shares", span_of(month, day, at), at)

    @get("/month", summary="A month as the page shows it: days, steps, shares, charges, rates")
    async def whole_month(month: MonthAsked = None) -> dict[str, Any]:
        at = now()
        return await value_of(look, "month", month_span(month, at), at)

    @get("/findings", summary="What isn't as it should be; with all=1 also what was")
    async def findings(month: MonthAsked = None, day: DayAsked = None, ever: AllAsked = False) -> dict[str, Any]:
        at = now()
        return await value_of(look, "findings_ever" if ever else "findings", span_of(month, day, at), at)

    @get("/gateways", summary="Every gateway as central last saw it")
    async def gateways() -> dict[str, Any]:
        at = now()
        return await value_of(look, "gateways", span_of(None, None, at), at)

    @get("/completeness", summary="What is there of what is expected, why the rest is missing, and who is late")
    async def completeness(month: MonthAsked = None) -> dict[str, Any]:
        at = now()
        return await value_of(look, "completeness", month_span(month, at), at)

    @get("/stands", summary="The stands as they were sent")
    async def stands(month: MonthAsked = None, day: DayAsked = None) -> dict[str, Any]:
        at = now()
        return await value_of(look, "stands", span_of(month, day, at), at)

    return Router(
        "/api/v1",
        route_handlers=[balance, shares, whole_month, findings, gateways, completeness, stands],
        tags=["books"],
    )
