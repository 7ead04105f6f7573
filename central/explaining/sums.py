"""A period's sums over the cluster, made anew from the shares and storages of its points (art. 184k ust. 1)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from central.explaining.behind import own_use
from central.explaining.case import Case, Row
from central.explaining.entitled import in_sums
from central.explaining.netted import netted
from central.explaining.step import Fact
from central.explaining.stored import flow, is_followed

STEPS = ((9, 4), (8, 3), (7, 2), (6, 1))
"""Tenths that the ratio must exceed, and the twentieths that are taken off then."""
TOP = 5
"""Twentieths off at 100 %."""


@dataclass(frozen=True)
class Sums:
    """One complete period, Wh."""

    drawn: dict[str, int]
    """What each point in the sums draws."""
    res: dict[str, int]
    """What each point in the sums makes renewable, by its source."""
    other: dict[str, int]
    """What each injects from other sources."""
    stored: dict[str, int]
    """By how much each storage changes what is renewable."""
    charge: dict[str, int]
    """What each storage charged, left out of what is drawn."""
    given: dict[str, int | None]
    """What each storage gave into the grid; None: not known."""
    own_use: dict[str, int]
    """What each point uses behind its meter, where the ratio counts it."""

    @property
    def drawn_wh(self) -> int:
        """C: what all members draw."""
        return sum(self.drawn.values())

    @property
    def res_wh(self) -> int:
        """G: what they inject of renewable sources."""
        return sum(self.res.values()) + sum(self.stored.values())

    @property
    def other_wh(self) -> int:
        """What they inject besides."""
        return sum(self.other.values()) - sum(self.stored.values())

    @property
    def covered_wh(self) -> int:
        """Q: the smaller of G and C."""
        return min(self.res_wh, self.drawn_wh)

    @property
    def charge_wh(self) -> int:
        """What storages charged."""
        return sum(self.charge.values())

    @property
    def given_wh(self) -> int | None:
        """What they gave; None where it isn't known of all."""
        known = [wh for wh in self.given.values() if wh is not None]
        return sum(known) if len(known) == len(self.given) else None

    @property
    def gross_wh(self) -> int:
        """What is drawn with own use behind the meters."""
        return self.drawn_wh + sum(self.own_use.values())

    @property
    def facts(self) -> dict[str, Fact]:
        """What the sentences of the balance are made of."""
        found = {"res_wh": self.res_wh, "other_wh": self.other_wh, "drawn_wh": self.drawn_wh}
        return {**found, "injected_wh": self.res_wh + self.other_wh, "covered_wh": self.covered_wh}

    def value(self, quantity: str) -> int:
        """A quantity of the whole cluster."""
        crossing = self.drawn_wh + self.charge_wh - self.res_wh - self.other_wh
        return {
            "drawn": self.drawn_wh,
            "injected": self.res_wh + self.other_wh,
            "injected_res": self.res_wh,
            "injected_other": self.other_wh,
            "covered": self.covered_wh,
            "surplus": self.res_wh - self.covered_wh,
            "deficit": self.drawn_wh - self.covered_wh,
            "from_grid": max(crossing, 0),
            "to_grid": max(-crossing, 0),
        }[quantity]


def sums_of(case: Case, start: int) -> Sums | None:
    """The sums of a period; None where it isn't complete."""
    return case.kept("sums", start, lambda at: _sums_of(case, at))


def _sums_of(case: Case, start: int) -> Sums | None:
    rows = case.shares_at(start)
    if case.hours[start]["status"] != "complete":
        return None
    counted = [row for row in rows if in_sums(case, row["point"], start)]
    res: dict[str, int] = {}
    other: dict[str, int] = {}
    for row in counted:
        if row["injected_wh"] is not None:
            kind = res if case.point_at(row["point"], start)["res"] else other
            kind[row["point"]] = row["injected_wh"]
    flows = {
        row["point"]: flow(case, row["point"], start, netted(case, row["point"], start).values or {})
        for row in counted
        if is_followed(case, row["point"], start)
    }
    return Sums(
        drawn={row["point"]: row["drawn_wh"] for row in counted if row["drawn_wh"] is not None},
        res=res,
        other=other,
        stored={point: one.given_res - (one.given if point in res else 0) for point, one in flows.items()},
        charge={row["point"]: row["charge_wh"] for row in counted if row.get("charge_wh") is not None},
        given={point: one.given if one.shown else None for point, one in flows.items()},
        own_use=used_behind(case, counted, start) if case.settings.ratio_denominator == "gross" else {},
    )


def used_behind(case: Case, shares: list[Row], start: int) -> dict[str, int]:
    """What each point uses behind its meter, where it uses anything."""
    found = {share["point"]: own_use(case, share["point"], share["injected_wh"] or 0, start) for share in shares}
    return {point: wh for point, wh in found.items() if wh}


def ratio(case: Case, sums: Sums) -> tuple[int, int]:
    """The ratio of art. 184k ust. 1 as numerator and denominator, Wh."""
    counted = sums.covered_wh if case.settings.ratio_numerator == "covered" else sums.res_wh
    return counted, sums.gross_wh


def step_of(case: Case, numerator: int, denominator: int) -> tuple[int, str]:
    """Twentieths off, and the key of the sentence of the rule that gives them."""
    if denominator == 0:
        return 0, "rule.nothing_drawn"
    part = Fraction(numerator, denominator)
    if part == 1:
        return TOP, "rule.step_100"
    if part > 1 and case.settings.above_100 == "cap":
        return TOP, "rule.step_above_100"
    for tenths, off in STEPS:
        if part > Fraction(tenths, 10):
            return off, f"rule.step_{tenths}0"
    return 0, "rule.step_0"


def four_decimals(numerator: int, denominator: int) -> str | None:
    """The ratio in % with four decimals, halves up; None where nothing is drawn."""
    if denominator == 0:
        return None
    whole, rest = divmod(Fraction(1_000_000 * numerator, denominator), 1)
    scaled = whole + (1 if rest >= Fraction(1, 2) else 0)
    return f"{scaled // 10_000}.{scaled % 10_000:04d}"


def step_in_20ths(multiplier: str | None) -> int:
    """The twentieths that a multiplier of the tables takes off."""
    return 0 if multiplier is None else round((1 - Fraction(multiplier)) * 20)
