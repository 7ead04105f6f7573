"""Pages, API and calendar file of the conditions of art. 184l, the radar of the next step, and the deadlines."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.exceptions import ClientException
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from central.conditions.enquiry import Conditions
from central.papers.enquiry import Deadlines, WriteCalendar
from central.radar.enquiry import Radar
from central.web.api import MonthAsked, Now, month_span
from central.web.drawing import Drawing, words_of
from central.web.enquiring import Write, enquiry_page, file_of, value_of
from central.web.fresh import Enquire
from central.web.page_conditions import conditions_content, deadlines_content, radar_content
from metering.period import Month

SlotAsked = Annotated[
    int | None, QueryParameter(name="hour", ge=0, le=23, description="An hour of the day, like 13: all its hours")
]


def condition_handlers(drawing: Drawing, asks: Enquire, write: Write, now: Now) -> list[BaseRouteHandler]:
    """The pages, and the calendar as a file."""

    @get("/conditions", include_in_schema=False)
    async def conditions_page(request: Request[Any, Any, Any]) -> Response[str]:
        seen = await asks(Conditions(), now(), wait=False)
        return await enquiry_page(drawing, request, "conditions.html", seen, conditions_content)

    @get("/radar", include_in_schema=False)
    async def radar_page(
        request: Request[Any, Any, Any], month: MonthAsked = None, hour: SlotAsked = None
    ) -> Response[str]:
        at = now()
        try:
            span = month_span(month, at)
        except ClientException:
            return drawing.page(request, "bad_span.html", 400, asked=month, which="month")
        seen = await asks(Radar(str(span), hour), at, wait=False)
        content = partial(radar_content, present=Month.of(at))
        return await enquiry_page(drawing, request, "radar.html", seen, content)

    @get("/deadlines", include_in_schema=False)
    async def deadlines_page(request: Request[Any, Any, Any]) -> Response[str]:
        seen = await asks(Deadlines(), now(), wait=False)
        return await enquiry_page(drawing, request, "deadlines.html", seen, deadlines_content)

    @get("/deadlines.ics", include_in_schema=False)
    async def calendar_file(request: Request[Any, Any, Any]) -> Response[Any]:
        work = WriteCalendar(now(), words_of(request).language)
        return await file_of(write, work, "klaster.ics", "text/calendar")

    return [conditions_page, radar_page, deadlines_page, calendar_file]


def condition_router(asks: Enquire, now: Now) -> Router:
    """``/api/v1/conditions``, ``radar`` and ``deadlines``."""

    @get("/conditions", summary="The conditions of art. 184l of today, as conditions --json")
    async def conditions() -> dict[str, Any]:
        return _said(value_of(await asks(Conditions(), now(), wait=True)))

    @get("/radar", summary="What is missing to the next relief step, by hour of the day, as radar --json")
    async def radar(month: MonthAsked = None, hour: SlotAsked = None) -> dict[str, Any]:
        at = now()
        return _said(value_of(await asks(Radar(str(month_span(month, at)), hour), at, wait=True)))

    @get("/deadlines", summary="What is open or late, one year ahead, as deadlines --json")
    async def deadlines() -> dict[str, Any]:
        return _said(value_of(await asks(Deadlines(), now(), wait=True)))

    return Router("/api/v1", route_handlers=[conditions, radar, deadlines], tags=["conditions"])


def _said(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "now"}
