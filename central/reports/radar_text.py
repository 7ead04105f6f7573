"""The tier radar as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from central.balance import multiplier_text
from central.conditions.condition import rounded
from central.finding import when
from central.radar.lacks import MonthLacks
from central.radar.slots import Slot, best_hours, ranked, slots_of
from central.reports.spoken import ENGLISH, Spoken
from runtime import console

_RANKED, _HOURS = 8, 8
_WH_PER_KWH = 1000


def print_radar(cluster: str, months: Sequence[MonthLacks], within_wh: int | None, say: Spoken = ENGLISH) -> None:
    """By hour of the day; then where an amount pays most, and the single hours that are nearest."""
    _Printing(say).radar(cluster, months, within_wh)


class _Printing:
    """One answer in one language."""

    def __init__(self, say: Spoken) -> None:
        self._say = say

    def radar(self, cluster: str, months: Sequence[MonthLacks], within_wh: int | None) -> None:
        say = self._say
        slots = slots_of(months, within_wh)
        span = str(months[0].month)
        if len(months) > 1:
            span = say("conditions.to", low=months[0].month, high=months[-1].month)
        shown = [one for one in slots if not one.month] or slots
        within = say("radar.within") if within_wh is None else say("radar.within_kwh", kwh=self._kwh(within_wh))
        heads = [*self._heads("hour", "complete", "lacking"), within, *self._heads("missing", "worth")]
        title = say("radar.printed_title", cluster=cluster, span=span)
        console.table(title, heads, [self._row(one) for one in shown], right=heads[1:])
        if len(months) > 1:
            self._by_month(slots, say("radar.missing_by_month"), self._whole_kwh)
            self._by_month(slots, say("radar.worth_by_month"), self._whole_zl)
        best = ranked(slots if len(months) == 1 else [one for one in slots if one.month])[:_RANKED]
        heads = self._heads("month", "hour", "each_hour", "reached", "worth", "per_kwh")
        console.table(say("radar.ranked_long"), heads, [self._ranked_row(one) for one in best], right=heads[2:])
        rows = [
            [
                when(one.start),
                self._kwh(one.missing_wh),
                "" if one.less_drawn_wh is None else self._kwh(one.less_drawn_wh),
                f"× {say.number(multiplier_text(one.step))} → × {say.number(multiplier_text(one.next_step))}",
                self._zl(one.worth),
            ]
            for one in best_hours(months, _HOURS)
        ]
        heads = self._heads("hour", "missing", "less", "step", "worth")
        console.table(say("radar.single"), heads, rows, right=[heads[1], heads[2], heads[4]])
        if any(one.worth is None for one in shown):
            console.say(say("radar.unknown"))
        console.say(say("radar.worth_explain"))

    def _heads(self, *names: str) -> list[str]:
        return [self._say(f"radar.{name}") for name in names]

    def _by_month(self, slots: Sequence[Slot], title: str, cell: Callable[[Slot], str]) -> None:
        """A row for each hour of the day, a column for each month of the year; empty where no hour is complete."""
        found = {(one.hour, one.month): cell(one) if one.complete else "" for one in slots if one.month}
        columns = sorted({month for _, month in found})
        heads = [month[-2:] for month in columns]
        rows = [
            [f"{hour:02d}:00", *(found[hour, month] for month in columns)]
            for hour in sorted({hour for hour, _ in found})
        ]
        console.table(title, [self._say("radar.hour"), *heads], rows, right=heads)

    def _whole_kwh(self, one: Slot) -> str:
        return self._say.rounded(Fraction(one.missing_wh, _WH_PER_KWH), 0)

    def _whole_zl(self, one: Slot) -> str:
        return self._say.rounded(one.worth, 0)

    def _row(self, one: Slot) -> list[str]:
        return [f"{one.hour:02d}:00", str(one.complete), str(one.lacking), str(one.within), self._kwh(one.missing_wh),
                self._zl(one.worth)]  # fmt: skip

    def _ranked_row(self, one: Slot) -> list[str]:
        best = one.best
        if best is None:
            return []
        per_kwh = self._say.rounded(best.per_kwh, 4)
        return [one.month, f"{one.hour:02d}:00", self._kwh(best.wh), str(best.reached), self._zl(best.worth), per_kwh]

    def _kwh(self, wh: int) -> str:
        return self._say.number(rounded(Fraction(wh, _WH_PER_KWH), 3))

    def _zl(self, amount: Fraction | None) -> str:
        return self._say.rounded(amount, 2)
