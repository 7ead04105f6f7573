"""A member's charges of a run: its rows, sums of points and components, and the rates that they rest on. Pure.

Money is an exact decimal in zł. Nothing is reckoned anew: rows and sums of points are the run's own, and what is summed
here are rounded rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from central.applied import COMPONENTS
from central.statements.told import Told
from central.totals import STATUSES

NET = ("full_zl", "relief_zl", "charge_zl")
OF_TOTALS = (*NET, "full_vat_zl", "charge_vat_zl", "full_gross_zl", "relief_gross_zl", "charge_gross_zl")
_MOST_DIGITS = 24
"""Before and after the point."""


class Charge(msgspec.Struct, kw_only=True):
    """One row: a point, component, zone and rate."""

    point: str
    component: str
    zone: str
    drawn_wh: int | None
    relieved_wh: int | None
    rate: Decimal | None
    full_zl: Decimal | None
    relief_zl: Decimal | None
    charge_zl: Decimal | None
    status: str
    """The worst of rate and zone; ``missing`` without a rate, ``unknown`` where no period is complete."""
    rate_no: int | None = None
    """Its number among the statement's rates."""


class Sums(msgspec.Struct, kw_only=True):
    """Sums in zł, net, with VAT; None: not known."""

    full_zl: Decimal | None = None
    relief_zl: Decimal | None = None
    charge_zl: Decimal | None = None
    full_vat_zl: Decimal | None = None
    charge_vat_zl: Decimal | None = None
    full_gross_zl: Decimal | None = None
    relief_gross_zl: Decimal | None = None
    charge_gross_zl: Decimal | None = None
    vat_pct: Decimal | None = None
    status: str = "verified"


class PointMoney(Sums, kw_only=True):
    """Of one point, as the run has them."""

    point: str


class ComponentMoney(msgspec.Struct, kw_only=True):
    """Of one component, over all points of the member."""

    component: str
    full_zl: Decimal | None
    relief_zl: Decimal | None
    charge_zl: Decimal | None
    status: str


class RateUsed(msgspec.Struct, kw_only=True):
    """A rate, or the rate of VAT, that the statement rests on."""

    number: int
    component: str
    """Or ``vat``."""
    tariff: str
    zone: str
    operator: str
    amount: Decimal
    """zł/kWh; of VAT %."""
    valid_from: datetime | None
    valid_to: datetime | None
    source: str
    decision_no: str
    status: str


class Industrial(msgspec.Struct, kw_only=True):
    """On how much of a point's energy the OZE fee is charged, and when in the month (art. 96 ust. 2)."""

    point: str
    pct: int
    since: datetime | None
    """None: from before the month on."""
    until: datetime | None


class Money(msgspec.Struct, kw_only=True):
    """All of it."""

    rows: list[Charge]
    points: list[PointMoney]
    components: list[ComponentMoney]
    whole: Sums
    rates: list[RateUsed]
    has_totals: bool
    """Whether the run has sums of points; an older version made none."""
    industrial: list[Industrial]
    """Of the points of an industrial consumer."""


def member_money(told: Told, member: str) -> Money:
    """A member's charges."""
    rates = _Rates(told, member)
    rows = [_charge(row, rates) for row in told.rows("charges", member)]
    points = [_point(row) for row in told.rows("totals", member)]
    components = [_component(name, rows) for name in COMPONENTS if any(row.component == name for row in rows)]
    used = rates.used
    if (vat := _vat(told, len(used) + 1)) is not None and any(one.vat_pct is not None for one in points):
        used.append(vat)
    return Money(
        rows=rows,
        points=points,
        components=components,
        whole=_whole(rows, points),
        rates=used,
        has_totals="totals" in told.outputs,
        industrial=_industrial(told, {row.point for row in rows}),
    )


def _industrial(told: Told, points: set[str]) -> list[Industrial]:
    """What holds in the month of the points' per cents, in time."""
    starts = told.inputs["periods"]["start"]
    if "industrial" not in told.inputs or not len(starts):
        return []
    first, last = starts[0].as_py(), starts[-1].as_py() + told.period
    found = []
    for row in told.inputs["industrial"].to_pylist():
        since, until = row["valid_from"], row["valid_to"]
        since, until = since if since and since > first else None, until if until and until < last else None
        gone = (row["valid_to"] and row["valid_to"] <= first) or (row["valid_from"] and row["valid_from"] >= last)
        if row["point"] in points and not gone:
            found.append(Industrial(point=row["point"], pct=row["pct"], since=since, until=until))
    return sorted(found, key=lambda one: (one.point.encode(), one.since or first))


def worst(statuses: Iterable[str]) -> str:
    """The worst of some statuses; one that isn't known is as bad as unverified."""
    places = [STATUSES.index(one) if one in STATUSES else STATUSES.index("unverified") for one in statuses]
    return STATUSES[max(places, default=0)]


def summed(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum; None where one of them isn't known, or there is none."""
    found = list(values)
    known = [one for one in found if one is not None]
    return sum(known, Decimal("0.00")) if found and len(known) == len(found) else None


def _charge(row: dict[str, Any], rates: _Rates) -> Charge:
    status = worst(filter(None, [row["rate_status"], row.get("zone_status")]))
    if row["drawn_wh"] is None:
        status = "unknown"
    return Charge(
        point=row["point"],
        component=row["component"],
        zone=row["zone"],
        drawn_wh=row["drawn_wh"],
        relieved_wh=row["relieved_wh"],
        rate=_decimal(row["rate"]),
        full_zl=_decimal(row["full_zl"]),
        relief_zl=_decimal(row["relief_zl"]),
        charge_zl=_decimal(row["charge_zl"]),
        status=status,
        rate_no=rates.number(row),
    )


def _point(row: dict[str, Any]) -> PointMoney:
    sums = {name: _decimal(row.get(name)) for name in OF_TOTALS}
    return PointMoney(point=row["point"], vat_pct=_decimal(row.get("vat_pct")), status=row["status"], **sums)


def _component(name: str, rows: list[Charge]) -> ComponentMoney:
    mine = [row for row in rows if row.component == name]
    counted = [row for row in mine if row.status != "unknown"]
    sums = {column: summed(getattr(row, column) for row in counted) for column in NET}
    status = worst(row.status for row in counted) if counted else "unknown"
    return ComponentMoney(component=name, status=status, **sums)


def _whole(rows: list[Charge], points: list[PointMoney]) -> Sums:
    if not rows:
        return Sums(status="none")
    counted = [row for row in rows if row.status != "unknown"]
    status = worst(row.status for row in counted) if counted else "unknown"
    whole = Sums(status=status, **{name: summed(getattr(row, name) for row in counted) for name in NET})
    known = [one for one in points if one.status != "unknown"]
    rates = {one.vat_pct for one in known}
    if len(rates) == 1:
        whole.vat_pct = rates.pop()
    for name in OF_TOTALS[len(NET) :]:
        setattr(whole, name, summed(getattr(one, name) for one in known))
    if known:
        whole.status = worst([status, *(one.status for one in known)])
    return whole


class _Rates:
    """The rates of a member's rows, numbered in the order of their use."""

    def __init__(self, told: Told, member: str) -> None:
        self._rows = told.inputs["rates"].to_pylist()
        self._applied: dict[tuple[str, str], list[int]] = {}
        self.used: list[RateUsed] = []
        self._numbers: dict[int, int] = {}
        self._taken: set[tuple[str, int, str]] = set()
        grid, applied = told.grid, told.applied
        for p in [p for p, owner in enumerate(grid.members) if owner == member and grid.declares_drawn[p]]:
            for component in COMPONENTS:
                of = applied.priced[component, int(applied.of[p])].rate[grid.valid[:, p]]
                found = self._applied.setdefault((grid.points[p], component), [])
                found += [k for k in dict.fromkeys(of.tolist()) if k >= 0 and k not in found]

    def number(self, row: dict[str, Any]) -> int | None:
        """Of a row's rate: the first of the point's that has its price and zone and isn't another row's."""
        if row["rate"] is None:
            return None
        place = (row["point"], row["component"])
        fits = [
            k
            for k in self._applied.get(place, ())
            if self._rows[k]["zl_per_kwh"] == row["rate"] and (self._rows[k]["zone"] or "") == row["zone"]
        ]
        free = [k for k in fits if (row["point"], k, row["zone"]) not in self._taken]
        if not fits:
            return None
        k = (free or fits)[0]
        self._taken.add((row["point"], k, row["zone"]))
        if k not in self._numbers:
            self._numbers[k] = len(self.used) + 1
            self.used.append(self._of(k))
        return self._numbers[k]

    def _of(self, k: int) -> RateUsed:
        row = self._rows[k]
        return RateUsed(
            number=self._numbers[k],
            component=row["component"],
            tariff=row["tariff"] or "",
            zone=row["zone"] or "",
            operator=row.get("dso") or "",
            amount=_decimal(row["zl_per_kwh"]) or Decimal(0),
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
            source=row["source"] or "",
            decision_no=row.get("decision_no") or "",
            status=row["status"],
        )


def _vat(told: Told, number: int) -> RateUsed | None:
    """The rate of VAT of the month's last period."""
    table = told.inputs.get("vat")
    last = float(told.grid.starts[-1]) if len(told.grid.starts) else 0.0
    for row in table.to_pylist() if table is not None else []:
        first = row["valid_from"].timestamp() if row["valid_from"] else float("-inf")
        end = row["valid_to"].timestamp() if row["valid_to"] else float("inf")
        if first <= last < end:
            return RateUsed(
                number=number,
                component="vat",
                tariff="",
                zone="",
                operator="",
                amount=_decimal(row["pct"]) or Decimal(0),
                valid_from=row["valid_from"],
                valid_to=row["valid_to"],
                source=row["source"] or "",
                decision_no="",
                status=row["status"],
            )
    return None


def _decimal(text: str | None) -> Decimal | None:
    """An exact decimal of the run's tables; raises ValueError for what is none, or can't be money or a rate."""
    if text is None:
        return None
    try:
        found = Decimal(text)
    except ArithmeticError as error:
        raise ValueError(f"{text[:40]!r} is no decimal") from error
    if not found.is_finite() or found.adjusted() > _MOST_DIGITS or digits_after_point(found) > _MOST_DIGITS:
        raise ValueError(f"{text[:40]!r} can't be an amount")
    return found


def digits_after_point(value: Decimal) -> int:
    """How many there are."""
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
