"""The points of a run's own cluster, as it keeps them: codes, owners, who charges and sells. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from central.cluster.model import Cluster
from central.figures.figure import Party
from central.validity import Span, overlap, valid_instants
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


def points_of(cluster: Cluster, month: Month) -> dict[str, PointOf]:
    """The points that are valid in the month."""
    span: Span = (month.start, month.end)
    found: dict[str, PointOf] = {}
    for row in cluster.points:
        if not overlap(valid_instants(row), span):
            continue
        one = found.setdefault(row.id, PointOf())
        _once(one.members, row.member)
        one.codes |= {alias.code for alias in row.aliases if overlap(valid_instants(alias), span)}
        for supply in row.contracts or (row,):
            if overlap(valid_instants(supply), span) and overlap(valid_instants(supply), valid_instants(row)):
                _once(one.operators, supply.operator)
                _once(one.sellers, supply.seller)
                one.contracts |= {supply.contract.value} if supply.contract else set()
    return found


def all_codes(cluster: Cluster) -> set[str]:
    """Ids and other codes of all points, whenever they are valid."""
    return {row.id for row in cluster.points} | {alias.code for row in cluster.points for alias in row.aliases}


def _once(names: list[str], name: str | None) -> None:
    if name and name not in names:
        names.append(name)
