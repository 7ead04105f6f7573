"""What the papers say of a year, gathered month by month: from the register's final runs, else from the books."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from central.books import Books
from central.cluster.model import Cluster, Point
from central.conditions.assessing import assess
from central.conditions.condition import Condition
from central.conditions.gathering import sums_of_books, until_of
from central.conditions.hours import PointSums, point_key
from central.conditions.summing import month_sums
from central.conditions.windows import months_needed, year_of
from central.papers.annual_report import Generated, Relieved, Year
from central.register.keeping import Register
from central.validity import overlap, valid_instants
from metering.period import Month, day_start, months
from metering.point import Direction, Role


@dataclass(frozen=True, slots=True)
class _Told:
    """One month."""

    tables: Mapping[str, pa.Table]
    source: str
    final: bool
    simulated: bool
    """Whether it was settled as if art. 184k ust. 1 applied: none of its energy was."""


def year_of_books(books: Books, year: int, now: datetime) -> Year:
    """Everything that the annual report says of a year.

    Raises:
        RunError: the register can't be read.
        StoreDownError: the store's server can't be used.
    """
    cluster = books.cluster
    points: dict[str, PointSums] = {}
    relieved: dict[str, int] = {}
    simulated: dict[str, int] = {}
    hours: dict[str, int] = {}
    sources, as_if = [], []
    begins = max(day_start(cluster.registered_from), day_start(date(2024, 7, 2)))
    for month in months(Month(year, 1), Month(year, 12)):
        if month.end <= begins or month.start >= now:
            if month.end > begins:
                sources.append((str(month), "miesiąc jeszcze się nie zaczął", False))
            continue
        told = _month(books, month, now)
        sources.append((str(month), told.source, told.final))
        for name, sums in month_sums(cluster, month, told.tables).points.items():
            points[name] = points.get(name, PointSums()) + sums
        if told.simulated:
            as_if.append(str(month))
        for member, (wh, count) in _relieved(told.tables["shares"]).items():
            applied, other = (0, wh) if told.simulated else (wh, 0)
            relieved[member] = relieved.get(member, 0) + applied
            simulated[member] = simulated.get(member, 0) + other
            hours[member] = max(hours.get(member, 0), 0) + count
    span = year_of(date(year, 1, 1))
    members = {one.id: one.name for one in cluster.members if overlap(valid_instants(one), span)}
    # A member that only injects draws nothing that could be relieved.
    rows = [
        Relieved(one, name, relieved.get(one), hours.get(one, 0), simulated.get(one, 0))
        for one, name in members.items()
    ]
    return Year(year, _generated(cluster, points, span, begins), rows, sources, as_if)


def _month(books: Books, month: Month, now: datetime) -> _Told:
    passed_over = ""
    if books.config.register.is_dir():
        run = Register(books.config.register).standing(month)
        if run is not None and run.manifest.cluster != books.cluster.name:
            # Renamed, or the register of somebody else: the reader of the paper must see that a final was left out.
            passed_over = f"; {run.id} w rejestrze jest klastra „{run.manifest.cluster}” i nie liczy się tutaj"
        elif run is not None:
            tables = {**run.outputs(), "behind": run.inputs()["behind"]} if "behind" in run.inputs() else run.outputs()
            note = "" if run.manifest.complete else " (z zaakceptowanymi brakami)"
            simulated = run.settings.regime_status != "binding"
            return _Told(tables, f"rejestr rozliczeń, {run.id}{note}", final=True, simulated=simulated)
    settled = books.settled(month)
    tables = {"shares": settled.shares, "storages": settled.storages, "behind": settled.tables["behind"]}
    state = "miesiąc trwa" if now < month.end else "bez rozliczenia ostatecznego"
    simulated = books.cluster.settings.regime_status != "binding"
    return _Told(tables, f"stan danych teraz; {state}{passed_over}", final=False, simulated=simulated)


def _relieved(shares: pa.Table) -> dict[str, tuple[int, int]]:
    """Each member's relieved energy over the complete periods, and how many rows it rests on."""
    complete = shares.filter(pc.equal(shares["status"].cast(pa.string()), "complete"))
    table = pa.table(
        {"member": complete["member"].cast(pa.string()), "wh": complete["relieved_wh"], "start": complete["start"]}
    )
    sums = table.group_by("member").aggregate([("wh", "sum"), ("start", "count_distinct")])
    return {row["member"]: (row["wh_sum"] or 0, row["start_count_distinct"]) for row in sums.to_pylist()}


def _generated(
    cluster: Cluster, points: Mapping[str, PointSums], span: tuple[datetime, datetime], begins: datetime
) -> list[Generated]:
    """Each point that injects, or with an installation behind it, and how its generation is known."""
    with_device = {one.point for one in cluster.installations if one.power_kw}
    metered = {one.point for one in cluster.meters if one.role is Role.GENERATION}
    found: dict[str, Generated] = {}
    for point in cluster.points:
        valid = _valid(cluster, point)
        key = point_key(point)
        if key in found or not (point.generates or point.id in with_device) or not overlap(valid, span):
            continue
        first = max(at for at in (span[0], begins, valid[0]) if at is not None)
        last = min(at for at in (span[1], valid[1]) if at is not None)
        periods = (last - first) // cluster.period.length
        wh, basis = _amount(point, points.get(key, PointSums()), periods, metered=point.id in metered)
        res = point.injects_res or any(one.point == point.id and one.kind.is_res for one in cluster.installations)
        found[key] = Generated(point.id, point.member, res, wh, basis)
    return list(found.values())


def _valid(cluster: Cluster, point: Point) -> tuple[datetime | None, datetime | None]:
    owner = next(one for one in cluster.members if one.id == point.member)
    return valid_instants(point, owner)


def _amount(point: Point, sums: PointSums, periods: int, *, metered: bool) -> tuple[int | None, str]:
    if metered and sums.generated_periods:
        return sums.generated_wh, "generation" if sums.generated_periods >= periods else "incomplete"
    if Direction.INJECTED not in point.directions or not sums.injected_periods:
        return None, "none"
    if Direction.DRAWN in point.directions:
        return sums.injected_wh, "injected_part"
    return sums.injected_wh, "injected_only" if sums.injected_periods >= periods else "incomplete"


def declared(books: Books, day: date, now: datetime) -> tuple[Mapping[str, PointSums], int, list[Condition]]:
    """What an application of ``day`` declares: the sums of the year before, its periods, and the conditions' state.

    Raises:
        StoreDownError: the store's server can't be used.
    """
    asked = sorted({*months_needed(day), *months(Month(day.year - 1, 1), Month(day.year - 1, 12))})
    sums = sums_of_books(books, asked, until_of(day, now))
    first, last = year_of(date(day.year - 1, 1, 1))
    periods = (last - first) // books.cluster.period.length
    return sums.points(day.year - 1), periods, list(assess(books.cluster, sums, day).conditions)


def at_end_of(day: date) -> datetime:
    """The last instant of a local day, to the second (UTC)."""
    return day_start(day + timedelta(days=1)).astimezone(UTC) - timedelta(seconds=1)
