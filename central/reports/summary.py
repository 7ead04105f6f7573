"""A settlement in a few lines: energies, covered share, hours by relief step, relief by member, what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET, UnsetType

from central.balance import ratio_text
from central.cluster import Cluster
from central.reports.money_sum import MoneySum, MoneySums
from central.reports.note import Note
from central.reports.relief_notes import relief_notes
from central.tables import HOUR_ENERGIES, MORE_ENERGIES
from metering.point import Role

TRACED = "What a storage's point draws is not counted as drawn and gets no relief; it pays in full. Of its discharge, "
STORAGE = {
    "proportional": TRACED + "the part charged from renewable generation metered behind the same point is renewable.",
    "all": TRACED + "everything is taken as renewable (storage_tracing).",
    "none": TRACED + "nothing is taken as renewable (storage_tracing).",
    "as_metered": "Storage is settled as metered: all it draws counts as drawn, all it gives as renewable.",
}
"""What is said of a storage with a point of its own, by ``storage_tracing``, or ``as_metered``."""
SHARED = {
    "grid_until_shown": "What a storage behind a generating point gives counts as other, not renewable: nothing shows "
    "its origin (storage_origin).",
    "by_meter": "What a storage behind a generating point gives is renewable as far as its own meter shows it.",
}
"""What is said of a storage behind a generating point, by ``storage_origin``."""


class StorageSum(msgspec.Struct, kw_only=True):
    """One storage's sums over the complete periods, and its stocks after the last period."""

    point: str
    charge_wh: int | None = None
    given_wh: int | None = None
    """Of its discharge, what its point injects."""
    given_res_wh: int | None = None
    """Of that, what counts as renewable."""
    unshown: int = 0
    """Complete periods in which its own meter has no value: all that its point injects counts as other there."""
    total_wh: int = 0
    res_wh: int = 0


class MemberSum(msgspec.Struct, kw_only=True):
    """One member's sums over its complete periods: None where it has none, or no point of it declares the direction.

    No money where a rate is missing.
    """

    member: str
    name: str = ""
    drawn_wh: int | None = None
    injected_wh: int | None = None
    allocated_wh: int | None = None
    relieved_wh: int | None = None
    relief_zl: str | None = None
    charge_wh: int | UnsetType = UNSET
    """Charging of storages that is left out of ``drawn_wh``; absent where the member has none."""
    money: MoneySum | UnsetType = UNSET
    """Without the cluster, with it, and with VAT; absent where the member has no point that declares drawn."""
    unauthorised: list[str] | UnsetType = UNSET
    """Stretches (UTC, ``since/until``) without a valid authorisation to its data; absent where there are none."""


class Summary(msgspec.Struct, kw_only=True):
    """Sums over the complete periods of all months so far; every sum is exact."""

    cluster: str
    period: str = "hour"
    regime_status: str = "simulation"
    """simulation or binding."""
    months: list[str] = []
    periods: int = 0
    complete: int = 0
    lacking: dict[str, int] = {}
    """Points that lack a declared value, with the number of periods in which they do; those that lack most first."""
    energies_wh: dict[str, int | None] = {}
    """None where no period is complete."""
    covered_pct: str | None = None
    """Of what is drawn; None where nothing is."""
    periods_by_multiplier: dict[str, int] = {}
    """Complete periods by multiplier; ``none`` where nothing is drawn."""
    members: list[MemberSum] = []
    storages: list[StorageSum] | UnsetType = UNSET
    """Absent where the cluster has none."""
    relief_zl: str | None = None
    """None where a rate is missing, no period is complete, or nothing is charged: no point declares drawn."""
    rates: dict[str, int] = {}
    """Rows of charges by the status of their rate."""
    zones: dict[str, int] = {}
    """Rows of charges of a zone, by the status of its calendar."""
    rates_missing: list[str] = []
    money: MoneySum = MoneySum()
    """The whole cluster's."""
    notes: list[str] = []
    notes_said: list[Note] = []
    """The same with their keys and values, for other languages."""

    def note(self, *notes: Note) -> None:
        """Say something beside the sums."""
        self.notes = [*self.notes, *(one.text for one in notes)]
        self.notes_said = [*self.notes_said, *notes]


class Summing:
    """Adds up months, one result at a time."""

    def __init__(
        self,
        cluster: str,
        period: str,
        names: Mapping[str, str],
        notes: Iterable[Note] = (),
        tariffs: Mapping[str, str] | None = None,
    ) -> None:
        """Begin with nothing; ``names`` maps a member's id to its name, ``tariffs`` a point's to its tariff."""
        self._money = MoneySums(tariffs or {})
        self._storages: dict[str, StorageSum] = {}
        self._members = {member: MemberSum(member=member, name=name) for member, name in names.items()}
        self._relief: dict[str, Decimal | None] = dict.fromkeys(names)
        self._without_rate: set[str] = set()
        self._charged: set[str] = set()
        self.summary = Summary(
            cluster=cluster,
            period=period,
            energies_wh=dict.fromkeys(HOUR_ENERGIES),
        )
        self.summary.note(*notes)

    def add(self, result: Mapping[str, pa.Table]) -> None:
        """Add one month's result."""
        summary, hours = self.summary, result["hours"]
        summary.months += pc.unique(hours["month"]).to_pylist()
        complete = hours.filter(pc.equal(hours["status"], "complete"))
        summary.periods += hours.num_rows
        summary.complete += complete.num_rows
        for name in (*HOUR_ENERGIES, *MORE_ENERGIES):
            if name in complete.schema.names:
                before_wh = summary.energies_wh.setdefault(name, None)
                if complete.num_rows:
                    summary.energies_wh[name] = (before_wh or 0) + exact_sum(complete[name])
        for multiplier, count in _counts(complete["multiplier"]).items():
            before = summary.periods_by_multiplier.get(multiplier, 0)
            summary.periods_by_multiplier[multiplier] = before + count
        self._add_lacking(result["shares"])
        self._add_shares(result["shares"])
        self._add_charges(result["charges"])
        self._money.add(result["totals"], result["charges"])
        self._add_storages(result)

    def done(self) -> Summary:
        """The summary of all that was added."""
        summary = self.summary
        covered, drawn = summary.energies_wh["covered_wh"], summary.energies_wh["drawn_wh"]
        summary.covered_pct = None if covered is None or drawn is None else ratio_text(covered, drawn)
        summary.periods_by_multiplier = dict(sorted(summary.periods_by_multiplier.items(), reverse=True))
        for member, relief in self._relief.items():
            self._members[member].relief_zl = None if relief is None else f"{relief:.2f}"
        summary.lacking = dict(sorted(summary.lacking.items(), key=lambda row: (-row[1], row[0].encode())))
        summary.members = sorted(self._members.values(), key=lambda row: row.member)
        charged = [self._relief[row.member] for row in summary.members if row.drawn_wh or row.member in self._charged]
        known = [relief for relief in charged if relief is not None]
        if self._storages:
            summary.storages = [self._storages[point] for point in sorted(self._storages, key=str.encode)]
        summary.money, summary.rates_missing = self._money.whole(), self._money.missing()
        summary.note(*self._money.notes())
        for row in summary.members:
            if (money := self._money.of(row.member)).rests_on != "unknown":
                row.money = money
        if summary.complete and charged and len(known) == len(charged):
            summary.relief_zl = f"{sum(known, Decimal(0)):.2f}"
        return summary

    def _add_lacking(self, shares: pa.Table) -> None:
        # Where any declared value of a point is missing, all of its row is null.
        lacks = pc.and_(pc.is_null(shares["drawn_wh"]), pc.is_null(shares["injected_wh"]))
        for point, count in _counts(shares["point"].filter(lacks).cast(pa.string())).items():
            self.summary.lacking[point] = self.summary.lacking.get(point, 0) + count

    def _add_shares(self, shares: pa.Table) -> None:
        complete = shares.filter(pc.equal(shares["status"].cast(pa.string()), "complete"))
        places = complete["member"].cast(pa.string()).dictionary_encode().combine_chunks()
        for place, member in enumerate(places.dictionary.to_pylist()):
            mine = complete.filter(pc.equal(places.indices, place))
            row = self._members[member]
            for name in ("drawn_wh", "injected_wh", "allocated_wh", "relieved_wh", "charge_wh"):
                # A direction that none of its points declares has no sum: it isn't nothing, it isn't there.
                if name in mine.schema.names and mine[name].null_count < mine.num_rows:
                    setattr(row, name, (getattr(row, name) or 0) + exact_sum(mine[name]))

    def _add_storages(self, result: Mapping[str, pa.Table]) -> None:
        rows = result["storages"]
        for point in pc.unique(rows["point"]).to_pylist():
            row = self._storages.setdefault(point, StorageSum(point=point))
            mine = rows.filter(pc.equal(rows["point"], point))
            complete = mine.filter(pc.equal(mine["status"], "complete"))
            row.unshown += pc.sum(pc.equal(mine["status"], "unshown"), min_count=0).as_py()
            for name in ("charge_wh", "given_wh", "given_res_wh") if complete.num_rows else ():
                setattr(row, name, (getattr(row, name) or 0) + exact_sum(complete[name]))
            row.total_wh, row.res_wh = (mine[name][-1].as_py() for name in ("total_wh", "res_wh"))

    def _add_charges(self, charges: pa.Table) -> None:
        for status, count in _counts(charges["zone_status"].drop_null()).items():
            self.summary.zones[status] = self.summary.zones.get(status, 0) + count
        rows = charges.select(["member", "drawn_wh", "relief_zl", "rate_status"]).to_pylist()
        for row in rows:
            status = row["rate_status"]
            self.summary.rates[status] = self.summary.rates.get(status, 0) + 1
            member = row["member"]
            if row["drawn_wh"] is None:
                continue
            self._charged.add(member)
            if row["relief_zl"] is None:
                self._without_rate.add(member)
            if member in self._without_rate:
                self._relief[member] = None
            else:
                self._relief[member] = (self._relief[member] or Decimal(0)) + Decimal(row["relief_zl"])


def summing_for(cluster: Cluster) -> Summing:
    """An empty summary of a cluster."""
    names = {member.id: member.name for member in cluster.members}
    settings = cluster.settings
    chosen = settings.storage if settings.storage == "as_metered" else settings.storage_tracing
    notes = (
        [Note(f"storage_{chosen}", STORAGE[chosen])] if any(point.injects_stored for point in cluster.points) else []
    )
    generating = {point.id for point in cluster.points if point.generates}
    if chosen != "as_metered" and any(m.role is Role.STORAGE and m.point in generating for m in cluster.meters):
        notes.append(Note(f"behind_{settings.storage_origin}", SHARED[settings.storage_origin]))
    tariffs = {point.id: point.tariff for point in cluster.points}
    summing = Summing(cluster.name, cluster.period, names, [*relief_notes(cluster), *notes], tariffs)
    summing.summary.regime_status = settings.regime_status
    return summing


def summarise(cluster: Cluster, results: Iterable[Mapping[str, pa.Table]]) -> Summary:
    """The summary of some months' results."""
    summing = summing_for(cluster)
    for result in results:
        summing.add(result)
    return summing.done()


def exact_sum(column: pa.ChunkedArray) -> int:
    """The sum of an int64 column as a Python integer: exact however large."""
    values = column.drop_null().to_numpy()
    high, low = values >> 32, values & 0xFFFFFFFF
    return (int(np.sum(high)) << 32) + int(np.sum(low))


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    return {row["values"].as_py() or "none": row["counts"].as_py() for row in pc.value_counts(column)}
