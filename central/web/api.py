"""The HTTP API: the same answers as the commands with ``--json``.

``month=2026-10`` or ``day=2026-10-05`` says what is asked for; neither: the present local day.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Any

from litestar import Router, get
from litestar.exceptions import ClientException, ServiceUnavailableException
from litestar.params import QueryParameter

from central.answers import Span
from central.ask import Answer, Question
from metering.period import WARSAW, Month

Ask = Callable[[Question, Span, datetime], Awaitable[Answer]]
"""A question about a span, as the books stand at an instant."""
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


async def value_of(answer: Awaitable[Answer]) -> dict[str, Any]:
    """An answer's value.

    Raises:
        ServiceUnavailableException: the books can't be read now.
    """
    found = await answer
    if found.value is None:
        raise ServiceUnavailableException(found.trouble)
    return found.value


def api_router(ask: Ask, now: Now) -> Router:
    """The routes below ``/api/v1``."""

    @get("/balance", summary="The balance of every period, in Wh")
    async def balance(month: MonthAsked = None, day: DayAsked = None) -> dict[str, Any]:
        at = now()
        return await value_of(ask("balance", span_of(month, day, at), at))

    @get("/shares", summary="Members' and points' shares; for a month the charges too")
    async def shares(month: MonthAsked = None, day: DayAsked = None) -> dict[str, Any]:
        at = now()
        return await value_of(ask("shares", span_of(month, day, at), at))

    @get("/findings", summary="What isn't as it should be; with all=1 also what was")
    async def findings(month: MonthAsked = None, day: DayAsked = None, ever: AllAsked = False) -> dict[str, Any]:
        at = now()
        return await value_of(ask("findings_ever" if ever else "findings", span_of(month, day, at), at))

    @get("/gateways", summary="Every gateway as central last saw it")
    async def gateways() -> dict[str, Any]:
        at = now()
        return await value_of(ask("gateways", span_of(None, None, at), at))

    @get("/stands", summary="The stands as they were sent")
    async def stands(month: MonthAsked = None, day: DayAsked = None) -> dict[str, Any]:
        at = now()
        return await value_of(ask("stands", span_of(month, day, at), at))

    return Router("/api/v1", route_handlers=[balance, shares, findings, gateways, stands], tags=["books"])
