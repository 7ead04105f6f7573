"""What a period's next step would have been worth: the relief then less that of now (art. 184k ust. 1 pkt 2)."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from central.explaining import exact
from central.explaining.apportioned import portion
from central.explaining.case import Case, Row, at_text
from central.explaining.cluster_hour import incomplete
from central.explaining.entitled import hindrances
from central.explaining.next_step import Next, next_step
from central.explaining.point_hour import point_hour
from central.explaining.prices import priced
from central.explaining.question import Asked
from central.explaining.step import Fact, Said, Step, View, listed, named
from central.explaining.sums import Sums, ratio, step_of, sums_of

_REDUCED: Final = ("network_variable", "quality")
_DIVISOR: Final = 20 * 1000
"""A rate is of a kWh, a step of twentieths."""


def worth(case: Case, asked: Asked, view: View) -> Step:
    """Of the whole cluster the sum over its points; of a point what it would gain. zł, exact."""
    start = asked.start or 0
    where = named("point_hour" if asked.point else "hour", "step_worth", _about(asked))
    sums = sums_of(case, start)
    if sums is None:
        return incomplete(case, asked, view)
    following = next_step(case, sums)
    if following.missing_wh is None:
        return Step(what=where, unit="zł", how=(following.rule,), ask=asked.query())
    then = _base_then(case, sums, start, following.missing_wh)
    if asked.point:
        return _of_point(case, asked, sums, following, then, view)
    gains = {row["point"]: _gain(case, row, sums, following, then) for row in case.shares_at(start)}
    unknown = [point for point, gain in gains.items() if gain is None]
    known = [(point, exact.text(gain)) for point, gain in gains.items() if gain]
    total = None if unknown else exact.text(sum((gain for gain in gains.values() if gain), Fraction(0)))
    how = [Said("rule.step_worth", _facts(case, sums, following)), Said("rule.sum_points", {"count_n": len(known)})]
    if unknown:
        how.append(Said("rule.unknown_parts", {"names": ", ".join(unknown[:10]), "count_n": len(unknown)}))

    def make(point: str, deeper: View) -> Step:
        of = Asked(month=asked.month, quantity="step_worth", point=point, start=start)
        return _of_point(case, of, sums, following, then, deeper)

    return Step(
        what=where, value=total, unit="zł", how=tuple(how), parts=listed(view, known, "zł", make), ask=asked.query()
    )


def _about(asked: Asked) -> dict[str, Fact]:
    found: dict[str, Fact] = {"start_at": at_text(asked.start or 0)}
    return found | ({"point": asked.point} if asked.point else {})


def _facts(case: Case, sums: Sums, following: Next) -> dict[str, Fact]:
    off, _ = step_of(case, *ratio(case, sums))
    return {"off_pct": str(5 * off), "then_pct": str(5 * following.off), "missing_wh": following.missing_wh}


def _base_then(case: Case, sums: Sums, start: int, missing_wh: int) -> dict[str, int]:
    """What of each point's energy would have had relief, had so much more been injected; shared out anew."""
    covered = min(sums.res_wh + missing_wh, sums.drawn_wh)
    entitled = {point: wh for point, wh in sums.drawn.items() if not hindrances(case, point, start)}
    if case.settings.tier_base == "all_drawn":
        return entitled
    if case.settings.forfeited == "redistributed":
        weights = {point: wh for point, wh in entitled.items() if wh}
        total = min(covered, sum(weights.values()))
        return {point: portion(point, weights, total).wh for point in weights}
    return {point: portion(point, sums.drawn, covered).wh for point in entitled}


def _base_now(case: Case, row: Row, then: dict[str, int]) -> int:
    if case.settings.tier_base == "all_drawn":
        return then.get(row["point"], 0)
    return row["relieved_wh"] or 0


def _more(case: Case, row: Row, sums: Sums, following: Next, then: dict[str, int]) -> int:
    """Twentieths of Wh without charge that would have been added."""
    off, _ = step_of(case, *ratio(case, sums))
    return then.get(row["point"], 0) * following.off - _base_now(case, row, then) * off


def _rates(case: Case, point: str, start: int) -> list[tuple[str, Row | None]]:
    tariff = case.point_at(point, start)["tariff"] or ""
    return [(name, priced(case, point, tariff, name, [start])[0].rate) for name in _REDUCED]


def _gain(case: Case, row: Row, sums: Sums, following: Next, then: dict[str, int]) -> Fraction | None:
    more = _more(case, row, sums, following, then)
    if not more:
        return Fraction(0)
    rates = [rate for _, rate in _rates(case, row["point"], _start(row))]
    if any(rate is None for rate in rates):
        return None
    return sum((more * Fraction(rate["zl_per_kwh"]) for rate in rates if rate), Fraction(0)) / _DIVISOR


def _start(row: Row) -> int:
    return int(row["start"].timestamp())


def _of_point(case: Case, asked: Asked, sums: Sums, following: Next, then: dict[str, int], view: View) -> Step:
    start, point = asked.start or 0, asked.point
    what = named("point_hour", "step_worth", _about(asked))
    row = case.share(point, start)
    if row is None:
        return Step(what=what, unit="zł", how=(Said("rule.nothing_in_hour"),), ask=asked.query())
    gain = _gain(case, row, sums, following, then)
    facts = _facts(case, sums, following)
    facts |= {"base_wh": _base_now(case, row, then), "base_then_wh": then.get(point, 0)}
    how = [Said("rule.step_worth_point", facts)]
    if gain is None:
        how.append(Said("rule.no_rate"))
    for name, rate in _rates(case, point, start):
        if rate is not None:
            how.append(
                Said("rule.step_worth_rate", {"component_key": f"component.{name}", "rate_num": rate["zl_per_kwh"]})
            )
    below: tuple[Step, ...] = ()
    if view.depth > 0:
        of = Asked(month=asked.month, quantity="relieved", point=point, start=start)
        below = (point_hour(case, of, view.deeper),)
    return Step(
        what=what,
        value=None if gain is None else exact.text(gain),
        unit="zł",
        how=tuple(how),
        parts=below,
        ask=asked.query(),
    )
