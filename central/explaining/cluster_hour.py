"""A period of the whole cluster: its sums, what is covered, the ratio and its step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from central.explaining.behind_stands import counted_behind
from central.explaining.case import Case, at_text
from central.explaining.next_step import less_drawn, next_step
from central.explaining.point_hour import point_hour
from central.explaining.question import OF_STORAGES as STORES
from central.explaining.question import Asked
from central.explaining.step import Fact, Said, Step, View, listed, named, step
from central.explaining.sums import Sums, four_decimals, ratio, step_in_20ths, step_of, sums_of


def cluster_hour(case: Case, asked: Asked, view: View) -> Step:
    """A quantity of one period over the whole cluster."""
    start = _start(asked)
    row, sums = case.hours[start], sums_of(case, start)
    quantity = asked.quantity
    if sums is None:
        return incomplete(case, asked, view)
    if quantity == "ratio":
        return _ratio(case, asked, sums, view)
    if quantity == "multiplier":
        return _multiplier(case, asked, sums, view)
    if quantity in {"to_next", "less_drawn"}:
        return _to_next(case, asked, sums, view)
    if quantity in STORES or quantity == "gross":
        return _by_column(case, asked, sums, view)
    what = named("hour", quantity, {"start_at": at_text(start)})
    if quantity in {"allocated", "relieved"}:
        return _of_points(case, asked, what, None, view)
    told = row["injected_res_wh"] + row["injected_other_wh"] if quantity == "injected" else row[f"{quantity}_wh"]
    more: dict[str, Any] = {"unit": "Wh", "ask": asked.query()}
    if quantity == "drawn":
        return _sum(case, asked, what, told, sums.drawn, "drawn", view)
    if quantity in {"injected_res", "injected_other"}:
        parts = sums.res if quantity == "injected_res" else sums.other
        return _sum(case, asked, what, told, parts, "injected", view, sums.stored)
    made = _MADE_OF[quantity]
    below = tuple(cluster_hour(case, _of(asked, part), view.deeper) for part in made) if view.depth > 0 else ()
    how: tuple[Said, ...] = (Said(f"rule.{quantity}", sums.facts),)
    if quantity in {"from_grid", "to_grid"} and sums.charge:
        how = (*how, Said("rule.with_charge", {"charge_wh": sums.charge_wh}))
    return step(what, sums.value(quantity), told, how=how, parts=below, **more)


_MADE_OF = {
    "injected": ("injected_res", "injected_other"),
    "covered": ("injected_res", "drawn"),
    "surplus": ("injected_res", "covered"),
    "deficit": ("drawn", "covered"),
    "from_grid": ("drawn", "injected"),
    "to_grid": ("injected", "drawn"),
}


def _by_column(case: Case, asked: Asked, sums: Sums, view: View) -> Step:
    """What the hours have a column for only where the cluster has such points, or the settings ask for it."""
    start, quantity = _start(asked), asked.quantity
    what = named("hour", quantity, {"start_at": at_text(start)})
    told = case.hours[start].get(f"{quantity}_wh")
    if f"{quantity}_wh" not in case.hours[start]:
        return Step(what=what, unit="Wh", how=(Said("rule.no_column"),), ask=asked.query())
    if quantity == "gross":
        below: tuple[Step, ...] = ()
        if view.depth > 0:
            below = (cluster_hour(case, _of(asked, "drawn"), view.deeper), *_own_use(case, sums, start, view.deeper))
        return step(what, sums.gross_wh, told, unit="Wh", how=(Said("rule.gross"),), parts=below, ask=asked.query())
    parts = sums.charge if quantity == "storage_charge" else sums.given
    below = listed(
        view,
        [(point, wh or 0) for point, wh in parts.items()],
        "Wh",
        lambda point, deeper: point_hour(case, _of(asked, quantity, point), deeper),
    )
    value = sums.charge_wh if quantity == "storage_charge" else sums.given_wh
    how = (Said("rule.sum_points", {"count_n": len(parts)}),)
    return step(what, value, told, unit="Wh", how=how, parts=below, ask=asked.query())


def _own_use(case: Case, sums: Sums, start: int, view: View) -> tuple[Step, ...]:
    ways = (("generation", "injected"), ("storage", "injected"), ("storage", "drawn"))
    return tuple(
        Step(
            what=Said("point.own_use", {"point": point}),
            value=str(wh),
            unit="Wh",
            how=(Said("rule.own_use"),),
            parts=tuple(one for way in ways for one in counted_behind(case, point, *way, start, view)),
        )
        for point, wh in sums.own_use.items()
    )


def _sum(
    case: Case,
    asked: Asked,
    what: Said,
    told: int,
    parts: Mapping[str, int],
    quantity: str,
    view: View,
    stored: Mapping[str, int] | None = None,
) -> Step:
    """A sum over points, with what storages change of it."""
    sign = -1 if asked.quantity == "injected_other" else 1
    moved = {point: sign * wh for point, wh in (stored or {}).items() if wh}
    below = listed(
        view, list(parts.items()), "Wh", lambda point, deeper: point_hour(case, _of(asked, quantity, point), deeper)
    )
    if view.depth > 0:
        below += tuple(_change(case, asked, point, wh, view.deeper) for point, wh in moved.items())
    total = sum(parts.values()) + sum(moved.values())
    how = (Said("rule.sum_points", {"count_n": len(parts)}),)
    return step(what, total, told, unit="Wh", how=how, parts=below, ask=asked.query())


def _change(case: Case, asked: Asked, point: str, wh: int, view: View) -> Step:
    """What a storage changes of a sum: what of its discharge is renewable, less what the sum has of it already."""
    of = _of(asked, "storage_res", point)
    inner = (point_hour(case, of, view.deeper),) if view.depth > 0 else ()
    what = Said("storage.change", {"point": point})
    return Step(what=what, value=str(wh), unit="Wh", how=(Said("rule.storage"),), parts=inner, ask=of.query())


def _of_points(case: Case, asked: Asked, what: Said, told: int | None, view: View) -> Step:
    start = _start(asked)
    values = [(row["point"], row[f"{asked.quantity}_wh"]) for row in case.shares_at(start)]
    below = listed(
        view,
        [row for row in values if row[1]],
        "Wh",
        lambda point, deeper: point_hour(case, _of(asked, asked.quantity, point), deeper),
    )
    total = sum(wh for _, wh in values)
    if asked.quantity == "allocated":
        # All that is covered is shared out, whatever rule shares it.
        told = case.hours[start]["covered_wh"]
    how = (Said("rule.sum_points", {"count_n": len(values)}),)
    if told is None:
        return Step(what=what, value=str(total), unit="Wh", how=how, parts=below, ask=asked.query())
    return step(what, total, told, unit="Wh", how=how, parts=below, ask=asked.query())


def _ratio(case: Case, asked: Asked, sums: Sums, view: View) -> Step:
    over, under = ratio(case, sums)
    counted = "covered" if case.settings.ratio_numerator == "covered" else "injected_res"
    facts: dict[str, Fact] = {"over_wh": over, "under_wh": under}
    below: tuple[Step, ...] = ()
    if view.depth > 0:
        drawn = "gross" if case.settings.ratio_denominator == "gross" else "drawn"
        below = tuple(cluster_hour(case, _of(asked, part), view.deeper) for part in (counted, drawn))
    return step(
        named("hour", "ratio", {"start_at": at_text(_start(asked))}),
        four_decimals(over, under),
        case.hours[_start(asked)]["ratio_pct"],
        unit="%",
        how=(Said("rule.ratio", facts) if under else Said("rule.nothing_drawn"),),
        parts=below,
        ask=asked.query(),
    )


def _multiplier(case: Case, asked: Asked, sums: Sums, view: View) -> Step:
    over, under = ratio(case, sums)
    off, rule = step_of(case, over, under)
    told = case.hours[_start(asked)]["multiplier"]
    computed = f"{(20 - off) / 20:.2f}" if under else None
    below = (cluster_hour(case, _of(asked, "ratio"), view.deeper),) if view.depth > 0 else ()
    return step(
        named("hour", "multiplier", {"start_at": at_text(_start(asked)), "off_pct": str(5 * step_in_20ths(told))}),
        computed,
        told,
        how=(Said(rule),),
        parts=below,
        ask=asked.query(),
    )


def _to_next(case: Case, asked: Asked, sums: Sums, view: View) -> Step:
    if asked.quantity == "to_next":
        following = next_step(case, sums)
        value, rule = following.missing_wh, following.rule
    else:
        value, rule = less_drawn(case, sums)
    gross = case.settings.ratio_denominator == "gross"
    parts = ("ratio", "injected_res", "gross" if gross else "drawn")
    below = tuple(cluster_hour(case, _of(asked, part), view.deeper) for part in parts) if view.depth > 0 else ()
    return Step(
        what=named("hour", asked.quantity, {"start_at": at_text(_start(asked))}),
        value=None if value is None else str(value),
        unit="Wh",
        how=(rule,),
        parts=below,
        ask=asked.query(),
    )


def incomplete(case: Case, asked: Asked, view: View) -> Step:
    """A period in which nothing is known: the points that lack a value, each with the reason."""
    start = _start(asked)
    lacking = [row["point"] for row in case.shares_at(start) if row["drawn_wh"] is None and row["injected_wh"] is None]
    quantity = asked.quantity
    told = case.hours[start]["ratio_pct"] if quantity == "ratio" else None
    below: tuple[Step, ...] = ()
    if view.depth > 0:
        shown = lacking[: view.width]
        below = tuple(
            point_hour(
                case, _of(asked, "drawn" if case.point_at(point, start)["drawn"] else "injected", point), view.deeper
            )
            for point in shown
        )
    return step(
        named("hour", quantity, {"start_at": at_text(start)}),
        None,
        told,
        unit="" if quantity in {"ratio", "multiplier"} else "Wh",
        how=(Said("rule.incomplete", {"count_n": len(lacking), "points": ", ".join(lacking[:10])}),),
        parts=below,
        ask=asked.query(),
    )


def _of(asked: Asked, quantity: str, point: str = "") -> Asked:
    return Asked(month=asked.month, quantity=quantity, point=point, start=asked.start)


def _start(asked: Asked) -> int:
    if asked.start is None:
        raise ValueError("a period is meant")
    return asked.start
