"""zł: from a sum to points, to rows of charges, to the share of each period (art. 184k ust. 1 pkt 1 and 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import msgspec

from central.explaining import exact
from central.explaining.case import Case, Row, at_text
from central.explaining.entitled import hindrances
from central.explaining.gross import gross
from central.explaining.hour_summary import summary
from central.explaining.point_hour import point_hour
from central.explaining.prices import Priced, joined, priced
from central.explaining.question import GROSS, Asked
from central.explaining.step import Fact, Said, Step, View, listed, named, step
from central.explaining.sums import step_in_20ths, sums_of
from metering.period import utc_text

EXEMPT = ("chp", "oze")
COMPONENTS = ("chp", "network_variable", "oze", "quality")


@dataclass(frozen=True)
class Part:
    """What one period adds to a row, exactly."""

    drawn_wh: int
    relieved_wh: int
    base_wh: int
    """What the period's step is taken of."""
    off: int
    """Twentieths."""
    pct: int | None
    """Of an industrial consumer's energy, on which the fee is charged; None: it is charged on all."""
    charged_wh: Fraction
    """On which the charge is made outside a cluster."""
    exempt_wh: Fraction
    """Of it what isn't charged; of reduced charges, what is charged fully less."""
    full: Fraction
    relief: Fraction

    def zl(self, quantity: str) -> Fraction:
        """Of one quantity."""
        return {"full": self.full, "relief": self.relief, "charge": self.full - self.relief}[quantity]


@dataclass(frozen=True)
class Charge:
    """A row of charges, and what its periods add."""

    row: Row
    priced: Priced
    parts: dict[int, Part]
    """By complete period."""


def money(case: Case, asked: Asked, view: View) -> Step:
    """A sum of zł of the cluster, a member, a point, or of some of a point's rows."""
    if asked.quantity in GROSS:
        return gross(case, asked, view, lambda of, deeper: money(case, of, deeper))
    if asked.point and asked.start is not None:
        return _of_period(case, asked, view)
    if asked.point:
        return _of_point(case, asked, view)
    if asked.member:
        what = named("member_month", asked.quantity, {"member": asked.member, "month": case.month})
        return _sum(case, asked, view, what, "point")
    what = named("cluster_month", asked.quantity, {"cluster": case.about["cluster"], "month": case.month})
    return _sum(case, asked, view, what, "member")


def rows_asked(case: Case, asked: Asked, point: str) -> list[Row]:
    """A point's rows of charges that are asked for."""
    return [
        row
        for row in case.charges(point)
        if asked.member in {"", row["member"]}
        and (not asked.component or row["component"] == asked.component)
        and asked.zone in {None, row["zone"]}
    ]


def _told(rows: Sequence[Row], quantity: str) -> str | None:
    """The sum of rows as the tables have them; None where any that should be known isn't, or none is."""
    known = [row for row in rows if row["drawn_wh"] is not None]
    if not known or any(row[f"{quantity}_zl"] is None for row in known):
        return None
    return exact.zl(sum(exact.groszy(row[f"{quantity}_zl"]) for row in known))


def _sum(case: Case, asked: Asked, view: View, what: Said, name: str) -> Step:
    """A sum over members or points: each is what its rows of charges tell, and asks for itself."""
    rows_of: dict[str, list[Row]] = {}
    for point in case.points_of(asked.member) if asked.member else sorted(case.points, key=str.encode):
        for row in rows_asked(case, asked, point):
            rows_of.setdefault(row[name], []).append(row)
    sums = {part: _told(rows, asked.quantity) for part, rows in rows_of.items()}
    known = {part: amount for part, amount in sums.items() if amount is not None}
    unknown = [part for part in sums if sums[part] is None and any(r["drawn_wh"] is not None for r in rows_of[part])]
    total = exact.zl(sum(map(exact.groszy, known.values()))) if known and not unknown else None

    def make(part: str, deeper: View) -> Step:
        return money(case, _narrowed(asked, name, part), deeper)

    below = listed(view, list(known.items()), "zł", make)
    rows = [row for rows in rows_of.values() for row in rows]
    how = [Said(f"rule.sum_{name}s", {"count_n": len(known)})]
    if unknown:
        how.append(Said("rule.unknown_parts", {"names": ", ".join(unknown[:10]), "count_n": len(unknown)}))
    told = _of_totals(case, asked, rows) if total is not None else None
    notes = _notes(rows, case)
    return step(what, total, told, unit="zł", how=tuple(how), parts=below, notes=notes, ask=asked.query())


def _narrowed(asked: Asked, name: str, part: str) -> Asked:
    return Asked(
        month=asked.month,
        quantity=asked.quantity,
        component=asked.component,
        zone=asked.zone,
        member=part if name == "member" else asked.member,
        point=part if name == "point" else "",
    )


def _of_totals(case: Case, asked: Asked, rows: Sequence[Row]) -> str | None:
    """The table of totals' own sum of the points of ``rows``; where there is none, or of some components, the rows'."""
    if not case.totals or asked.component or asked.zone is not None:
        return _told(rows, asked.quantity)
    of = {(row["member"], row["point"]) for row in rows if row["drawn_wh"] is not None}
    told = [row[f"{asked.quantity}_zl"] for row in case.totals if (row["member"], row["point"]) in of]
    if not told or any(amount is None for amount in told):
        return None
    return exact.zl(sum(map(exact.groszy, told)))


def _of_point(case: Case, asked: Asked, view: View) -> Step:
    charges = [one for one in charges_of(case, asked.point) if one.row in rows_asked(case, asked, asked.point)]
    if len(charges) == 1:
        return _row(case, asked, charges[0], view)
    computed = [(one, _rounded(one, asked.quantity)) for one in charges if one.parts]
    total = None
    if computed and all(amount is not None for _, amount in computed):
        total = exact.zl(sum(exact.groszy(amount or "0") for _, amount in computed))
    rows = [one.row for one in charges]

    def make(one: Charge, deeper: View) -> Step:
        return _row(case, asked, one, View(deeper.depth, view.width))

    below = listed(View(view.depth, None), [(one, amount or "0") for one, amount in computed], "zł", make)
    told = _of_totals(case, asked, rows)
    what = named("point_month", asked.quantity, {"point": asked.point, "month": case.month})
    how = (Said("rule.sum_rows", {"count_n": len(computed)}), *([] if computed else [Said("rule.nothing_complete")]))
    return step(what, total, told, unit="zł", how=how, parts=below, notes=_notes(rows, case), ask=asked.query())


def charges_of(case: Case, point: str) -> list[Charge]:
    """A point's rows of charges, each with the periods that make it."""
    shares, found = case.shares_of(point), []
    rows = case.points[point]
    for member in dict.fromkeys(row["member"] for row in rows):
        mine = [row for row in rows if row["member"] == member and row["drawn"]]
        for component in COMPONENTS:
            told = [row for row in case.charges(point) if (row["member"], row["component"]) == (member, component)]
            of_rows = (
                group
                for one in mine
                for group in priced(
                    case, point, one["tariff"] or "", component, [at for at in shares if case.valid(one, at)]
                )
            )
            groups = joined(of_rows, len(told))
            for i, row in enumerate(told):
                group = groups[i] if i < len(groups) else Priced(row["zone"], None, [])
                found.append(Charge(row, group, _parts(case, point, component, group, shares)))
    return found


def _parts(case: Case, point: str, component: str, group: Priced, shares: dict[int, Row]) -> dict[int, Part]:
    price = Fraction(group.rate["zl_per_kwh"]) if group.rate else Fraction(0)
    found = {}
    for start in group.starts:
        share = shares[start]
        if share["status"] != "complete":
            continue
        drawn = (share["drawn_wh"] or 0) + (share.get("charge_wh") or 0)
        relieved, off = share["relieved_wh"], step_in_20ths(case.hours[start]["multiplier"])
        base = relieved
        if case.settings.tier_base == "all_drawn":
            base = 0 if hindrances(case, point, start) else share["drawn_wh"] or 0
        pct = _industrial_pct(case, point, start) if component == "oze" else None
        charged, exempt = Fraction(drawn), Fraction(relieved) if component in EXEMPT else Fraction(base * off, 20)
        if pct is not None:
            charged = Fraction(drawn * pct, 100)
            first = case.settings.industrial_order == "industrial_first"
            exempt = min(Fraction(relieved), charged) if first else Fraction(relieved * pct, 100)
        found[start] = Part(
            drawn, relieved, base, off, pct, charged, exempt, charged * price / 1000, exempt * price / 1000
        )
    return found


def _industrial_pct(case: Case, point: str, start: int) -> int | None:
    """Of an industrial consumer: on what of its energy the OZE fee is charged, per cent (art. 96 ust. 2)."""
    rows = [row["pct"] for row in case.dated("industrial", point, "point") if case.valid(row, start)]
    return int(rows[-1]) if rows else None


def _exact(one: Charge, quantity: str) -> Fraction:
    return sum((part.zl(quantity) for part in one.parts.values()), Fraction(0))


def _rounded(one: Charge, quantity: str) -> str | None:
    """To 0.01 zł, from the exact sum of all its periods; the charge is the difference of the two rounded ones."""
    if one.priced.rate is None or not one.parts:
        return None
    full, relief = (exact.to_grosz(_exact(one, name)) for name in ("full", "relief"))
    if quantity == "charge":
        return exact.zl(exact.groszy(full) - exact.groszy(relief))
    return full if quantity == "full" else relief


def _row(case: Case, asked: Asked, one: Charge, view: View) -> Step:
    row, quantity = one.row, asked.quantity
    facts: dict[str, Fact] = {"point": asked.point, "component_key": f"component.{row['component']}"}
    facts |= {"zone": row["zone"], "month": case.month}
    of = _in_row(asked, quantity, one)
    more: dict[str, Any] = {
        "unit": "zł",
        "notes": _notes([row], case),
        "ask": of.but(start=None),
    }
    what = named("zone_row" if row["zone"] else "row", quantity, facts)
    if not one.parts:
        return step(what, None, row[f"{quantity}_zl"], how=(Said("rule.nothing_complete"),), **more)
    if one.priced.rate is None:
        return step(what, None, row[f"{quantity}_zl"], how=(Said("rule.no_rate"),), **more)
    amount = _rounded(one, quantity)
    if quantity == "charge":
        below = tuple(_row(case, _as(asked, name), one, view.deeper) for name in ("full", "relief"))
        return step(
            what,
            amount,
            row["charge_zl"],
            how=(Said("rule.charge", _both(one)),),
            parts=below if view.depth > 0 else (),
            **more,
        )
    total = _exact(one, quantity)
    how: tuple[Said, ...] = (Said("rule.rounded", {"exact_zl": exact.text(total)}), *_rule(case, one, quantity))
    periods = [(start, exact.text(part.zl(quantity))) for start, part in one.parts.items() if part.zl(quantity)]
    below = listed(view, periods, "zł", lambda start, deeper: _period(case, of, one, start, deeper))
    made = step(what, amount, row[f"{quantity}_zl"], how=how, parts=below, **more)
    return _also(made, one, quantity, total)


def _both(one: Charge) -> dict[str, Fact]:
    return {f"{name}_zl": _rounded(one, name) for name in ("full", "relief")}


def _also(made: Step, one: Charge, quantity: str, total: Fraction) -> Step:
    """The row's exact sum and energies must be those of its periods too."""
    row = one.row
    same = (
        row[f"{quantity}_exact_zl"] == exact.text(total)
        and row["drawn_wh"] == sum(part.drawn_wh for part in one.parts.values())
        and row["relieved_wh"] == sum(part.relieved_wh for part in one.parts.values())
    )
    if same:
        return made
    facts: dict[str, Fact] = {"exact_zl": row[f"{quantity}_exact_zl"], "drawn_wh": row["drawn_wh"]}
    facts |= {"relieved_wh": row["relieved_wh"]}
    return msgspec.structs.replace(made, wrong=True, notes=(*made.notes, Said("note.other_exact", facts)))


def _as(asked: Asked, quantity: str) -> Asked:
    return msgspec.structs.replace(asked, quantity=quantity)


def _rule(case: Case, one: Charge, quantity: str) -> tuple[Said, ...]:
    rate = one.priced.rate or {}
    facts: dict[str, Fact] = {
        "drawn_wh": sum(part.drawn_wh for part in one.parts.values()),
        "relieved_wh": sum(part.relieved_wh for part in one.parts.values()),
        "count_n": len(one.parts),
    }
    kind = "full" if quantity == "full" else "exempt" if one.row["component"] in EXEMPT else "reduced"
    rules = [Said(f"rule.{kind}", facts)]
    if any(part.pct is not None for part in one.parts.values()):
        column = "charged_wh" if quantity == "full" else "exempt_wh"
        counted = sum((getattr(part, column) for part in one.parts.values()), Fraction(0))
        shown = {"counted_wh": exact.text(counted)}
        rules = [Said(f"rule.industrial_{quantity}", {**facts, **shown}), _order(case)]
    if kind == "reduced" and case.settings.tier_base == "all_drawn":
        rules.append(Said("rule.all_drawn"))
    return *rules, *map(_of_rate, (rate, *one.priced.more))


def _order(case: Case) -> Said:
    return Said(f"rule.{case.settings.industrial_order}")


def _of_rate(rate: Row) -> Said:
    facts: dict[str, Fact] = {
        "rate_num": rate["zl_per_kwh"],
        "tariff_key": f"tariff.{rate['tariff'] or '*'}",
        "dso_key": f"operator.{rate.get('dso') or '*'}",
        "source": rate["source"] or "–",
        "decision": rate.get("decision_no") or "–",
        "status_key": f"status.{rate['status']}",
        "from_at": utc_text(rate["valid_from"]) if rate["valid_from"] else None,
        "to_at": utc_text(rate["valid_to"]) if rate["valid_to"] else None,
    }
    bounded = "".join(f"_{name}" for name in ("from", "to") if facts[f"{name}_at"])
    return Said(f"rule.rate{bounded or '_always'}", facts)


def _period(case: Case, asked: Asked, one: Charge, start: int, view: View) -> Step:
    """What one period adds to a row, exactly; the month's sum alone is rounded."""
    part, quantity = one.parts[start], asked.quantity
    rate = (one.priced.rate or {}).get("zl_per_kwh")
    facts: dict[str, Fact] = {
        "start_at": at_text(start),
        "component_key": f"component.{one.row['component']}",
        "rate_num": rate,
        "drawn_wh": part.drawn_wh,
        "relieved_wh": part.relieved_wh,
        "base_wh": part.base_wh,
        "off_n": part.off,
        "off_pct": str(5 * part.off),
        "pct_num": None if part.pct is None else str(part.pct),
        "counted_wh": exact.text(part.charged_wh if quantity == "full" else part.exempt_wh),
    }
    exempt = one.row["component"] in EXEMPT
    kind = "full" if quantity == "full" else "exempt" if exempt else "reduced"
    how: tuple[Said, ...] = (Said(f"rule.period_{kind}", facts),)
    if part.pct is not None:
        how = (Said(f"rule.period_industrial_{quantity}", facts), _order(case))
    parts: tuple[Step, ...] = ()
    if view.depth > 0:
        of = Asked(month=asked.month, quantity="relieved", point=asked.point, start=start)
        names: tuple[str, ...] = ("relieved",)
        if quantity == "full":
            names = ("drawn", "storage_charge") if case.shares_of(asked.point)[start].get("charge_wh") else ("drawn",)
        elif part.base_wh != part.relieved_wh:
            names = ("drawn", "relieved")
        parts = tuple(point_hour(case, msgspec.structs.replace(of, quantity=name), view.deeper) for name in names)
        sums = sums_of(case, start)
        if quantity == "relief" and not exempt and sums is not None:
            parts += tuple(one for one in summary(case, of, start, sums) if one.unit in {"", "%"})
    return Step(
        what=named("period", quantity, facts),
        value=exact.text(part.zl(quantity)),
        unit="zł",
        how=how,
        parts=parts,
        ask=asked.but(start=start),
    )


def _of_period(case: Case, asked: Asked, view: View) -> Step:
    """What one period adds to the sum of a point: to each of its rows."""
    start = asked.start or 0
    charges = [
        one
        for one in charges_of(case, asked.point)
        if start in one.parts and one.priced.rate is not None and one.row in rows_asked(case, asked, asked.point)
    ]
    names = ("full", "relief") if asked.quantity == "charge" else (asked.quantity,)
    if len(charges) == 1 and asked.quantity != "charge":
        return _period(case, asked, charges[0], start, view)
    parts: tuple[Step, ...] = ()
    if view.depth > 0:
        parts = tuple(
            _period(case, _in_row(asked, name, one), one, start, view.deeper) for one in charges for name in names
        )
    total = sum((one.parts[start].zl(asked.quantity) for one in charges), Fraction(0))
    what = named("point_hour", asked.quantity, {"point": asked.point, "start_at": at_text(start)})
    how = (Said("rule.sum_components", {"count_n": len(charges)}) if charges else _nothing(case, asked, start),)
    value = exact.text(total) if charges else None
    return Step(what=what, value=value, unit="zł", how=how, parts=parts, ask=asked.query())


def _nothing(case: Case, asked: Asked, start: int) -> Said:
    """Why nothing is charged in a period."""
    if asked.zone is not None:
        anywhere = msgspec.structs.replace(asked, zone=None)
        rows = [one for one in charges_of(case, asked.point) if start in one.parts]
        zones = sorted({one.row["zone"] for one in rows if one.row in rows_asked(case, anywhere, asked.point)})
        if zones and asked.zone not in zones:
            return Said("rule.other_zone", {"zones": ", ".join(zone or "–" for zone in zones)})
    return Said("rule.nothing_in_hour")


def _in_row(asked: Asked, quantity: str, one: Charge) -> Asked:
    row = one.row
    return msgspec.structs.replace(asked, quantity=quantity, component=row["component"], zone=row["zone"])


def _notes(rows: Sequence[Row], case: Case) -> tuple[Said, ...]:
    """What the figures rest on that isn't certain."""
    statuses = sorted({row["rate_status"] for row in rows} - {"verified"})
    found = [Said(f"note.rate_{status}") for status in statuses]
    zoned = sorted({str(row["zone_status"]) for row in rows if row.get("zone_status")} - {"verified"})
    found += [Said(f"note.zone_{status}") for status in zoned]
    if case.settings.regime_status == "simulation":
        found.append(Said("note.suspended"))
    return tuple(found)
