"""Cells of the sheets of a complaint."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from metering.period import local_text


def kwh_cell(wh: Decimal | None) -> Decimal | None:
    """Exact Wh as kWh."""
    return None if wh is None else wh.scaleb(-3)


def decimal_cell(text: str | None) -> Decimal | None:
    """The text of a table as a number."""
    return None if text is None else Decimal(text)


def day_cell(at: datetime | None) -> str:
    """An instant as its local day; empty where open."""
    return "" if at is None else local_text(at.astimezone(UTC))[:10]
