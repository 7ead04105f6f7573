"""The tier radar by hour of the local day and month: what is lacking, how often it is within reach, what pays most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from central.conditions.condition import exact, rounded
from central.radar.lacks import Lack, MonthLacks
from metering.period import local_text, utc_text

_HOURS = range(24)
_WH_PER_KWH = 1000
NEAR = Fraction(1, 20)
"""Within reach, if nothing else is asked: what lacks at most this part of what is drawn in the hour."""


@dataclass(frozen=True, slots=True)
class Amount:
    """So much renewable energy more in every hour of a slot, and at least what it would be worth."""

    wh: int
    """In each hour."""
    reached: int
    """Hours that would reach their next step. That some would pass it, isn't counted."""
    worth: Fraction
    total_wh: int
    """Over all hours of the slot."""

    @property
    def per_kwh(self) -> Fraction:
        """zł for each kWh added, over all hours of the slot."""
        return self.worth * _WH_PER_KWH / self.total_wh


@dataclass(frozen=True, slots=True)
class Slot:
    """One hour of the local day in one month, or in all of them (``month`` is empty)."""

    month: str
    hour: int
    complete: int
    lacking: int
    """Periods that lack something that could be injected."""
    missing_wh: int
    """What all of them lack together."""
    within: int
    """Of them within reach."""
    worth: Fraction | None
    """zł, if each reached its next step; None where a rate is missing."""
    best: Amount | None
    """The amount that pays most for each kWh; None where none is worth anything, or a rate is missing."""


def slots_of(months: Sequence[MonthLacks], within_wh: int | None) -> list[Slot]:
    """The slots of each month and, of several months, of all together; in order."""
    found = []
    for one in months:
        found += [_slot(str(one.month), hour, one.complete.get(hour, 0), _of(one.lacks, hour), within_wh)
                  for hour in _HOURS]  # fmt: skip
    if len(months) > 1:
        for hour in _HOURS:
            complete = sum(one.complete.get(hour, 0) for one in months)
            lacks = [lack for one in months for lack in _of(one.lacks, hour)]
            found.append(_slot("", hour, complete, lacks, within_wh))
    return found


def ranked(slots: Iterable[Slot]) -> list[Slot]:
    """Where an amount pays, what pays most for each kWh first."""
    paying = [(one.best.per_kwh, one) for one in slots if one.best]
    return [one for _, one in sorted(paying, key=lambda row: (-row[0], row[1].month, row[1].hour))]


def best_hours(months: Iterable[MonthLacks], count: int) -> list[Lack]:
    """The single hours whose next step is worth most for each kWh that is missing."""
    paying = [lack for one in months for lack in one.lacks if lack.worth]
    return sorted(paying, key=lambda lack: (-(lack.worth or 0) / lack.missing_wh, lack.start))[:count]


def _of(lacks: Iterable[Lack], hour: int) -> list[Lack]:
    return [one for one in lacks if one.hour == hour]


def _slot(month: str, hour: int, complete: int, lacks: Sequence[Lack], within_wh: int | None) -> Slot:
    known = all(one.worth is not None for one in lacks)
    within = sum(one.missing_wh <= (NEAR * one.drawn_wh if within_wh is None else within_wh) for one in lacks)
    return Slot(
        month=month,
        hour=hour,
        complete=complete,
        lacking=len(lacks),
        missing_wh=sum(one.missing_wh for one in lacks),
        within=within,
        worth=sum((one.worth or Fraction(0) for one in lacks), Fraction(0)) if known else None,
        best=_best(lacks, complete) if known else None,
    )


def _best(lacks: Sequence[Lack], complete: int) -> Amount | None:
    """Each amount that just reaches one more hour is a candidate: between two of them nothing is gained."""
    best: Amount | None = None
    worth = Fraction(0)
    for reached, one in enumerate(sorted(lacks, key=lambda lack: lack.missing_wh), 1):
        worth += one.worth or 0
        made = Amount(one.missing_wh, reached, worth, one.missing_wh * complete)
        if worth > 0 and (best is None or made.per_kwh >= best.per_kwh):
            best = made
    return best


def radar_answer(cluster: str, months: Sequence[MonthLacks], within_wh: int | None) -> dict[str, Any]:
    """For ``--json``: energies whole Wh, money exact in zł."""
    slots = slots_of(months, within_wh)
    return {
        "cluster": cluster,
        "months": [str(one.month) for one in months],
        "within_reach": f"{exact(NEAR * 100)} % of what is drawn" if within_wh is None else f"{within_wh} Wh",
        "slots": [_slot_row(one) for one in slots],
        "ranked": [{"month": one.month or None, "hour": one.hour} for one in ranked(slots)],
        "hours": [_lack_row(one) for one in best_hours(months, 100)],
    }


def lack_rows(month: MonthLacks, hour: int) -> list[dict[str, Any]]:
    """All hours of one hour of the day that lack something, in their order, as ``hours`` of ``radar_answer``."""
    return [_lack_row(one) for one in sorted(_of(month.lacks, hour), key=lambda lack: lack.start)]


def _slot_row(one: Slot) -> dict[str, Any]:
    best = one.best
    return {
        "month": one.month or None,
        "hour": one.hour,
        "complete": one.complete,
        "lacking": one.lacking,
        "missing_wh": one.missing_wh,
        "within_reach": one.within,
        "worth_zl": None if one.worth is None else exact(one.worth),
        "best": best
        and {
            "wh_each_hour": best.wh,
            "reached": best.reached,
            "worth_zl": exact(best.worth),
            "zl_per_kwh": rounded(best.per_kwh, 6),
        },
    }


def _lack_row(one: Lack) -> dict[str, Any]:
    return {
        "start": utc_text(one.start),
        "local": local_text(one.start),
        "step": one.step,
        "next_step": one.next_step,
        "missing_wh": one.missing_wh,
        "less_drawn_wh": one.less_drawn_wh,
        "worth_zl": None if one.worth is None else exact(one.worth),
    }
