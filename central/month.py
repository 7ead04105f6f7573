"""A month as a coordinator looks at it: its days, its steps, what members owe and are relieved of, and the rates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from central.answers import Span, balance, shares
from central.balance import ratio_text
from central.books import Books
from central.cluster import Point
from central.validity import begins, overlap, valid_instants
from metering.period import utc_text

_MONEY = ("full_zl", "relief_zl", "charge_zl")
_ENERGIES = (
    "drawn_wh",
    "injected_res_wh",
    "injected_other_wh",
    "covered_wh",
    "surplus_wh",
    "from_grid_wh",
    "to_grid_wh",
)
_SOURCES = ("injected_pv_wh", "injected_storage_wh", "injected_rest_wh")


def month(books: Books, span: Span, now: datetime) -> dict[str, Any]:
    """Balance and shares of the span's month, without the rows of the shares, and what is summed from them.

    ``days``: sums of each local day over its complete periods, Wh, null where it has none. ``steps``: complete periods
    by multiplier. ``money``: each member's and point's charges in zł net, null where a rate is missing.
    """
    whole = Span(month=span.month)
    settled = books.settled(whole.month)
    balanced, shared = balance(books, whole, now), shares(books, whole, now, rows=False)
    charges = shared["charges"]
    steps: dict[str, int] = {}
    for row in balanced["hours"]:
        if row["status"] == "complete":
            steps[row["multiplier"] or "none"] = steps.get(row["multiplier"] or "none", 0) + 1
    return {
        "balance": balanced,
        "shares": shared,
        "days": days(balanced["hours"]),
        "steps": dict(sorted(steps.items())),
        "money": {
            "members": [{"member": name, **sums} for (name,), sums in money_by(charges, "member").items()],
            "points": [
                {"point": point, "member": member, **sums}
                for (point, member), sums in money_by(charges, "point", "member").items()
            ],
            "components": [{"component": name, **sums} for (name,), sums in money_by(charges, "component").items()],
        },
        "rates": [_rate(row) for row in settled.tables["rates"].to_pylist() if _within(row, whole)],
        "points": _held(settled.cluster.points, whole),
    }


def _held(points: Iterable[Point], span: Span) -> list[dict[str, Any]]:
    """Each point with its owner in the span; all sources and tariff groups that it has there, in time."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    rows = sorted(points, key=begins)
    named = {point.id for point in rows if overlap(valid_instants(point), (span.start, span.end))}
    for point in rows:
        if point.id in named and not overlap(valid_instants(point), (span.start, span.end)):
            continue
        mine = found.setdefault((point.id, point.member), {"source": [], "tariff": []})
        for name, word in (("source", point.source), ("tariff", point.tariff)):
            if word and word not in mine[name]:
                mine[name].append(word)
    order = {point.id: place for place, point in reversed(list(enumerate(points)))}
    return [
        {"point": point, "member": member} | {name: ", ".join(words) for name, words in mine.items()}
        for (point, member), mine in sorted(found.items(), key=lambda one: order[one[0][0]])
    ]


def days(hours: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The sums of each local day that has begun; ``hours`` are the rows of a balance."""
    found: dict[str, dict[str, Any]] = {}
    for row in hours:
        name = row["local"][:10]
        if name not in found:
            found[name] = {"day": name, "periods": 0, "complete": 0} | dict.fromkeys((*_ENERGIES, *_SOURCES))
        day = found[name]
        day["periods"] += 1
        if row["status"] == "complete":
            day["complete"] += 1
            for energy in (*_ENERGIES, *_SOURCES):
                day[energy] = (day[energy] or 0) + row[energy]
    for day in found.values():
        known = day["complete"] > 0
        day["covered_pct"] = ratio_text(day["covered_wh"], day["drawn_wh"]) if known else None
    return list(found.values())


def money_by(charges: Sequence[dict[str, Any]], *key: str) -> dict[tuple[str, ...], dict[str, str | None]]:
    """Each name's sums of rounded charges, zł net; null where a rate is missing or nothing is known yet."""
    names = [tuple(row[column] for column in key) for row in charges]
    sums: dict[tuple[str, ...], dict[str, Decimal]] = {name: {} for name in names}
    lacking: set[tuple[str, ...]] = set()
    for name, row in zip(names, charges, strict=True):
        if row["drawn_wh"] is None:
            continue
        if row["full_zl"] is None:
            lacking.add(name)
            continue
        mine = sums[name]
        for column in _MONEY:
            mine[column] = mine.get(column, Decimal(0)) + Decimal(row[column])
    return {
        name: {column: f"{mine[column]:.2f}" if mine and name not in lacking else None for column in _MONEY}
        for name, mine in sums.items()
    }


def _rate(row: dict[str, Any]) -> dict[str, Any]:
    wanted = ("component", "tariff", "zone", "zl_per_kwh", "status", "source")
    instants = {name: row[name] and utc_text(row[name]) for name in ("valid_from", "valid_to")}
    return {name: row[name] for name in wanted} | instants


def _within(rate: dict[str, Any], span: Span) -> bool:
    """Whether a rate is valid on some day of the span."""
    first, last = rate["valid_from"], rate["valid_to"]
    return (first is None or first < span.end) and (last is None or last > span.start)
