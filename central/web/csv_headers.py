"""The field names of each table as CSV: the header of one without rows. What only some clusters have follows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from central.reports.settlement_csv import COLUMNS

_MONEY: Final = ("full_zl", "relief_zl", "charge_zl")
_SHARES: Final = ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh", "estimated", "unauthorised")
_HOURS: Final = tuple(COLUMNS["hours"])

HEADERS: Final[Mapping[str, Sequence[str]]] = {
    "hours": _HOURS,
    "members": ("member", "name", *_SHARES),
    "points": ("point", "member", *_SHARES),
    "charges": tuple(COLUMNS["charges"]),
    "days": ("day", "periods", "complete"),
    "money": ("member", *_MONEY),
    "components": ("component", *_MONEY),
    "rates": ("component", "tariff", "zone", "zl_per_kwh", "status", "source", "valid_from", "valid_to"),
    "gateways": (
        "gateway",
        "heard",
        "receipted",
        "clock",
        "online",
        "at",
        "version",
        "backlog",
        "aside",
        "unwritten",
        "lost",
        "trouble",
    ),
    "buses": ("gateway", "id", "link", "connected", "error"),
    "meters": ("gateway", "id", "bus", "profile", "last_read", "error"),
    "findings": (
        "id",
        "kind",
        "weight",
        "what",
        "where",
        "since",
        "until",
        "first",
        "second",
        "unit",
        "text",
        "way_out",
        "wh",
        "opened",
        "closed",
    ),
    "completeness": (
        "point",
        "direction",
        "day",
        "expected",
        "own",
        "operator",
        "estimated",
        "absent",
        "proved",
        "present",
    ),
    "missing": (
        "rank",
        "point",
        "member",
        "direction",
        "since",
        "until",
        "periods",
        "proved",
        "proved_wh",
        "weight_zl",
        "charge_zl",
        "like_wh",
        "causes",
        "asked",
    ),
    "deadlines": (
        "operator",
        "day",
        "expected",
        "present",
        "deadline",
        "due",
        "required_pct",
        "present_then",
        "pct",
        "state",
    ),
}
