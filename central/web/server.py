"""Puts page and API together and serves them."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Awaitable, Callable
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.response.base import ASGIResponse
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from central.answers import Span
from central.ask import Answer, Question, ask
from central.config import WebTable
from central.web.api import Ask, Now, api_router
from central.web.pages import page_handlers
from runtime.clock import Clock
from runtime.log import logger

_log = logger("central.web")
_NAMES = re.compile(r"(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d{1,5})?", re.IGNORECASE)
_STATIC = Path(__file__).parent / "static"
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}

Compute = Callable[..., Awaitable[Any]]


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


def make_app(ask_books: Ask, now: Now) -> Litestar:
    """The web application: pages at ``/``, the API below ``/api/v1``, its description at ``/api/openapi.json``."""

    return Litestar(
        [
            api_router(ask_books, now),
            *page_handlers(ask_books, now),
            create_static_files_router("/static", directories=[_STATIC]),
        ],
        before_send=[_secure],
        middleware=[own_names_only],
        openapi_config=OpenAPIConfig(
            title="klaster", version="1", path="/api", render_plugins=[JsonRenderPlugin(path="/openapi.json")]
        ),
        logging_config=None,
    )


async def serve_web(settings: WebTable, config_file: Path, clock: Clock, compute: Compute) -> None:
    """Serve until cancelled."""

    async def ask_books(question: Question, span: Span, at: datetime) -> Answer:
        try:
            found: Answer = await compute(ask, question, config_file, span, at)
        except (OSError, sqlite3.Error, BrokenProcessPool) as error:
            _log.error("books_unreadable", question=question, error=str(error))
            return Answer(None, f"the books can't be read: {error}")
        return found

    def now() -> datetime:
        return clock.now()

    app = make_app(ask_books, now)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
    )
    server = _Server(config)
    _log.info("page", url=f"http://{settings.host}:{settings.port}")
    await server.serve()


class _Server(uvicorn.Server):
    """Leaves signals to the service."""

    def capture_signals(self) -> Any:
        """Install nothing."""
        return contextlib.nullcontext()
