"""The tier radar as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from central.balance import multiplier_text
from central.conditions.condition import rounded
from central.finding import when
from central.radar.lacks import MonthLacks
from central.radar.slots import Slot, best_hours, ranked, slots_of
from runtime import console

_RANKED, _HOURS = 8, 8
_WH_PER_KWH = 1000


def print_radar(cluster: str, months: Sequence[MonthLacks], within_wh: int | None) -> None:
    """By hour of the day; then where an amount pays most, and the single hours that are nearest."""
    slots = slots_of(months, within_wh)
    span = str(months[0].month) if len(months) == 1 else f"{months[0].month} to {months[-1].month}"
    shown = [one for one in slots if not one.month] or slots
    reach = "5 % of the draw" if within_wh is None else f"{_kwh(within_wh)} kWh"
    console.table(
        f"{cluster}, {span}: renewable energy missing to the next relief step, by hour of the local day",
        ["hour", "hours", "lacking", f"within {reach}", "missing kWh", "worth zł"],
        [_row(one) for one in shown],
        right=["hours", "lacking", f"within {reach}", "missing kWh", "worth zł"],
    )
    if len(months) > 1:
        _by_month(
            slots, "Missing by hour and month, whole kWh", lambda one: _whole(Fraction(one.missing_wh, _WH_PER_KWH))
        )
        _by_month(
            slots, "Worth by hour and month, whole zł", lambda one: "" if one.worth is None else _whole(one.worth)
        )
    best = ranked(slots if len(months) == 1 else [one for one in slots if one.month])[:_RANKED]
    console.table(
        "Where so much more in each of these hours pays most",
        ["month", "hour", "kWh each hour", "hours reached", "worth zł", "zł per kWh"],
        [_ranked_row(one) for one in best],
        right=["kWh each hour", "hours reached", "worth zł", "zł per kWh"],
    )
    rows = [
        [
            when(one.start),
            _kwh(one.missing_wh),
            "" if one.less_drawn_wh is None else _kwh(one.less_drawn_wh),
            f"× {multiplier_text(one.step)} → × {multiplier_text(one.next_step)}",
            _zl(one.worth),
        ]
        for one in best_hours(months, _HOURS)
    ]
    console.table(
        "Single hours that would pay most for each kWh",
        ["hour", "missing kWh", "or drawn less kWh", "step", "worth zł"],
        rows,
        right=["missing kWh", "or drawn less kWh", "worth zł"],
    )
    if any(one.worth is None for one in shown):
        console.say("Where a rate is missing nothing is worth a known amount.")
    console.say("Worth: relief of the variable network and quality charges alone, net; a control, not a promise.")


def _by_month(slots: Sequence[Slot], title: str, cell: Callable[[Slot], str]) -> None:
    """A row for each hour of the local day, a column for each month of the year; empty where no hour is complete."""
    found = {(one.hour, one.month): cell(one) if one.complete else "" for one in slots if one.month}
    columns = sorted({month for _, month in found})
    heads = [month[-2:] for month in columns]
    rows = [
        [f"{hour:02d}:00", *(found[hour, month] for month in columns)] for hour in sorted({hour for hour, _ in found})
    ]
    console.table(title, ["hour", *heads], rows, right=heads)


def _whole(amount: Fraction) -> str:
    return rounded(amount, 0)


def _row(one: Slot) -> list[str]:
    return [f"{one.hour:02d}:00", str(one.complete), str(one.lacking), str(one.within), _kwh(one.missing_wh),
            _zl(one.worth)]  # fmt: skip


def _ranked_row(one: Slot) -> list[str]:
    best = one.best
    if best is None:
        return []
    per_kwh = rounded(best.per_kwh, 4)
    return [one.month, f"{one.hour:02d}:00", _kwh(best.wh), str(best.reached), _zl(best.worth), per_kwh]


def _kwh(wh: int) -> str:
    return rounded(Fraction(wh, _WH_PER_KWH), 3)


def _zl(amount: Fraction | None) -> str:
    return "" if amount is None else rounded(amount, 2)
