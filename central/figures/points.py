"""The points of a run's own cluster, as its ``cluster.json`` tells them: codes, owners, who charges and sells. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from central.figures.figure import Party
from central.validity import Span, instant, overlap
from metering.period import Month


@dataclass(slots=True)
class PointOf:
    """One point in one month."""

    members: list[str] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    """Other codes under which it is known."""
    operators: list[str] = field(default_factory=list)
    sellers: list[str] = field(default_factory=list)
    contracts: set[str] = field(default_factory=set)
    """comprehensive, separate."""

    @property
    def charged_by(self) -> str:
        """Who charges the distribution: by a comprehensive contract the seller, by a separate one the operator."""
        if len(self.contracts) != 1:
            return ""
        return (Party.SELLER if self.contracts == {"comprehensive"} else Party.OPERATOR).value


def points_of(cluster: Mapping[str, Any], month: Month) -> dict[str, PointOf]:
    """The points that are valid in the month."""
    span: Span = (month.start, month.end)
    found: dict[str, PointOf] = {}
    for row in cluster["points"]:
        if not overlap(_span(row), span):
            continue
        one = found.setdefault(row["id"], PointOf())
        _once(one.members, row["member"])
        one.codes |= {alias["code"] for alias in row.get("aliases", ()) if overlap(_span(alias), span)}
        for supply in _supplied(row):
            if overlap(_span(supply), span) and overlap(_span(supply), _span(row)):
                _once(one.operators, supply.get("operator"))
                _once(one.sellers, supply.get("seller"))
                one.contracts |= {supply["contract"]} if supply.get("contract") else set()
    return found


def all_codes(cluster: Mapping[str, Any]) -> set[str]:
    """Ids and other codes of all points, whenever they are valid."""
    rows = cluster["points"]
    return {row["id"] for row in rows} | {alias["code"] for row in rows for alias in row.get("aliases", ())}


def _supplied(row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from row.get("contracts") or (
        {name: row.get(name) for name in ("operator", "seller", "contract", "valid_from", "valid_to")},
    )


def _once(names: list[str], name: str | None) -> None:
    if name and name not in names:
        names.append(name)


def _span(row: Mapping[str, Any]) -> Span:
    return _at(row.get("valid_from")), _at(row.get("valid_to"))


def _at(text: str | None) -> datetime | None:
    if text is None:
        return None
    return instant(datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text))
