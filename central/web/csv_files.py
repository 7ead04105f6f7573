"""Every table of the page as a CSV file: field names as in the settlement's files, comma, UTF-8, figures unrounded."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from litestar import Response, Router, get
from litestar.exceptions import NotFoundException, ServiceUnavailableException
from litestar.params import FromPath
from litestar.response import Stream

from central.answers import Span
from central.ask import Question
from central.reports.rows_csv import RowsTable
from central.web.api import DayAsked, MonthAsked, Now, month_or_day, month_span, value_of
from central.web.csv_headers import HEADERS
from central.web.fresh import Look

WriteRows = Callable[[RowsTable, Span, datetime, Path], Awaitable[str]]
"""Writes a large table to a file; gives why it can't be done, or nothing."""
Rows = list[dict[str, Any]]
_CHUNK = 256 * 1024
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


_PARTS: Final[Mapping[str, Sequence[str]]] = {
    "buses": ("id", "link", "connected", "error"),
    "meters": ("id", "bus", "profile", "last_read", "error"),
}
"""What a status says of each line and meter."""


def _of_gateways(part: Literal["buses", "meters"]) -> Callable[[dict[str, Any]], Rows]:
    def rows(answer: dict[str, Any]) -> Rows:
        return [
            {"gateway": one["gateway"]} | {name: row[name] for name in _PARTS[part]}
            for one in answer["gateways"]
            if one["status"]
            for row in one["status"][part]
        ]

    return rows


def _gateways(answer: dict[str, Any]) -> Rows:
    rows = []
    for one in answer["gateways"]:
        status = one["status"] or {}
        outbox = status.get("outbox", {})
        rows.append(
            {name: one[name] for name in ("gateway", "heard", "receipted", "clock")}
            | {name: status.get(name) for name in ("online", "at", "version", "backlog", "aside")}
            | {name: outbox.get(name) for name in ("unwritten", "lost", "trouble")}
        )
    return rows


def _findings(answer: dict[str, Any]) -> Rows:
    return [
        {name: value for name, value in row.items() if name not in {"acknowledged", "notes"}}
        for row in answer["findings"]
    ]


def _completeness(answer: dict[str, Any]) -> Rows:
    return [
        {"point": one["point"], "direction": one["direction"], "day": day}
        | {name: counts[i] for name, counts in one["by_day"].items()}
        for one in answer["points"]
        for i, day in enumerate(answer["days"])
    ]


def _missing(answer: dict[str, Any]) -> Rows:
    return [
        {name: value for name, value in one.items() if name not in {"causes", "asked"}}
        | {"causes": " ".join(dict.fromkeys(cause["cause"] for cause in one["causes"]))}
        | {"asked": max((asked["at"] for asked in one["asked"]), default=None)}
        for one in answer["missing"]
    ]


def _deadlines(answer: dict[str, Any]) -> Rows:
    return [
        {"operator": one["operator"]} | {name: day[name] for name in ("day", "expected", "present")} | deadline
        for one in answer["operators"]
        for day in one["days"]
        for deadline in day["deadlines"]
    ]


def _money(of: str) -> Callable[[dict[str, Any]], Rows]:
    return lambda answer: list(answer["money"][of])


SMALL: Final[Mapping[str, tuple[Question, bool, Callable[[dict[str, Any]], Rows]]]] = {
    "hours": ("balance", False, lambda answer: answer["hours"]),
    "members": ("sums", False, lambda answer: answer["members"]),
    "points": ("sums", False, lambda answer: answer["points"]),
    "charges": ("sums", True, lambda answer: answer["charges"]),
    "days": ("month", True, lambda answer: answer["days"]),
    "money": ("month", True, _money("members")),
    "components": ("month", True, _money("components")),
    "rates": ("month", True, lambda answer: answer["rates"]),
    "gateways": ("gateways", False, _gateways),
    "buses": ("gateways", False, _of_gateways("buses")),
    "meters": ("gateways", False, _of_gateways("meters")),
    "findings": ("findings_ever", False, _findings),
    "completeness": ("completeness", True, _completeness),
    "missing": ("completeness", True, _missing),
    "deadlines": ("completeness", True, _deadlines),
}
"""Each table's question, whether it is always a whole month's, and its rows in the answer."""
LARGE: Final[Sequence[RowsTable]] = ("shares", "stands")


def csv_router(look: Look, write_rows: WriteRows, now: Now) -> Router:
    """The routes below ``/csv``."""

    @get("/{table:str}", summary="A table as CSV", include_in_schema=True)
    async def table_file(table: FromPath[str], month: MonthAsked = None, day: DayAsked = None) -> Response[Any]:
        at = now()
        large = next((name for name in LARGE if name == table), None)
        if large is not None:
            return await _streamed(large, month_or_day(month, day, at), at)
        if table not in SMALL:
            raise NotFoundException(f"no table {table[:40]!r}; there are {', '.join(sorted((*SMALL, *LARGE)))}")
        question, whole_month, rows_of = SMALL[table]
        span = month_span(month, at) if whole_month else month_or_day(month, day, at)
        text = csv_text(rows_of(await value_of(look, question, span, at)), HEADERS[table])
        name = f"{table}.csv" if question == "gateways" else f"{table}-{span}.csv"
        return Response(text.encode(), media_type="text/csv", headers=_headers(name))

    async def _streamed(table: RowsTable, span: Span, at: datetime) -> Response[Any]:
        out = _made()
        trouble = await write_rows(table, span, at, out)
        written = _taken(out)
        if trouble:
            written.close()
            raise ServiceUnavailableException(trouble)

        async def chunks() -> AsyncIterator[bytes]:
            with written:
                while chunk := written.read(_CHUNK):
                    yield chunk

        return Stream(chunks(), media_type="text/csv", headers=_headers(f"{table}-{span}.csv"))

    return Router("/csv", route_handlers=[table_file], tags=["files"])


def csv_text(rows: Iterable[Mapping[str, Any]], header: Sequence[str] = ()) -> str:
    """Rows as CSV with their names as header; where there are none, ``header`` alone.

    A text that a spreadsheet would run as a formula is given an apostrophe: names and errors come from outside.
    """
    rows = list(rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if names := list(rows[0]) if rows else list(header):
        writer.writerow(names)
        writer.writerows([_cell(row[name]) for name in names] for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return int(value) if isinstance(value, bool) else value


def _made() -> Path:
    """A file of its own name, empty, which only this user may read."""
    with tempfile.NamedTemporaryFile(prefix="klaster-csv-", delete=False) as made:
        return Path(made.name)


def _taken(out: Path) -> BinaryIO:
    """The file, open; its name goes at once, and what is open stays readable until it has been sent."""
    try:
        return out.open("rb")
    finally:
        out.unlink()


def _headers(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store, max-age=0"}
