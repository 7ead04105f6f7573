"""zł with VAT: of each point and month once, on the net sum of its charges (a convention, as an invoice has it)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Final

import msgspec

from central.explaining import exact
from central.explaining.case import Case, Row
from central.explaining.question import Asked
from central.explaining.step import Said, Step, View, listed, named, step

_NET: Final = ("full", "charge")

Explains = Callable[[Asked, View], Step]


def gross(case: Case, asked: Asked, view: View, explains: Explains) -> Step:
    """A sum with VAT, or the VAT, of the cluster, a member or a point; ``explains`` explains other sums of zł."""
    rows = [
        row
        for row in case.totals
        if asked.member in {"", row["member"]} and asked.point in {"", row["point"]} and row["status"] != "unknown"
    ]
    if asked.point and len(rows) == 1:
        return _of_point(case, asked, rows[0], view, explains)
    of = "point" if asked.point else "member" if asked.member else "cluster"
    facts = {"point": asked.point, "member": asked.member, "cluster": case.about["cluster"], "month": case.month}
    what = named(f"{of}_month", asked.quantity, {name: facts[name] for name in (of, "month")})
    if case.tables.outputs.get("totals") is None:
        return Step(what=what, unit="zł", how=(Said("rule.no_totals"),), ask=asked.query())
    made = {id(row): _made(case, row, asked.quantity) for row in rows}
    unknown = [row["point"] for row in rows if made[id(row)] is None]
    value = None if unknown or not rows else exact.zl(sum(exact.groszy(amount or "0") for amount in made.values()))
    told = None
    if rows and not any(row[f"{asked.quantity}_zl"] is None for row in rows):
        told = exact.zl(sum(exact.groszy(row[f"{asked.quantity}_zl"]) for row in rows))
    how = [Said("rule.sum_points", {"count_n": len(rows) - len(unknown)})]
    if unknown:
        how.append(Said("rule.unknown_parts", {"names": ", ".join(unknown[:10]), "count_n": len(unknown)}))
    if not rows:
        how = [Said("rule.nothing_complete")]

    def make(row: Row, deeper: View) -> Step:
        narrowed = msgspec.structs.replace(asked, member=row["member"], point=row["point"])
        return _of_point(case, narrowed, row, deeper, explains)

    below = listed(view, [(row, amount) for row in rows if (amount := made[id(row)]) is not None], "zł", make)
    return step(what, value, told, unit="zł", how=tuple(how), parts=below, ask=asked.query())


def _of_point(case: Case, asked: Asked, row: Row, view: View, explains: Explains) -> Step:
    what = named("point_month", asked.quantity, {"point": row["point"], "month": case.month})
    told, value = row[f"{asked.quantity}_zl"], _made(case, row, asked.quantity)
    vat = _vat(case)
    kind, _, what_kind = asked.quantity.partition("_")
    if vat is None:
        return step(what, value, told, unit="zł", how=(Said("rule.no_vat"),), ask=asked.query())
    if value is None:
        return step(what, value, told, unit="zł", how=(Said("rule.no_rate"),), ask=asked.query())
    facts = {"vat_pct": vat["pct"], "source": vat["source"] or "–", "status_key": f"status.{vat['status']}"}
    of = kind if kind in _NET else "charge"
    facts |= {"net_zl": row[f"{of}_zl"]}
    how: tuple[Said, ...] = (Said("rule.vat", facts),)
    names: tuple[str, ...] = (kind,)
    if asked.quantity == "relief_gross":
        how, names = (Said("rule.relief_gross"),), ("full_gross", "charge_gross")
    elif what_kind == "gross":
        how, names = (Said("rule.with_vat"),), (kind, f"{kind}_vat")
    below: tuple[Step, ...] = ()
    if view.depth > 0:
        below = tuple(explains(msgspec.structs.replace(asked, quantity=name), view.deeper) for name in names)
    return step(what, value, told, unit="zł", how=how, parts=below, ask=asked.query())


def _made(case: Case, row: Row, quantity: str) -> str | None:
    """A sum of one point and month, from the rows of its charges; None where a rate or the VAT is missing."""
    charges = [
        one for one in case.charges(row["point"]) if one["member"] == row["member"] and one["drawn_wh"] is not None
    ]
    vat = _vat(case)
    if vat is None or not charges or any(one["full_zl"] is None for one in charges):
        return None
    net = {name: sum(exact.groszy(one[f"{name}_zl"]) for one in charges) for name in ("full", "charge")}
    of_vat = {
        name: exact.groszy(exact.to_grosz(Fraction(value, 100) * Fraction(vat["pct"]) / 100))
        for name, value in net.items()
    }
    with_vat = {name: net[name] + of_vat[name] for name in net}
    if quantity == "relief_gross":
        return exact.zl(with_vat["full"] - with_vat["charge"])
    kind, _, what = quantity.partition("_")
    return exact.zl((of_vat if what == "vat" else with_vat)[kind])


def _vat(case: Case) -> Row | None:
    """The rate that is valid in the month's last period."""
    table = case.tables.inputs.get("vat")
    last = int(case.starts[-1]) if len(case.starts) else 0
    return next((row for row in (table.to_pylist() if table is not None else []) if case.valid(row, last)), None)
