"""What the checks are given: a settled month, or what central knows besides. Values alone, so that checks stay pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec
import pyarrow as pa

from central.asked_for import AskedFor
from central.cluster.papers import Unauthorised
from central.cluster.prices import PriceMove
from central.conditions.assessing import Assessment
from central.estimate import Outcome
from central.grid import Grid
from central.limits import Limits
from central.point_facts import PointFacts
from central.readings import Doubt, MeterSeen, PointSeen
from metering.period import Month
from metering.wire import GatewayStatus

GRACE = timedelta(minutes=5)
"""What stands need for their poll after the hour and for their way here: an hour isn't missed before."""


class StandingRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run that stands for a month, beside what the books know now; of each pair the run's value first."""

    run: str
    trouble: str = ""
    """Why the register can't be trusted."""
    tables: tuple[str, ...] = ()
    """The results that differ."""
    relieved_wh: tuple[int | None, int | None] = (None, None)
    drawn_wh: tuple[int | None, int | None] = (None, None)
    charge_zl: tuple[str | None, str | None] = (None, None)


class MonthSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One month as it is settled now."""

    month: Month
    now: datetime
    tables: Mapping[str, pa.Table]
    """What went into the settlement and came out of it, with gaps, doubles and lives (``central.tables``)."""
    grid: Grid
    """Its energies as arrays, and which of them are known."""
    rates_file: str = ""
    """The file of the rates; empty where money isn't reckoned."""
    facts: Mapping[str, Sequence[PointFacts]] = {}
    """What energies can be held against, by point; the rows of one point in time."""
    limits: Limits = Limits()
    outcomes: Sequence[Outcome] = ()
    """What became of each estimate that reaches into the month."""
    asked: Sequence[AskedFor] = ()
    """What gateways were asked for by themselves."""
    unauthorised: Sequence[Unauthorised] = ()
    """Where members' data have no valid authorisation in the month."""
    cluster_file: str = ""
    standing: StandingRun | None = None
    """The month's final or last correction; None before the final."""


LATELY = timedelta(minutes=10)
"""A gateway sends again after a minute at most: put off since then, it still is."""


class OverBudget(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch in which a gateway sent more than it may."""

    since: datetime
    at: datetime
    """When a message was last told as not taken in (UTC)."""
    unit: str
    """bytes or messages."""
    sent: int
    """In the stretch, taken in or not."""
    budget: int
    """What an hour adds."""
    put_off: int
    """Messages that weren't taken in."""
    shut_until: datetime | None = None
    """It floods: so long it isn't listened to at all (UTC)."""


class AnotherCentral(msgspec.Struct, frozen=True, kw_only=True):
    """Another central that was heard on this one's topics."""

    mine: str
    other: str
    """Their names."""
    serving: bool
    """Whether this one takes stands in."""
    since: datetime
    at: datetime
    """When it was last heard (UTC)."""


class GatewaySeen(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway as central sees it."""

    gateway: str
    status: GatewayStatus | None
    """What it last said of itself (its last will included)."""
    heard: datetime | None
    """When that came (UTC)."""
    receipted: datetime | None
    """When central last receipted a message of it (UTC)."""
    put_off: datetime | None = None
    """When central last took a message of it not in, because its disk is short (UTC)."""
    over_budget: OverBudget | None = None
    """When it last sent more than a gateway may."""

    def put_off_lately(self, now: datetime) -> datetime | None:
        """``put_off`` while it still is."""
        return None if self.put_off is None or now - self.put_off > LATELY else self.put_off

    def over_lately(self, now: datetime) -> OverBudget | None:
        """``over_budget`` while it still is."""
        over = self.over_budget
        return None if over is None or now - max(over.at, over.shut_until or over.at) > LATELY else over


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A meter whose stands are held."""

    seen: MeterSeen
    problem: str
    """Why."""


class ClockDoubt(msgspec.Struct, kw_only=True):
    """A stretch of a gateway's stands whose instants can't be trusted."""

    gateway: str
    problem: str
    """``unsynchronised`` (the gateway says so), ``ahead`` (from the future) or ``back`` (its clock was set back)."""
    begun: datetime
    """When central took the first message of the stretch (UTC)."""
    seen: datetime
    """When central took the last one."""
    since: datetime
    until: datetime
    """The first and the last instant of its stands."""
    first: datetime
    """The gateway's instant where the two were farthest apart …"""
    second: datetime
    """… and the one it can't go with: central's at that moment, or the gateway's own of an earlier stand."""
    stands: int = 1


class FileDoubt(msgspec.Struct, frozen=True, kw_only=True):
    """What puts an imported file's values in doubt."""

    number: int
    name: str
    digest: str
    point: str
    """The one that was named when it was imported; empty where the file names it."""
    since: datetime
    until: datetime
    """From its first value's local day to the end of its last one's; where it has none, when it was imported, twice."""
    line: int
    times: int
    text: str


class IntakeSeen(msgspec.Struct, frozen=True, kw_only=True):
    """What central knows besides its months."""

    now: datetime
    cluster_file: str = ""
    held: Sequence[Held] = ()
    doubts: Sequence[Doubt] = ()
    clocks: Sequence[ClockDoubt] = ()
    gateways: Sequence[GatewaySeen] = ()
    file_doubts: Sequence[FileDoubt] = ()
    unknown_points: Sequence[PointSeen] = ()
    """Points of imported files that the cluster file doesn't name."""
    behind: int = 0
    """Journalled messages that the readings store's server doesn't have yet …"""
    behind_since: datetime | None = None
    """… and when the first of them came; None when it has them all."""
    another: AnotherCentral | None = None
    """The last other central that was heard."""
    price_moves: Sequence[PriceMove] = ()
    """What is known of energy prices around amended contracts."""


class ConditionsSeen(msgspec.Struct, frozen=True, kw_only=True):
    """The conditions of art. 184l as they are now."""

    now: datetime
    assessment: Assessment
    cluster_file: str = ""
