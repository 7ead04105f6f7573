"""The content of the pages of gateways and of findings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from central.answers import Span

SHOWN = 200
"""How many findings the page lists; the CSV has all."""


def gateways_content(answer: dict[str, Any], _: Span, __: datetime) -> dict[str, Any]:
    """Every gateway with what it last said, and the lines and meters of all."""
    gateways = answer["gateways"]
    named = [(one["gateway"], one["status"]) for one in gateways if one["status"]]
    return {
        "as_of": answer["now"],
        "gateways": gateways,
        "buses": [{"gateway": name, **bus} for name, status in named for bus in status["buses"]],
        "meters": [{"gateway": name, **meter} for name, status in named for meter in status["meters"]],
    }


def findings_content(answer: dict[str, Any], span: Span, at: datetime) -> dict[str, Any]:
    """The findings, those that are still open first."""
    found = answer["findings"]
    return {
        "as_of": answer["now"],
        "month": span.month,
        "present": span.month.of(at),
        "all": len(found),
        "open": [row for row in found if not row.get("closed")][:SHOWN],
        "closed": [row for row in found if row.get("closed")][:SHOWN],
        "shown": SHOWN,
    }
