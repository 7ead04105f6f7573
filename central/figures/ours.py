"""What klaster reckons, in an invoice's terms: per point, zone and component the energy charged, and zł. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from central.totals import STATUSES

EXEMPT = ("chp", "oze")
"""Components that aren't charged at all on relieved energy: what is charged is the rest."""
_WH_PER_KWH = 1000


@dataclass(slots=True)
class Ours:
    """The sums of the rows of charges of one point, zone and component; None where they aren't known."""

    members: list[str] = field(default_factory=list)
    """Whose the point was in the month, in the order of the rows."""
    drawn_wh: Decimal | None = Decimal(0)
    charged_wh: Decimal | None = Decimal(0)
    """The energy on which the component is charged: drawn, or of an exempt component drawn without relieved."""
    full_zl: Decimal | None = Decimal(0)
    """Without the cluster."""
    charge_zl: Decimal | None = Decimal(0)
    rests_on: str = "verified"
    """The worst status of its rates and calendars."""
    rates: list[str] = field(default_factory=list)
    """zł/kWh, in the order of time; several where a rate changed within the month."""
    why: str = ""
    """Why something isn't known."""


Key = tuple[str, str, str]
"""Point, component, zone."""


def ours_of(charges: pa.Table, industrial: Collection[str] = ()) -> dict[Key, Ours]:
    """The sums of a run's table of charges; ``industrial`` are the points of industrial consumers."""
    found: dict[Key, Ours] = {}
    for row in charges.to_pylist():
        one = found.setdefault((row["point"], row["component"], row["zone"]), Ours())
        if row["member"] not in one.members:
            one.members.append(row["member"])
        one.rests_on = max(one.rests_on, row["rate_status"], row.get("zone_status") or "verified", key=STATUSES.index)
        if row["rate"] is None:
            one.full_zl = one.charge_zl = None
            one.why = one.why or "a rate is missing"
        else:
            one.rates.append(row["rate"])
        if row["drawn_wh"] is None:
            one.drawn_wh = one.charged_wh = one.full_zl = one.charge_zl = None
            one.why = "no hour is complete"
            continue
        one.drawn_wh = _plus(one.drawn_wh, Decimal(row["drawn_wh"]))
        if row["component"] == "oze" and row["point"] in industrial and not Decimal(row["rate"] or 0):
            one.charged_wh, one.why = None, one.why or "a rate of 0 doesn't tell on which per cent it is charged"
        else:
            one.charged_wh = _plus(one.charged_wh, charged_wh(row))
        if row["rate"] is not None:
            one.full_zl = _plus(one.full_zl, Decimal(row["full_zl"]))
            one.charge_zl = _plus(one.charge_zl, Decimal(row["charge_zl"]))
    return found


def charged_wh(row: Mapping[str, Any]) -> Decimal:
    """The energy of a row of charges on which its component is charged.

    Of an industrial consumer the OZE fee is charged on a per cent of it (art. 96 ust. 2): exact money ÷ rate tells it.
    """
    if row["component"] not in EXEMPT:
        return Decimal(row["drawn_wh"])
    if row["rate"] is None or not Decimal(row["rate"]):
        return Decimal(row["drawn_wh"] - row["relieved_wh"])
    exact = Fraction(row["full_exact_zl"]) - Fraction(row["relief_exact_zl"])
    wh = exact / Fraction(row["rate"]) * _WH_PER_KWH
    return Decimal(wh.numerator) / Decimal(wh.denominator)


def together(parts: list[Ours]) -> Ours:
    """The sum over the zones of a point's component."""
    whole = Ours()
    for one in parts:
        whole.members += [member for member in one.members if member not in whole.members]
        whole.rates += [rate for rate in one.rates if rate not in whole.rates]
        whole.rests_on = max(whole.rests_on, one.rests_on, key=STATUSES.index)
        whole.why = whole.why or one.why
        for name in ("drawn_wh", "charged_wh", "full_zl", "charge_zl"):
            setattr(whole, name, _plus(getattr(whole, name), getattr(one, name)))
    return whole


def _plus(before: Decimal | None, more: Decimal | None) -> Decimal | None:
    return None if before is None or more is None else before + more
