"""Sums of energies over the complete periods of a local day: of the cluster, a member or a point, period by period."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow as pa

from central.explaining.case import Case, at_text
from central.explaining.cluster_hour import cluster_hour
from central.explaining.energies_of_month import complete, hour_values, points_sum
from central.explaining.member_hour import member_hour
from central.explaining.point_hour import point_hour
from central.explaining.question import OF_CLUSTER, OF_POINTS, Asked
from central.explaining.step import Said, Step, View, listed, named, step
from central.grid import seconds

_NAMED = 6
"""So many stretches that are in no sum are named."""


def day_sum(case: Case, asked: Asked, view: View) -> Step:
    """The sum of a quantity of Wh over a day: every complete period of it in its order, however many are told else."""
    known = _of_cluster(case, asked) if not (asked.member or asked.point) else _of_shares(case, asked)
    total = sum(wh for _, wh in known) if known else None
    periods = [start for start in case.hours if asked.covers(start)]

    def make(start: int, deeper: View) -> Step:
        return _period(case, msgspec.structs.replace(asked, day="", start=start), View(deeper.depth, view.width))

    of = "point" if asked.point else "member" if asked.member else "cluster"
    facts = {"point": asked.point, "member": asked.member, "cluster": case.about["cluster"]}
    what = named(f"{of}_day", asked.quantity, {of: facts[of], "day": asked.day})
    how = (Said("rule.sum_periods", {"count_n": len(known), "all_n": len(periods)}),)
    below = listed(View(view.depth, None), known, "Wh", make)
    notes = tuple(_left_out(case, periods))
    more: dict[str, Any] = {"unit": "Wh", "how": how, "parts": below, "notes": notes, "ask": asked.query()}
    by_another_table = asked.quantity in OF_POINTS and case.settings.excluded_mode != "full"
    if of == "cluster" and by_another_table:
        return step(what, total, points_sum(case, asked), **more)
    return Step(what=what, value=None if total is None else str(total), **more)


def _period(case: Case, asked: Asked, view: View) -> Step:
    if asked.point:
        return point_hour(case, msgspec.structs.replace(asked, member=""), view)
    return member_hour(case, asked, view) if asked.member else cluster_hour(case, asked, view)


def _of_cluster(case: Case, asked: Asked) -> list[tuple[int, int]]:
    if asked.quantity in OF_CLUSTER or asked.quantity in {"drawn", "injected"}:
        return hour_values(case, asked, asked.quantity)
    return _of_shares(case, asked)


def _of_shares(case: Case, asked: Asked) -> list[tuple[int, int]]:
    rows = complete(case, asked)
    table = pa.table({"start": pa.array(seconds(rows["start"])), "wh": rows[f"{asked.quantity}_wh"]})
    sums = table.group_by("start").aggregate([("wh", "sum"), ("wh", "count")]).to_pylist()
    return sorted((row["start"], row["wh_sum"]) for row in sums if row["wh_count"])


def _left_out(case: Case, periods: list[int]) -> Iterator[Said]:
    """Stretches of periods that aren't complete, or haven't ended: they are in no sum."""
    stretches: list[tuple[int, int]] = []
    for start in periods:
        if case.hours[start]["status"] == "complete":
            continue
        if stretches and stretches[-1][1] == start:
            stretches[-1] = stretches[-1][0], start + case.length
        else:
            stretches.append((start, start + case.length))
    for since, until in stretches[:_NAMED]:
        yield Said("note.not_summed", {"since_at": at_text(since), "until_at": at_text(until)})
    if len(stretches) > _NAMED:
        yield Said("note.more_not_summed", {"count_n": len(stretches) - _NAMED})
