"""The energy on which a component is charged at a point in a month, as an invoice has it (art. 184k ust. 1)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec

from central.explaining import exact
from central.explaining.case import Case, at_text
from central.explaining.money import EXEMPT, Charge, charges_of, rows_asked
from central.explaining.point_hour import point_hour
from central.explaining.question import Asked
from central.explaining.step import Fact, Said, Step, View, listed, named, step
from central.figures.ours import charged_wh


def charged(case: Case, asked: Asked, view: View) -> Step:
    """All that is drawn; of an exempt component what is left without the relieved energy. Wh, exact."""
    rows = rows_asked(case, asked, asked.point)
    charges = [one for one in charges_of(case, asked.point) if one.row in rows and one.parts]
    if asked.start is not None:
        return _of_period(case, asked, charges, view)
    periods = {start: wh for one in charges for start, wh in _periods(one).items()}
    facts: dict[str, Fact] = {"point": asked.point, "component_key": f"component.{asked.component}"}
    facts |= {"month": case.month, "zone": asked.zone or None}
    what = named("zone_row" if asked.zone else "row", "charged", facts)
    if not charges:
        return Step(what=what, unit="Wh", how=(Said("rule.nothing_complete"),), ask=asked.query())
    parts = [part for one in charges for part in one.parts.values()]
    exempt = asked.component in EXEMPT
    how = Said(
        "rule.charged_exempt" if exempt else "rule.charged_all",
        {
            "drawn_wh": sum(part.drawn_wh for part in parts),
            "relieved_wh": sum(part.relieved_wh for part in parts),
            "count_n": len(parts),
        },
    )
    industrial = any(part.pct is not None for part in parts)
    more = (how, Said("rule.charged_industrial")) if industrial else (how,)

    def make(start: int, deeper: View) -> Step:
        return _of_period(case, msgspec.structs.replace(asked, start=start), charges, deeper)

    below = listed(view, [(start, exact.text(wh)) for start, wh in periods.items() if wh], "Wh", make)
    value = exact.text(sum(periods.values(), Fraction(0)))
    if industrial:
        return Step(what=what, value=value, unit="Wh", how=more, parts=below, ask=asked.query())
    told = sum((charged_wh(one.row) for one in charges), Decimal(0))
    return step(what, value, f"{told:f}", unit="Wh", how=more, parts=below, ask=asked.query())


def _of_period(case: Case, asked: Asked, charges: list[Charge], view: View) -> Step:
    start = asked.start or 0
    one = next((one for one in charges if start in one.parts), None)
    facts: dict[str, Fact] = {"start_at": at_text(start), "component_key": f"component.{asked.component}"}
    what = named("period", "charged", facts)
    if one is None:
        return Step(what=what, unit="Wh", how=(Said("rule.nothing_in_hour"),), ask=asked.query())
    part = one.parts[start]
    exempt = asked.component in EXEMPT
    facts = {"drawn_wh": part.drawn_wh, "relieved_wh": part.relieved_wh}
    how = [Said("rule.charged_exempt_hour" if exempt else "rule.charged_all_hour", facts)]
    if part.pct is not None:
        how.append(Said("rule.charged_industrial"))
    below: tuple[Step, ...] = ()
    if view.depth > 0:
        stored = case.shares_of(asked.point)[start].get("charge_wh")
        names = ("drawn", *(("storage_charge",) if stored else ()), *(("relieved",) if exempt else ()))
        of = Asked(month=asked.month, quantity="drawn", point=asked.point, start=start)
        below = tuple(point_hour(case, msgspec.structs.replace(of, quantity=name), view.deeper) for name in names)
    value = exact.text(_periods(one)[start])
    return Step(what=what, value=value, unit="Wh", how=tuple(how), parts=below, ask=asked.query())


def _periods(one: Charge) -> dict[int, Fraction]:
    exempt = one.row["component"] in EXEMPT
    return {start: part.charged_wh - (part.exempt_wh if exempt else 0) for start, part in one.parts.items()}
