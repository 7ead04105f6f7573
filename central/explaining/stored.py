"""A storage at a point in one period: its charge, its discharge, what of it is renewable, and its stocks.

docs/cluster.md has the rule; ``central.storage`` follows whole months, here one period is made from the one before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from central.explaining.behind import by_meter, counted, meters_behind
from central.explaining.behind_stands import counted_behind
from central.explaining.case import Case, Row, at_text
from central.explaining.metered import energy
from central.explaining.question import Asked
from central.explaining.step import Fact, Said, Step, View, named, step

OF_ROW: Final = {
    "storage_res": "given_res_wh",
    "stock": "total_wh",
    "stock_res": "res_wh",
    "storage_discharge": "given_wh",
}
"""Quantities of a storage, and the columns of its table that tell them."""


@dataclass(frozen=True)
class Flow:
    """One period of one storage, Wh, made anew."""

    before: tuple[int, int]
    """What it held, and of it renewable."""
    charge: int
    discharge: int
    generation: int
    shown: bool
    """Whether charge and discharge are known."""
    given: int
    """Of what the point injects, the storage's."""
    part: int
    """The renewable part of the discharge."""
    given_res: int
    rule: str
    """The sentence that says what of ``given`` is renewable."""
    after: tuple[int, int]


def flow(case: Case, point: str, start: int, netted: dict[str, int]) -> Flow:
    """``netted`` is what the point draws and injects in the period, complete and by direction."""
    row = case.point_at(point, start)
    charge, discharge = netted.get("drawn", 0), netted.get("injected", 0)
    injected, shown = discharge, True
    decides = by_meter(case, point, row)
    meters = tuple(counted(case, point, "storage", way, start) for way in ("drawn", "injected"))
    if not row.get("storage"):
        charge, discharge = (one.wh for one in meters)
        shown = not meters[0].there or (meters[0].known and meters[1].known)
    elif decides and meters[0].there:
        charge, discharge = (one.wh for one in meters)
    generated = 0
    if (row["res"] or row.get("storage")) and (row.get("storage") or decides):
        generated = counted(case, point, "generation", "injected", start).wh
    given = min(injected, discharge) if shown else injected
    before = _before(case, point, start)
    if not shown:
        return Flow(before, charge, discharge, generated, False, given, 0, 0, "rule.storage_unshown", before)
    total, res = before[0] + charge, before[1] + min(charge, generated)
    part = min(res, _share(discharge, res, total))
    rule = _rule(case, shared=not row.get("storage"))
    given_res = {
        "rule.storage_none": 0,
        "rule.storage_unproved": 0,
        "rule.storage_traced": _share(given, part, discharge),
    }
    after = max(total - discharge, 0), res - part
    return Flow(before, charge, discharge, generated, True, given, part, given_res.get(rule, given), rule, after)


def _share(amount: int, part: int, whole: int) -> int:
    """``amount · part / whole``, halves up; 0 where ``whole`` is 0."""
    return (2 * amount * part + whole) // (2 * whole) if whole else 0


def _rule(case: Case, *, shared: bool) -> str:
    settings = case.settings
    if settings.storage == "as_metered":
        return "rule.storage_as_metered"
    if settings.storage_tracing == "none":
        return "rule.storage_none"
    if shared and settings.storage_origin != "by_meter":
        return "rule.storage_unproved"
    return "rule.storage_all" if settings.storage_tracing == "all" else "rule.storage_traced"


def _before(case: Case, point: str, start: int) -> tuple[int, int]:
    """The stocks after the storage's period before this one; where the month begins, what the month before left."""
    rows = case.storage_rows(point)
    earlier = max((at for at in rows if at < start), default=None)
    if earlier is not None:
        return rows[earlier]["total_wh"], rows[earlier]["res_wh"]
    return next(((row["total_wh"], row["res_wh"]) for row in case.dated("stocks", point, "point")), (0, 0))


def is_followed(case: Case, point: str, start: int) -> bool:
    """Whether the settlement follows a storage at a point in a period."""
    row = case.point_at(point, start)
    if not row["injected"] or "storages" not in case.tables.outputs:
        return False
    behind = case.settings.storage == "res_charged_only" and bool(meters_behind(case, point, "storage"))
    return bool(row.get("storage")) or behind


def storage_hour(case: Case, asked: Asked, netted: dict[str, int] | None, view: View) -> Step:
    """A quantity of the storage at ``asked.point``; ``netted`` is None where the period isn't complete."""
    start, point, quantity = asked.start or 0, asked.point, asked.quantity
    what = named("point_hour", quantity, {"point": point, "start_at": at_text(start)})
    told = case.storage_rows(point).get(start)
    if told is None:
        return step(what, None, None, unit="Wh", how=(Said("rule.no_storage"),), ask=asked.query())
    if netted is None:
        return _incomplete(case, asked, what, told)
    one = flow(case, point, start, netted)
    facts = _facts(one)
    value: int | None = {"stock": one.after[0], "stock_res": one.after[1]}.get(quantity)
    if quantity == "storage_discharge":
        value = one.given if one.shown else None
        how = (Said("rule.storage_given" if one.shown else one.rule, facts),)
    elif quantity == "storage_res":
        value = one.given_res if one.shown else None
        how = (Said(one.rule, facts),)
    else:
        how = (Said(f"rule.{quantity}" if one.shown else "rule.stock_unchanged", facts),)
    parts: tuple[Step, ...] = ()
    if view.depth > 0 and one.shown:
        parts = _parts(case, asked, one, told, view.deeper)
    return step(what, value, told[OF_ROW[quantity]], unit="Wh", how=how, parts=parts, ask=asked.query())


def _incomplete(case: Case, asked: Asked, what: Said, told: Row) -> Step:
    """No stock changes in a period that isn't complete."""
    before = _before(case, asked.point, asked.start or 0)
    value = {"stock": before[0], "stock_res": before[1]}.get(asked.quantity)
    how = (Said("rule.stock_unchanged"),) if value is not None else (Said("rule.storage_incomplete"),)
    return step(what, value, told[OF_ROW[asked.quantity]], unit="Wh", how=how, ask=asked.query())


def _facts(one: Flow) -> dict[str, Fact]:
    return {
        "held_wh": one.before[0],
        "held_res_wh": one.before[1],
        "charge_wh": one.charge,
        "generated_wh": one.generation,
        "charge_res_wh": min(one.charge, one.generation),
        "full_wh": one.before[0] + one.charge,
        "full_res_wh": one.before[1] + min(one.charge, one.generation),
        "discharge_wh": one.discharge,
        "part_wh": one.part,
        "given_wh": one.given,
    }


def _parts(case: Case, asked: Asked, one: Flow, told: Row, view: View) -> tuple[Step, ...]:
    """Each as the storage's own row tells it, with what it was metered by."""
    point, start, facts = asked.point, asked.start or 0, _facts(one)
    earlier: dict[str, Fact] = {"point": point}
    made: list[tuple[str, int, int | None, str, tuple[Step, ...]]] = [
        ("charge", one.charge, told["charge_wh"], "rule.storage_charge", _metered(case, point, "drawn", start, view)),
        (
            "discharge",
            one.discharge,
            told["discharge_wh"],
            "rule.storage_discharge",
            _metered(case, point, "injected", start, view),
        ),
    ]
    if told["generation_wh"] is not None:
        behind = counted_behind(case, point, "generation", "injected", start, view)
        made.append(("generation", one.generation, told["generation_wh"], "rule.storage_generation", behind))
    made.append(("part", one.part, told["traced_wh"], "rule.storage_part", ()))
    if asked.quantity == "storage_discharge":
        made = made[1:2]
    return tuple(
        step(Said(f"storage.{name}", earlier), value, books, unit="Wh", how=(Said(rule, facts),), parts=below)
        for name, value, books, rule, below in made
    )


def _metered(case: Case, point: str, direction: str, start: int, view: View) -> tuple[Step, ...]:
    """A storage's own meters where they decide, else what its point's settlement meter counted."""
    row = case.point_at(point, start)
    if not row.get("storage") or (
        by_meter(case, point, row) and counted(case, point, "storage", direction, start).there
    ):
        return counted_behind(case, point, "storage", direction, start, view)
    counting = case.energies_at(start).get((point, direction))
    if view.depth <= 0 or counting is None:
        return ()
    return (energy(case, point, direction, start, counting, view.deeper),)
