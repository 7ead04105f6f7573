"""Sums of energies over the complete periods of a month or day: of the cluster, a member or a point."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from central.explaining.case import Case
from central.explaining.cluster_hour import cluster_hour
from central.explaining.point_hour import point_hour
from central.explaining.question import OF_POINTS, Asked
from central.explaining.step import Said, Step, View, listed, named, step
from central.grid import seconds


def month_sum(case: Case, asked: Asked, view: View) -> Step:
    """The sum of a quantity of Wh over a month."""
    if asked.point:
        return _over_periods(case, asked, view)
    if asked.member or asked.quantity in {"allocated", "relieved"}:
        return _over_points(case, asked, view)
    return _over_hours(case, asked, view)


def complete(case: Case, asked: Asked) -> pa.Table:
    """The shares of the complete periods that are asked for, of the member and point that are asked for."""
    table = case.tables.outputs["shares"]
    first, after = asked.span
    starts = seconds(table["start"])
    within = pa.array((starts >= first) & (starts < after))
    chosen = pc.and_(within, pc.equal(table["status"].cast(pa.string()), "complete"))
    for name in ("member", "point"):
        if wanted := getattr(asked, name):
            chosen = pc.and_(chosen, pc.equal(table[name].cast(pa.string()), wanted))
    return table.filter(pc.fill_null(chosen, fill_value=False))


def _over_periods(case: Case, asked: Asked, view: View) -> Step:
    rows = complete(case, asked)
    values = rows[f"{asked.quantity}_wh"].to_pylist()
    periods = [(at, wh) for at, wh in zip(seconds(rows["start"]).tolist(), values, strict=True) if wh is not None]
    total = sum(wh for _, wh in periods) if periods else None

    def make(start: int, deeper: View) -> Step:
        return point_hour(case, msgspec.structs.replace(asked, member="", start=start), deeper)

    what = named("point_month", asked.quantity, {"point": asked.point, "month": case.month})
    how = (Said("rule.sum_periods", {"count_n": len(periods), "all_n": len(case.hours)}),)
    below = listed(view, [one for one in periods if one[1]], "Wh", make)
    return Step(
        what=what, value=None if total is None else str(total), unit="Wh", how=how, parts=below, ask=asked.query()
    )


def _over_points(case: Case, asked: Asked, view: View) -> Step:
    rows = complete(case, asked)
    column = f"{asked.quantity}_wh"
    grouped = pa.table({"point": rows["point"].cast(pa.string()), "wh": rows[column]})
    sums = grouped.group_by("point").aggregate([("wh", "sum"), ("wh", "count")]).to_pylist()
    known = [(row["point"], row["wh_sum"]) for row in sorted(sums, key=lambda one: one["point"]) if row["wh_count"]]
    total = sum(wh for _, wh in known) if known else None

    def make(point: str, deeper: View) -> Step:
        return _over_periods(case, msgspec.structs.replace(asked, point=point), deeper)

    of = "member" if asked.member else "cluster"
    facts = {"member": asked.member, "cluster": case.about["cluster"], "month": case.month}
    what = named(f"{of}_month", asked.quantity, {name: facts[name] for name in (of, "month")})
    how = (Said("rule.sum_points", {"count_n": len(known)}),)
    more: dict[str, Any] = {"unit": "Wh", "how": how, "parts": listed(view, known, "Wh", make), "ask": asked.query()}
    if not asked.member and asked.quantity == "allocated":
        # All that is covered is shared out.
        return step(what, total, _of_hours(case, asked, "covered"), **more)
    return Step(what=what, value=None if total is None else str(total), **more)


def hour_values(case: Case, asked: Asked, quantity: str) -> list[tuple[int, int]]:
    """The Wh of each complete period that is asked for, over the whole cluster."""
    names = ("injected_res", "injected_other") if quantity == "injected" else (quantity,)
    return [
        (start, sum(row[f"{name}_wh"] for name in names))
        for start, row in case.hours.items()
        if row["status"] == "complete" and asked.covers(start)
    ]


def _of_hours(case: Case, asked: Asked, quantity: str) -> int | None:
    values = hour_values(case, asked, quantity)
    return sum(wh for _, wh in values) if values else None


def _over_hours(case: Case, asked: Asked, view: View) -> Step:
    values = hour_values(case, asked, asked.quantity)
    total = sum(wh for _, wh in values) if values else None

    def make(start: int, deeper: View) -> Step:
        return cluster_hour(case, msgspec.structs.replace(asked, start=start), deeper)

    what = named("cluster_month", asked.quantity, {"cluster": case.about["cluster"], "month": case.month})
    how = (Said("rule.sum_periods", {"count_n": len(values), "all_n": len(case.hours)}),)
    below = listed(view, [one for one in values if one[1]], "Wh", make)
    more: dict[str, Any] = {"unit": "Wh", "how": how, "parts": below, "ask": asked.query()}
    if asked.quantity in OF_POINTS and case.settings.excluded_mode != "full":
        # The points' own sums, by another table.
        return step(what, total, points_sum(case, asked), **more)
    return Step(what=what, value=None if total is None else str(total), **more)


def points_sum(case: Case, asked: Asked) -> int | None:
    """Where no point has such energy, the sum of complete hours is nothing."""
    values = pc.sum(complete(case, asked)[f"{asked.quantity}_wh"]).as_py()
    return (0 if hour_values(case, asked, "drawn") else None) if values is None else int(values)
