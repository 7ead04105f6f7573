"""The pages: a day, a month, members, gateways and findings, in the language that is asked for.

Everything a person reads is in ``templates/`` and ``texts/``; here the answers are only put into the pages' order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import ClientException
from litestar.handlers import BaseRouteHandler

from central.answers import Span
from central.ask import Answer, Question
from central.web.api import DayAsked, MonthAsked, Now, month_or_day, month_span, span_of
from central.web.drawing import Drawing, response, words_of
from central.web.explaining import Why, asking_of, explain_content, nothing_explained
from central.web.fresh import Look
from central.web.page_completeness import completeness_content
from central.web.page_day import day_content
from central.web.page_lists import findings_content, gateways_content
from central.web.page_month import month_content
from metering.period import WARSAW

_DRAWN = 32
"""How many pages are kept as they were drawn, until there is a newer answer."""
Content = Callable[[dict[str, Any], Span, Any], dict[str, Any]]


def page_handlers(drawing: Drawing, look: Look, now: Now, why: Why = nothing_explained) -> list[BaseRouteHandler]:
    """The routes of the pages."""
    page = drawing.page
    drawn: dict[tuple[Any, ...], tuple[Answer, str]] = {}

    async def answered(
        request: Request[Any, Any, Any], name: str, question: Question, span: Span, content: Content
    ) -> Response[str]:
        at = now()
        seen = await look(question, span, at, wait=False)
        answer = seen.answer
        if answer is None:
            return page(request, "waiting.html", 202)
        if answer.value is None:
            return page(request, "trouble.html", 503, trouble=answer.trouble)
        query = request.query_params
        asked = (name, str(span), query.get("day"), query.get("month"))
        key = (*asked, words_of(request).language, seen.newer, at.astimezone(WARSAW).date())
        before = drawn.pop(key, None)
        if before is None or before[0] is not answer:
            more = {"newer": seen.newer, "span": span}
            before = answer, drawing.draw(request, name, content(answer.value, span, at) | more)
        drawn[key] = before
        while len(drawn) > _DRAWN:
            del drawn[next(iter(drawn))]
        return response(request, before[1], 200)

    @get("/", include_in_schema=False)
    async def day_page(request: Request[Any, Any, Any], day: DayAsked = None) -> Response[str]:
        try:
            span = span_of(None, day, now())
        except ClientException:
            return page(request, "bad_span.html", 400, asked=day, which="day")
        return await answered(request, "day.html", "day", span, day_content)

    @get("/month", include_in_schema=False)
    async def month_page(request: Request[Any, Any, Any], month: MonthAsked = None) -> Response[str]:
        return await of_month(request, "month.html", month)

    @get("/members", include_in_schema=False)
    async def members_page(request: Request[Any, Any, Any], month: MonthAsked = None) -> Response[str]:
        return await of_month(request, "members.html", month)

    async def of_month(request: Request[Any, Any, Any], name: str, month: str | None) -> Response[str]:
        try:
            span = month_span(month, now())
        except ClientException:
            return page(request, "bad_span.html", 400, asked=month, which="month")
        return await answered(request, name, "month", span, month_content)

    @get("/explain", include_in_schema=False)
    async def explain_page(request: Request[Any, Any, Any]) -> Response[str]:
        status, content = explain_content(await why(asking_of(request.query_params)), words_of(request))
        return page(request, "explain.html", status, **content)

    @get("/gateways", include_in_schema=False)
    async def gateways_page(request: Request[Any, Any, Any]) -> Response[str]:
        return await answered(request, "gateways.html", "gateways", span_of(None, None, now()), gateways_content)

    @get("/findings", include_in_schema=False)
    async def findings_page(
        request: Request[Any, Any, Any], month: MonthAsked = None, day: DayAsked = None
    ) -> Response[str]:
        try:
            span = month_or_day(month, day, now())
        except ClientException:
            return page(request, "bad_span.html", 400, asked=month or day, which="month" if month else "day")
        return await answered(request, "findings.html", "findings_ever", span, findings_content)

    @get("/completeness", include_in_schema=False)
    async def completeness_page(request: Request[Any, Any, Any], month: MonthAsked = None) -> Response[str]:
        try:
            span = month_span(month, now())
        except ClientException:
            return page(request, "bad_span.html", 400, asked=month, which="month")
        return await answered(request, "completeness.html", "completeness", span, completeness_content)

    return [explain_page, day_page, month_page, members_page, gateways_page, findings_page, completeness_page]
