"""Pages, API and files of the register of runs: its list, one run, two compared, a month's closing and correction."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, Router, get
from litestar.exceptions import ClientException, NotFoundException
from litestar.handlers import BaseRouteHandler
from litestar.params import FromPath, QueryParameter

from central.register.enquiries import (
    TABLES,
    Closing,
    Correction,
    OneRun,
    RunDifference,
    RunList,
    VerifyRun,
    WriteRun,
)
from central.register.manifest import RUN_ID
from central.web.api import MonthAsked, Now, month_span
from central.web.drawing import Drawing
from central.web.enquiring import Content, Write, enquiry_page, file_of, value_of
from central.web.fresh import Enquire
from central.web.page_runs import closing_content, difference_content, run_content, runs_content

BeforeAsked = Annotated[str | None, QueryParameter(name="before", description="A run, like 2026-10-preliminary-1")]
AfterAsked = Annotated[str | None, QueryParameter(name="after", description="Another run of the same month")]
VerifyAsked = Annotated[bool, QueryParameter(name="verify", description="1: verify the run")]


def run_handlers(drawing: Drawing, asks: Enquire, write: Write, now: Now) -> list[BaseRouteHandler]:
    """The pages below ``/runs``, and the files of a run."""

    @get("/runs", include_in_schema=False)
    async def runs_page(request: Request[Any, Any, Any]) -> Response[str]:
        at = now()
        seen = await asks(RunList(), at, wait=False)
        checked: dict[str, bool] = {}
        for row in (seen.answer.value or {}).get("runs", []) if seen.answer else []:
            if (found := asks.peek(VerifyRun(row["run"]), at)) and found.value:
                checked[row["run"]] = found.value["equal"]
        return await enquiry_page(drawing, request, "runs.html", seen, lambda answer: runs_content(answer, checked))

    @get("/runs/diff", include_in_schema=False)
    async def difference_page(
        request: Request[Any, Any, Any], before: BeforeAsked = None, after: AfterAsked = None
    ) -> Response[str]:
        for name in (before or "", after or ""):
            if not RUN_ID.fullmatch(name):
                return _no_run(drawing, request, name)
        seen = await asks(RunDifference(before or "", after or ""), now(), wait=False)
        return await enquiry_page(drawing, request, "run_diff.html", seen, difference_content)

    @get("/runs/correction", include_in_schema=False)
    async def correction_page(request: Request[Any, Any, Any], month: MonthAsked = None) -> Response[str]:
        return await of_month(request, "run_diff.html", month, Correction, difference_content)

    @get("/runs/closing", include_in_schema=False)
    async def closing_page(request: Request[Any, Any, Any], month: MonthAsked = None) -> Response[str]:
        return await of_month(request, "closing.html", month, Closing, closing_content)

    async def of_month(
        request: Request[Any, Any, Any],
        name: str,
        month: str | None,
        enquiry: type[Correction | Closing],
        content: Content,
    ) -> Response[str]:
        at = now()
        try:
            span = month_span(month, at)
        except ClientException:
            return drawing.page(request, "bad_span.html", 400, asked=month, which="month")
        return await enquiry_page(drawing, request, name, await asks(enquiry(str(span)), at, wait=False), content)

    @get("/runs/{name:str}", include_in_schema=False)
    async def run_page(
        request: Request[Any, Any, Any], name: FromPath[str], verify: VerifyAsked = False
    ) -> Response[str]:
        if not RUN_ID.fullmatch(name):
            return _no_run(drawing, request, name)
        at = now()
        checked = await asks(VerifyRun(name), at, wait=False) if verify else None
        if checked is not None and checked.answer is None:
            return drawing.page(request, "waiting.html", 202)
        found = checked.answer if checked else asks.peek(VerifyRun(name), at)
        seen = await asks(OneRun(name), at, wait=False)
        return await enquiry_page(drawing, request, "run.html", seen, lambda answer: run_content(answer, found))

    @get("/runs/{name:str}/export", include_in_schema=False)
    async def export_file(name: FromPath[str]) -> Response[Any]:
        return await file_of(write, WriteRun(_run(name)), f"{name}.zip", "application/zip")

    @get("/runs/{name:str}/csv/{table:str}", include_in_schema=False)
    async def table_file(name: FromPath[str], table: FromPath[str]) -> Response[Any]:
        known = next((one for one in TABLES if one == table), None)
        if known is None:
            raise NotFoundException(f"no table {table[:40]!r}; there are {', '.join(TABLES)}")
        return await file_of(write, WriteRun(_run(name), known), f"{name}-{table}.csv", "text/csv")

    return [runs_page, difference_page, correction_page, closing_page, run_page, export_file, table_file]


def run_router(asks: Enquire, now: Now) -> Router:
    """``/api/v1/runs`` and ``/api/v1/runs/{run}``."""

    @get("/", summary="Every run of the register, as runs --json")
    async def runs() -> dict[str, Any]:
        answer = value_of(await asks(RunList(), now(), wait=True))
        return {"runs": answer["runs"]}

    @get("/{name:str}", summary="One run with all that it says of itself, as runs show --json")
    async def run(name: FromPath[str]) -> dict[str, Any]:
        shown: dict[str, Any] = value_of(await asks(OneRun(_run(name)), now(), wait=True))["shown"]
        return shown

    return Router("/api/v1/runs", route_handlers=[runs, run], tags=["register"])


def _run(name: str) -> str:
    if not RUN_ID.fullmatch(name):
        raise NotFoundException(f"{name[:60]!r} is not a run's name like 2026-10-final")
    return name


def _no_run(drawing: Drawing, request: Request[Any, Any, Any], name: str) -> Response[str]:
    said = f"{name[:60]!r} is not a run's name like 2026-10-final"
    return drawing.page(request, "not_there.html", 404, trouble=said)
