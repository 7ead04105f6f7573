"""One point in one period: what it draws and injects as settled, what is allocated to it, what of it is relieved."""

from __future__ import annotations

from central.explaining.apportioned import Portion, portion
from central.explaining.case import Case, Row, at_text
from central.explaining.entitled import exclusion, hindrances, in_sums
from central.explaining.hour_summary import summary
from central.explaining.metered import energy
from central.explaining.netted import WAYS, netted
from central.explaining.question import Asked
from central.explaining.step import Fact, Said, Step, View, named, step
from central.explaining.stored import OF_ROW, storage_hour
from central.explaining.sums import Sums, sums_of


def point_hour(case: Case, asked: Asked, view: View) -> Step:
    """A quantity of ``asked.point`` in the period ``asked.start``."""
    start, point, quantity = asked.start or 0, asked.point, asked.quantity
    share = case.share(point, start)
    what = named("point_hour", quantity, {"point": point, "start_at": at_text(start)})
    if share is None:
        return Step(what=what, unit="Wh", how=(Said("rule.not_valid"),), ask=asked.query())
    if quantity in {"drawn", "injected"}:
        return _settled(case, asked, what, share, view)
    if quantity == "storage_charge":
        return _charge(case, asked, what, share, view)
    sums = sums_of(case, start)
    if quantity in OF_ROW:
        return storage_hour(case, asked, None if sums is None else netted(case, point, start).values, view)
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
    counted, found = case.energies_at(start), netted(case, point, start)
    how: tuple[Said, ...] = (found.rules[quantity],)
    computed, used = None, [way for way in WAYS if row[way]]
    if found.values is not None:
        computed = found.values[quantity]
        used = [quantity, *(way for way in used if way != quantity)] if found.netted else [quantity]
    if computed is not None and quantity == "drawn" and _leaves_out(case, row):
        how = (*how, Said("rule.charge_left_out", {"charge_wh": computed}))
        computed = 0
    parts: tuple[Step, ...] = ()
    if view.depth > 0:
        parts = tuple(energy(case, point, way, start, counted.get((point, way)), view.deeper) for way in used)
    return step(what, computed, told, unit="Wh", how=how, parts=parts, ask=asked.query())


def _leaves_out(case: Case, row: Row) -> bool:
    """Whether what the point draws is a storage's charging, which isn't counted as drawn."""
    return case.settings.storage == "res_charged_only" and bool(row["injected"] and row.get("storage"))


def _charge(case: Case, asked: Asked, what: Said, share: Row, view: View) -> Step:
    """A storage's charging that is left out of drawn."""
    start, point = asked.start or 0, asked.point
    row, told = case.point_at(point, start), share.get("charge_wh")
    if not (row["drawn"] and _leaves_out(case, row)):
        return step(what, None, told, unit="Wh", how=(Said("rule.no_charge"),), ask=asked.query())
    found = netted(case, point, start)
    value = None if found.values is None else found.values["drawn"]
    parts: tuple[Step, ...] = ()
    if view.depth > 0:
        counted = case.energies_at(start)
        parts = tuple(
            energy(case, point, way, start, counted.get((point, way)), view.deeper)
            for way in WAYS
            if row[way] and (way == "drawn" or found.netted or value is None)
        )
    return step(what, value, told, unit="Wh", how=(found.rules["drawn"],), parts=parts, ask=asked.query())


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
    if got.total == 0:
        return (Said("rule.nothing_covered"),)
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
