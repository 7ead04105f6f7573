"""What a statement needs of the cluster's data as a run keeps them: plain values, trusted in nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from central.cluster.model import Authorisation, Cluster, Contract, Member, PeriodName, Point
from central.settings import Settings


def master_of(content: Any, settings: Settings) -> Cluster | None:
    """Members, points with contracts, and authorisations, with validities; None where they can't be read."""
    try:
        return Cluster(
            name=_text(content, "name"),
            period=PeriodName.HOUR,
            registered_from=date.fromisoformat(_text(content, "registered_from")),
            settings=settings,
            members=tuple(Member(id=_text(one, "id"), **_validity(one)) for one in _rows(content, "members")),
            points=tuple(_point(one) for one in _rows(content, "points")),
            meters=(),
            authorisations=tuple(
                Authorisation(member=_text(one, "member"), **_validity(one)) for one in _rows(content, "authorisations")
            ),
        )
    except (ValueError, TypeError):
        return None


def _point(row: dict[str, Any]) -> Point:
    contracts = tuple(
        Contract(operator=_text(one, "operator"), seller=_text(one, "seller"), **_validity(one))
        for one in _rows(row, "contracts")
    )
    return Point(
        id=_text(row, "id"),
        member=_text(row, "member"),
        directions=(),
        operator=_text(row, "operator"),
        seller=_text(row, "seller"),
        contracts=contracts,
        **_validity(row),
    )


def _rows(content: Any, name: str) -> Iterator[dict[str, Any]]:
    if not isinstance(content, dict):
        raise TypeError(name)
    for row in content.get(name) or ():
        if not isinstance(row, dict):
            raise TypeError(name)
        yield row


def _text(row: dict[str, Any], name: str) -> str:
    value = row.get(name) or ""
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _validity(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _day(_text(row, name)) for name in ("valid_from", "valid_to")}


def _day(text: str) -> date | datetime | None:
    if not text:
        return None
    found = datetime.fromisoformat(text)
    if len(text) <= len("2026-10-01"):
        return found.date()
    if found.tzinfo is None:
        raise ValueError(text)
    return found
