"""The page: a day's balance and shares."""

from __future__ import annotations

from litestar.handlers import BaseRouteHandler

from central.web.api import Ask, Now


def page_handlers(ask: Ask, now: Now) -> list[BaseRouteHandler]:
    """The routes of the pages."""
    return []
