"""Page and API of the operator's and the sellers' figures beside a run."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from central.answers import Span
from central.figures.enquiry import Figures
from central.register.manifest import RUN_ID
from central.web.api import MonthAsked, Now, month_span
from central.web.drawing import Drawing
from central.web.enquiring import enquiry_page, value_of
from central.web.fresh import Enquire
from central.web.page_figures import figures_content

RunAsked = Annotated[str | None, QueryParameter(name="run", description="A run of the month, like 2026-10-final")]


def figure_handlers(drawing: Drawing, asks: Enquire, now: Now) -> list[BaseRouteHandler]:
    """The page."""

    @get("/figures", include_in_schema=False)
    async def figures_page(
        request: Request[Any, Any, Any], month: MonthAsked = None, run: RunAsked = None
    ) -> Response[str]:
        at = now()
        if run and not RUN_ID.fullmatch(run):
            return drawing.page(request, "not_there.html", 404, trouble=_not_a_run(run))
        try:
            span = _span(month, run, at)
        except ClientException:
            return drawing.page(request, "bad_span.html", 400, asked=month, which="month")
        seen = await asks(Figures(str(span), run or None), at, wait=False)
        return await enquiry_page(drawing, request, "figures.html", seen, figures_content)

    return [figures_page]


def figure_router(asks: Enquire, now: Now) -> Router:
    """``/api/v1/figures``."""

    @get("/figures", summary="Operator's and sellers' figures beside a run: figures compare --json, and the documents")
    async def figures(month: MonthAsked = None, run: RunAsked = None) -> dict[str, Any]:
        if run and not RUN_ID.fullmatch(run):
            raise NotFoundException(_not_a_run(run))
        at = now()
        span = _span(month, run, at)
        answer = value_of(await asks(Figures(str(span), run or None), at, wait=True))
        return {name: answer[name] for name in ("month", "documents", "compared")}

    return Router("/api/v1", route_handlers=[figures], tags=["register"])


def _span(month: str | None, run: str | None, at: datetime) -> Span:
    """The month that is asked for, or the run's; raises ClientException."""
    return month_span(month or (run[:7] if run else None), at)


def _not_a_run(name: str) -> str:
    return f"{name[:60]!r} is not a run's name like 2026-10-final"
