"""One point in one period: what it draws and injects as settled, what is allocated to it, what of it is relieved."""

from __future__ import annotations

from central.explaining.apportioned import Portion, portion
from central.explaining.case import Case, Row, at_text
from central.explaining.entitled import exclusion, hindrances, in_sums, point_regime
from central.explaining.hour_summary import summary
from central.explaining.metered import energy
from central.explaining.question import Asked
from central.explaining.step import Fact, Said, Step, View, named, step
from central.explaining.sums import Sums, sums_of

_NETTED = frozenset({"net_metering", "net_billing"})


def point_hour(case: Case, asked: Asked, view: View) -> Step:
    """A quantity of ``asked.point`` in the period ``asked.start``."""
    start, point, quantity = asked.start or 0, asked.point, asked.quantity
    share = case.share(point, start)
    what = named("point_hour", quantity, {"point": point, "start_at": at_text(start)})
    if share is None:
        return Step(what=what, unit="Wh", how=(Said("rule.not_valid"),), ask=asked.query())
    if quantity in {"drawn", "injected"}:
        return _settled(case, asked, what, share, view)
    sums = sums_of(case, start)
    if sums is None:
        lacking = [row["point"] for row in case.shares_at(start) if row["drawn_wh"] is row["injected_wh"] is None]
        how = (Said("rule.incomplete", {"count_n": len(lacking), "points": ", ".join(lacking[:10])}),)
        return step(what, None, share[f"{quantity}_wh"], unit="Wh", how=how, ask=asked.query())
    if quantity == "allocated":
        return _allocated(case, asked, what, share, sums, view)
    return _relieved(case, asked, what, share, sums, view)


def _settled(case: Case, asked: Asked, what: Said, share: Row, view: View) -> Step:
    """Drawn or injected after netting and without a storage's charging."""
    start, point, quantity = asked.start or 0, asked.point, asked.quantity
    told = share[f"{quantity}_wh"]
    row = case.point_at(point, start)
    if not row[quantity]:
        none = Said("rule.not_declared", {"direction_key": f"direction.{quantity}"})
        return step(what, None, told, unit="Wh", how=(none,), ask=asked.query())
    counted = case.energies_at(start)
    values = {way: counted[point, way]["wh"] for way in ("drawn", "injected") if (point, way) in counted and row[way]}
    ways = [way for way in ("drawn", "injected") if row[way]]
    how: tuple[Said, ...] = (Said("rule.as_metered"),)
    computed = values.get(quantity) if len(values) == len(ways) else None
    used = [quantity]
    if computed is None:
        how, used = (Said("rule.lacking"),), ways
    elif share["drawn_wh"] is share["injected_wh"] is None and _by_meter_behind(case, point):
        # The point counts as unknown then, whatever its settlement meter says.
        computed, how = None, (Said("rule.meter_behind_lacking"),)
    elif len(ways) == 2 and _is_netted(case, point, start):
        sign = 1 if quantity == "drawn" else -1
        computed = max(sign * (values["drawn"] - values["injected"]), 0)
        how, used = (Said(f"rule.netted_{quantity}"),), [quantity, *(way for way in ways if way != quantity)]
    if computed is not None and quantity == "drawn" and share.get("charge_wh") is not None:
        how = (*how, Said("rule.charge_left_out", {"charge_wh": computed}))
        computed = 0
    parts: tuple[Step, ...] = ()
    if view.depth > 0:
        parts = tuple(energy(case, point, way, start, counted.get((point, way)), view.deeper) for way in used)
    return step(what, computed, told, unit="Wh", how=how, parts=parts, ask=asked.query())


def _is_netted(case: Case, point: str, start: int) -> bool:
    chosen = case.settings.netting
    return chosen == "vector" or (chosen == "by_kind" and point_regime(case, point, start) in _NETTED)


def _by_meter_behind(case: Case, point: str) -> bool:
    """Whether meters behind the point decide too: of a discharge's origin, or of own use."""
    roles = {row["role"] for row in case.dated("meters", point, "point")}
    by_origin = case.settings.storage_origin == "by_meter" and "storage" in roles
    return by_origin or case.settings.ratio_denominator == "gross"


def _allocated(case: Case, asked: Asked, what: Said, share: Row, sums: Sums, view: View) -> Step:
    start = asked.start or 0
    told = share["allocated_wh"]
    if not in_sums(case, asked.point, start):
        why = exclusion(case, asked.point, start)
        how = (Said("rule.left_out"), *([why] if why else []))
        return step(what, 0, told, unit="Wh", how=how, ask=asked.query())
    got = portion(asked.point, sums.drawn, sums.covered_wh)
    return step(
        what,
        got.wh,
        told,
        unit="Wh",
        how=_shared(got),
        parts=_basis(case, asked, share, sums, view),
        ask=asked.query(),
    )


def _basis(case: Case, asked: Asked, share: Row, sums: Sums, view: View) -> tuple[Step, ...]:
    """The period's balance and the point's own draw."""
    start = asked.start or 0
    if view.depth <= 0:
        return ()
    drawn = Asked(month=asked.month, quantity="drawn", point=asked.point, start=start)
    what = named("point_hour", "drawn", {"point": asked.point, "start_at": at_text(start)})
    own = _settled(case, drawn, what, share, view.deeper)
    return (*summary(case, asked, start, sums), own)


def _shared(got: Portion) -> tuple[Said, ...]:
    facts: dict[str, Fact] = {
        "total_wh": got.total,
        "weight_wh": got.weight,
        "whole_wh": got.whole,
        "floor_wh": got.floor,
        "remainder_n": got.remainder,
        "whole_n": got.whole,
        "left_n": got.left,
        "place_n": got.place,
    }
    if got.whole == 0:
        return (Said("rule.nothing_to_share"),)
    if got.total == got.whole:
        return (Said("rule.all_covered", facts),)
    found = [Said("rule.proportional", facts)]
    if not got.remainder:
        found.append(Said("rule.no_remainder"))
    elif got.extra:
        found.append(Said("rule.extra", facts))
    else:
        found.append(Said("rule.no_extra", facts))
    if got.tied:
        found.append(Said("rule.tied", {"points": ", ".join(got.tied[:5]), "count_n": len(got.tied)}))
    return tuple(found)


def _relieved(case: Case, asked: Asked, what: Said, share: Row, sums: Sums, view: View) -> Step:
    start, point = asked.start or 0, asked.point
    told = share["relieved_wh"]
    against = hindrances(case, point, start)
    if against:
        return step(what, 0, told, unit="Wh", how=(Said("rule.no_relief"), *against), ask=asked.query())
    if case.settings.forfeited == "redistributed":
        entitled = {name: wh for name, wh in sums.drawn.items() if wh and not hindrances(case, name, start)}
        total = min(sums.covered_wh, sum(entitled.values()))
        got = portion(point, entitled, total)
        how = (Said("rule.redistributed", {"total_wh": total, "count_n": len(entitled)}), *_shared(got))
        parts = _basis(case, asked, share, sums, view)
        return step(what, got.wh, told, unit="Wh", how=how, parts=parts, ask=asked.query())
    of = Asked(month=asked.month, quantity="allocated", point=point, start=start)
    same = named("point_hour", "allocated", {"point": point, "start_at": at_text(start)})
    inner = _allocated(case, of, same, share, sums, view.deeper)
    parts = (inner,) if view.depth > 0 else ()
    computed = None if inner.value is None else int(inner.value)
    return step(what, computed, told, unit="Wh", how=(Said("rule.entitled"),), parts=parts, ask=asked.query())
