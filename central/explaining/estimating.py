"""An estimated energy: the estimate as it was recorded, and how stands made its sum; what became of others."""

from __future__ import annotations

from central.estimate import Estimate
from central.explaining.apportioned import portion
from central.explaining.case import Case, Row, at_text
from central.explaining.lives import Pair
from central.explaining.step import Fact, Said, Step, step
from metering.period import utc_text


def estimated(case: Case, what: Said, row: Row, key: tuple[str, str, int], around: list[Pair]) -> Step:
    """``key`` is point, direction and start; ``around`` are pairs of stands that enclose the period."""
    mine = case.estimated_at(key[2]).get(key[:2])
    if mine is None:
        return Step(what=what, value=str(row["wh"]), unit="Wh", how=(Said("rule.estimated_unknown"),))
    facts: dict[str, Fact] = {"id": f"E{mine['estimate']}", "method_key": f"method.{mine['method']}"}
    recorded, computed = case.evidence.estimate(mine["estimate"]), mine["wh"]
    how = [Said("rule.estimated", facts)]
    if recorded is not None:
        own = dict(zip(recorded.starts, recorded.wh, strict=True)).get(key[2])
        facts |= {"reason": recorded.reason, "by": recorded.by, "made_at": utc_text(recorded.at), "recorded_wh": own}
        facts |= {"since_at": utc_text(recorded.since), "until_at": utc_text(recorded.until)}
        how = [Said("rule.estimated_by", facts)]
        if not mine["proved"]:
            computed = own
    if mine["proved"] and (fitted := _fitted(case, key, around, mine["wh"])) is not None:
        how.append(fitted)
    notes = (Said("note.estimate_proved" if mine["proved"] else "note.estimate_alone"),)
    return step(what, computed, row["wh"], unit="Wh", how=tuple(how), notes=notes)


def _fitted(case: Case, key: tuple[str, str, int], around: list[Pair], counted: int) -> Said | None:
    """How the sum between two stands makes the value; None where it takes more than the month to say so."""
    point, direction, start = key
    for one in sorted(around, key=lambda pair: pair.after.at - pair.before.at):
        periods = range(one.before.at, one.after.at, case.length)
        if periods[0] < case.starts[0] or periods[-1] > case.starts[-1]:
            continue
        measured, weights = 0, {}
        for at in periods:
            row, mine = case.energies_at(at).get((point, direction)), case.estimated_at(at).get((point, direction))
            if mine is None:
                measured += row["wh"] if row else 0
                continue
            recorded = case.evidence.estimate(mine["estimate"])
            weights[str(at)] = dict(zip(recorded.starts, recorded.wh, strict=True)).get(at, 0) if recorded else 0
        left = one.after.multiplied - one.before.multiplied - measured
        got = _share(left, weights, str(start))
        if got == counted:
            facts: dict[str, Fact] = {"since_at": at_text(one.before.at), "until_at": at_text(one.after.at)}
            facts |= {"sum_wh": left + measured, "measured_wh": measured, "left_wh": left, "count_n": len(weights)}
            facts |= {"weight_wh": weights[str(start)], "whole_wh": sum(weights.values())}
            return Said("rule.estimate_fitted", facts)
    return None


def _share(left: int, weights: dict[str, int], start: str) -> int | None:
    if left < 0 or start not in weights:
        return None
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    return portion(start, weights, left).wh


def others(case: Case, key: tuple[str, str, int], *, measured: bool) -> tuple[Said, ...]:
    """What became of estimates of a period in which none counts; ``measured``: there is a measured value."""
    found = []
    for one in case.evidence.estimates_of(*key):
        wh = dict(zip(one.starts, one.wh, strict=True)).get(key[2])
        facts: dict[str, Fact] = {"id": one.id, "method_key": f"method.{one.method}", "wh_wh": wh, "by": one.by}
        if one.undone is not None:
            facts |= {"undone_at": utc_text(one.undone.at), "who": one.undone.by, "reason": one.undone.reason}
            found.append(Said("note.estimate_undone", facts))
        else:
            found.append(Said("note.estimate_overtaken" if measured else "note.estimate_contradicted", facts))
    return tuple(found)


def of_period(estimates: list[Estimate], point: str, direction: str, start: int) -> list[Estimate]:
    """Those with a value for a period, in the order of their numbers."""
    return [
        one
        for one in estimates
        if (one.point, one.direction.value) == (point, direction)
        and one.starts[0] <= start <= one.starts[-1]
        and start in one.starts
    ]
