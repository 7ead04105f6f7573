"""What a statement is made from: one run's tables and facts, as plain data. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from central.applied import Applied, applied_rates
from central.behind import settled_grid
from central.cluster.model import Cluster
from central.cluster.papers import Unauthorised
from central.explaining.case import Case
from central.grid import Grid
from central.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """Which run it is."""

    run: str
    month: str
    kind: str
    version: int | None
    """Of preliminary runs and corrections, which of them it is."""
    made: datetime
    by: str
    reason: str
    source: str
    rests_on: str
    """The approved run of a final, or the run that a correction corrects."""
    approved_by: str
    approved_at: datetime | None
    digest: str
    """SHA-256 of the run's ``run.json``."""
    code: str
    """SHA-256 of the arithmetic's sources."""
    klaster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A gap that somebody accepted by name."""

    point: str
    direction: str
    since: datetime
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """An estimate as it was recorded."""

    id: str
    method: str
    reason: str
    by: str


@dataclass(frozen=True)
class Told:
    """One run, opened."""

    facts: RunFacts
    period: timedelta
    settings: Settings
    inputs: Mapping[str, pa.Table]
    outputs: Mapping[str, pa.Table]
    master: Cluster | None
    """The cluster file's data as they were then; None where this version can't read them."""
    unauthorised: Sequence[Unauthorised] | None
    """Where no authorisation is valid; None where nobody can tell."""
    case: Case
    """The same month as ``central.explaining`` looks it up."""
    accepted: Sequence[Accepted] = ()
    estimates: Mapping[int, Estimated] | None = None
    """By number; None where the run has no evidence of them."""
    estimated: pa.Table | None = None
    """``central.estimated.ESTIMATED``, where the run has it."""

    @cached_property
    def grid(self) -> Grid:
        """The month as it was settled; raises ValueError where the tables contradict their schemas."""
        return settled_grid(self.inputs, self.settings)

    @cached_property
    def applied(self) -> Applied:
        """Which rate applied to which point when."""
        return applied_rates(self.grid, self.inputs)

    @cached_property
    def members(self) -> list[str]:
        """Members that have a point in the run, in the order of their ids."""
        return sorted(set(self.grid.members))

    def shares(self, member: str) -> pa.Table:
        """One member's shares and no other's."""
        table = self.outputs["shares"]
        return table.filter(pc.equal(table["member"].cast(pa.string()), member))

    def rows(self, name: str, member: str) -> list[dict[str, Any]]:
        """One member's rows of charges or totals; none where the run has no such table."""
        if name not in self.outputs:
            return []
        table = self.outputs[name]
        found: list[dict[str, Any]] = table.filter(pc.equal(table["member"], member)).to_pylist()
        return found
