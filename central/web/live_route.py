"""The route of live values: held by this very process, so not asked of a worker, and never in the books."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from litestar import Router, get

from metering.period import utc_text

Live = Callable[[datetime], dict[str, Any]]
"""The live values of an instant (``central.live``)."""


def nothing_live(at: datetime) -> dict[str, Any]:
    """What is told where nobody listens to live values."""
    return {"now": utc_text(at), "meters": []}


def live_router(live: Live, now: Callable[[], datetime]) -> Router:
    """``/api/v1/live``."""

    @get("/live", summary="Values of the moment: power, voltages, state of charge; nothing older than five minutes")
    async def live_values() -> dict[str, Any]:
        return live(now())

    return Router("/api/v1", route_handlers=[live_values], tags=["live"])
