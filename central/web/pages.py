"""The pages: a day, a month, members, gateways and findings, in the language that is asked for.

Everything a person reads is in ``templates/`` and ``texts/``; here the answers are only put into the pages' order.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
from litestar import Request, Response, get
from litestar.datastructures import Cookie
from litestar.enums import MediaType
from litestar.exceptions import ClientException
from litestar.handlers import BaseRouteHandler

from central.answers import Span
from central.ask import Answer, Question
from central.web.api import DayAsked, MonthAsked, Now, month_or_day, month_span, span_of
from central.web.explaining import KEYS, Why, asking_for, asking_of, explain_content, nothing_explained
from central.web.fresh import Look
from central.web.page_completeness import completeness_content
from central.web.page_day import day_content
from central.web.page_lists import findings_content, gateways_content
from central.web.page_month import month_content
from central.web.words import LANGUAGES, WORDS, Words, chosen_language, last_day, local_day, percent_off, when
from metering.period import WARSAW, Month

_TEMPLATES = Path(__file__).parent / "templates"
_YEAR_S = 365 * 86400
_DRAWN = 32
"""How many pages are kept as they were drawn, until there is a newer answer."""
Content = Callable[[dict[str, Any], Span, Any], dict[str, Any]]


def page_handlers(look: Look, now: Now, why: Why = nothing_explained) -> list[BaseRouteHandler]:
    """The routes of the pages."""
    templates = _environment()
    drawn: dict[tuple[Any, ...], tuple[Answer, str]] = {}

    def page(request: Request[Any, Any, Any], name: str, status: int = 200, **content: Any) -> Response[str]:
        return _response(request, draw(request, name, content), status)

    def draw(request: Request[Any, Any, Any], name: str, content: dict[str, Any]) -> str:
        words, query = _words(request), request.query_params
        return templates.get_template(name).render(
            t=words,
            when=when,
            languages=[(one, WORDS[one].catalogue["name"]) for one in LANGUAGES],
            path=request.url.path,
            asked_for={key: query[key] for key in ("day", *KEYS) if key in query},
            **_filters(words),
            **content,
        )

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
        key = (*asked, _words(request).language, seen.newer, at.astimezone(WARSAW).date())
        before = drawn.pop(key, None)
        if before is None or before[0] is not answer:
            before = answer, draw(request, name, content(answer.value, span, at) | {"newer": seen.newer, "span": span})
        drawn[key] = before
        while len(drawn) > _DRAWN:
            del drawn[next(iter(drawn))]
        return _response(request, before[1], 200)

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
        status, content = explain_content(await why(asking_of(request.query_params)), _words(request))
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


def _words(request: Request[Any, Any, Any]) -> Words:
    query, accepted = request.query_params, request.headers.get("Accept-Language")
    return WORDS[chosen_language(query.get("lang"), request.cookies.get("lang"), accepted)]


def _response(request: Request[Any, Any, Any], text: str, status: int) -> Response[str]:
    language, asked = _words(request).language, request.query_params.get("lang")
    headers = {
        "Cache-Control": "no-store, max-age=0",
        "Content-Language": language,
        "Vary": "Accept-Language, Cookie",
    }
    keep = [Cookie("lang", value=language, max_age=_YEAR_S, samesite="lax")] if asked == language else []
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=headers, cookies=keep)


def _filters(words: Words) -> dict[str, Callable[..., Any]]:
    """The language's ways of writing numbers and dates, by the names that the templates use."""
    return {
        "kwh": words.kwh,
        "number": words.number,
        "percent": words.percent,
        "step": words.step,
        "date": words.day,
        "date_short": words.short_day,
        "number_or_text": words.number_or_text,
        "asking_for": asking_for,
        "step_off": percent_off,
        "local_day": local_day,
        "last_day": last_day,
        "month_name": lambda month: words.month(Month.parse(str(month))),
    }


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
