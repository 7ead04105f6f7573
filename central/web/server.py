"""Puts page and API together and serves them."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.response.base import ASGIResponse
from litestar.static_files import create_static_files_router
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from central.answers import Span
from central.ask import Answer, Question
from central.config import WebTable, load_config
from central.enquiry import Enquiry, enquire, write_file
from central.explaining.answer import Asking, explain_standing
from central.marks import Marks, all_marks, register_marks
from central.reports.rows_csv import RowsTable, write_rows
from central.standing import ask_standing
from central.web.api import Now, api_router
from central.web.condition_pages import condition_handlers, condition_router
from central.web.csv_files import WriteRows, csv_router
from central.web.drawing import Drawing
from central.web.enquiring import Enquiries, NothingAsked, Write, nothing_written
from central.web.explaining import Why, explain_router, nothing_explained
from central.web.figure_pages import figure_handlers, figure_router
from central.web.fresh import Enquire, Fresh, Look
from central.web.live_route import Live, live_router, nothing_live
from central.web.pages import page_handlers
from central.web.run_pages import run_handlers, run_router
from runtime.clock import Clock
from runtime.log import logger

_log = logger("central.web")
_NAMES = re.compile(r"(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_STATIC = Path(__file__).parent / "static"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

Compute = Callable[..., Awaitable[Any]]
SideBySide = Callable[..., Awaitable[None]]
_NOTHING_ASKED = NothingAsked()


def own_names_only(app: ASGIApp) -> ASGIApp:
    """Refuse names that aren't this machine's: another site's script must not read the page through a name of its own.

    Any port is fine: a tunnel gives the page another.
    """

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if _NAMES.fullmatch(host):
            await app(scope, receive, send)
        else:
            refusal = ASGIResponse(body=b'{"detail":"this name is not served"}', status_code=400)
            await refusal(scope, receive, send)

    return guarded


async def _secure(message: Message, _: Scope) -> None:
    # Before sending, not after the handler: refusals and errors pass here too.
    if message["type"] == "http.response.start":
        MutableScopeHeaders(message).update(_HEADERS)


async def _tell(error: Exception, scope: Scope) -> None:
    """A page or answer that broke is told in the log, with where: whoever looks only sees that it did."""
    if not isinstance(error, HTTPException) or error.status_code >= HTTP_500_INTERNAL_SERVER_ERROR:
        _log.error("page_broken", path=scope["path"], exc_info=error)


def make_app(
    look: Look,
    rows_file: WriteRows,
    now: Now,
    live: Live = nothing_live,
    why: Why = nothing_explained,
    asks: Enquire = _NOTHING_ASKED,
    write: Write = nothing_written,
) -> Litestar:
    """The web application: pages at ``/``, files below ``/csv``, the API below ``/api/v1``.

    The API describes itself at ``/api/openapi.json``.
    """

    drawing = Drawing()
    return Litestar(
        [
            api_router(look, now),
            run_router(asks, now),
            condition_router(asks, now),
            figure_router(asks, now),
            explain_router(why),
            live_router(live, now),
            csv_router(look, rows_file, now),
            *page_handlers(drawing, look, now, why),
            *run_handlers(drawing, asks, write, now),
            *figure_handlers(drawing, asks, now),
            *condition_handlers(drawing, asks, write, now),
            create_static_files_router("/static", directories=[_STATIC]),
        ],
        before_send=[_secure],
        after_exception=[_tell],
        middleware=[own_names_only],
        openapi_config=OpenAPIConfig(
            title="klaster", version="1", path="/api", render_plugins=[JsonRenderPlugin(path="/openapi.json")]
        ),
        logging_config=None,
    )


def page_socket(settings: WebTable) -> socket.socket:
    """The socket of the page, bound, so that a port that is taken is found before anything starts.

    Raises:
        OSError: it is taken; the message names it.
    """
    made = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((settings.host, settings.port))
    except OSError as error:
        made.close()
        where = f"{settings.host}:{settings.port}"
        raise OSError(error.errno, f"the page can't be served on {where}: {error.strerror}") from error
    return made


async def serve_web(
    page: socket.socket,
    config_file: Path,
    clock: Clock,
    compute: Compute,
    side_by_side: SideBySide,
    live: Live = nothing_live,
) -> None:
    """Serve on a bound socket until cancelled.

    ``compute`` runs a function in a worker process, ``side_by_side`` jobs until all have ended, ``live`` tells the live
    values of an instant.

    Raises:
        ConfigError: the configuration can't be used.
    """
    config = load_config(config_file)

    async def answer(question: Question, span: Span, at: datetime) -> Answer:
        try:
            found: Answer = await compute(ask_standing, question, config_file, span, at)
        except (OSError, sqlite3.Error, BrokenProcessPool) as error:
            _log.error("books_unreadable", question=question, error=str(error))
            return Answer(None, f"the books can't be read: {error}")
        return found

    def now() -> datetime:
        return clock.now()

    async def rows_file(table: RowsTable, span: Span, at: datetime, out: Path) -> str:
        try:
            trouble: str = await compute(write_rows, table, config_file, span, at, out)
        except BrokenProcessPool as error:
            return f"the books can't be read: {error}"
        return trouble

    async def why(asking: Asking) -> Answer:
        try:
            found: Answer = await compute(explain_standing, config_file, asking)
        except BrokenProcessPool as error:
            return Answer(None, f"the books can't be read: {error}")
        return found

    async def apart(enquiry: Enquiry, at: datetime) -> Answer:
        try:
            found: Answer = await compute(enquire, enquiry, config_file, at)
        except BrokenProcessPool as error:
            return Answer(None, f"the books can't be read: {error}")
        return found

    async def write(work: Callable[[Path, Path], None], out: Path) -> str:
        try:
            trouble: str = await compute(write_file, work, config_file, out)
        except BrokenProcessPool as error:
            return f"the books can't be read: {error}"
        return trouble

    def marks() -> Marks:
        return all_marks(config, config_file)

    fresh: Fresh[Question] = Fresh(answer, marks)
    enquiries = Enquiries(apart, lambda: register_marks(config, config_file), marks)
    app = make_app(fresh.look, rows_file, now, live, why, enquiries, write)
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, server_header=False, lifespan="off"))
    host, port = page.getsockname()[:2]
    _log.info("page", url=f"http://{host}:{port}")
    await side_by_side(server.serve(sockets=[page]), fresh.run(), *enquiries.jobs())


class _Server(uvicorn.Server):
    """Leaves signals to the service."""

    def capture_signals(self) -> Any:
        """Install nothing."""
        return contextlib.nullcontext()
