"""Reading beta of ust. 2 pkt 2: what was generated in each hour, renewable and other, against its deliveries."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from central.conditions.condition import Between, Condition, Need, State
from central.conditions.deliveries import failing, most, short
from central.conditions.hours import OPEN, Hours
from central.conditions.rules import Rules
from central.grid import Bools, Ints
from central.reports.note import Note, said

_WH_PER_KWH = 1000


def beta(hours: Hours, rules: Rules) -> Condition:
    """An hour fails where the most that can have been generated is short of the least that was delivered."""
    least, delivered = hours.generated, most(hours)
    bound = np.where(hours.generated_more == OPEN, OPEN, least + hours.generated_more)
    fails = short(bound, hours.drawn, rules)
    covered = (delivered != OPEN) & ~short(least, delivered, rules)
    known = (hours.drawn_more == 0) & (hours.generated_more == 0)
    state = State.NOT_MET if fails.any() else State.MET if len(covered) and covered.all() else State.NOT_KNOWN
    lacking = _lacking(hours, fails, bound, rules)
    numbers = _with_storage(hours, bound, rules)
    if fails.any():
        numbers["lacking_wh"] = Between.just(sum(lacking, Fraction(0)))
    return Condition(
        rule="beta",
        article=rules.article(2),
        state=state,
        threshold=rules.coverage,
        value=_lowest(hours, bound, delivered),
        margin=Between.just(-max(lacking) / _WH_PER_KWH) if fails.any() else None,
        margin_unit="kWh",
        numbers=numbers,
        missing=() if known.all() and len(known) else (_without(known),),
        failing=failing(hours, fails, covered),
        needs=_needs(lacking) if fails.any() else (),
    )


def _without(known: Bools) -> Note:
    count = int((~known).sum())
    if not count:
        return said("conditions.without.any_hour", "any hour")
    text = f"exact generation or deliveries of {count} hour{'s' * (count > 1)}"
    return said("conditions.without.hours", text, n=count)


def _needs(lacking: list[Fraction]) -> list[Need]:
    """What would have covered the failing hours: by the worst one, and by the longest run of them."""
    worst = run = Fraction(0)
    for one in lacking:
        run = run + one if one else Fraction(0)
        worst = max(worst, run)
    return [
        Need(
            said(
                "conditions.need.worst_hour",
                "more generation in the worst hour, or a storage's discharge if that counts",
            ),
            max(lacking) / _WH_PER_KWH,
            "kW",
        ),
        Need(
            said("conditions.need.storage_run", "of a storage, for the run of hours that lacks most"),
            worst / _WH_PER_KWH,
            "kWh",
        ),
    ]


def _lowest(hours: Hours, bound: Ints, delivered: Ints) -> Between | None:
    """The lowest share of any hour with deliveries: what it is at least, and at most; None where nothing tells."""
    low = _least(hours.generated, delivered, delivered != 0)
    high = _least(bound, hours.drawn, (hours.drawn > 0) & (bound != OPEN))
    if high is None and not low:
        return None
    return Between(low or Fraction(0), high)


def _least(over: Ints, under: Ints, chosen: Bools) -> Fraction | None:
    """The least of the chosen hours' ratios, 0 where ``under`` is open; None where none is chosen."""
    worst: tuple[int, int] | None = None
    for one in zip(over[chosen].tolist(), under[chosen].tolist(), strict=True):
        if one[1] == OPEN:
            return Fraction(0)
        if worst is None or one[0] * worst[1] < worst[0] * one[1]:
            worst = one
    return None if worst is None else Fraction(*worst)


def _lacking(hours: Hours, fails: Bools, generated: Ints, rules: Rules) -> list[Fraction]:
    """What each hour lacks at least, Wh; 0 where it doesn't fail."""
    rows = zip(fails.tolist(), hours.drawn.tolist(), generated.tolist(), strict=True)
    return [rules.coverage * drawn - made if failing else Fraction(0) for failing, drawn, made in rows]


def _with_storage(hours: Hours, bound: Ints, rules: Rules) -> dict[str, Between]:
    """How many hours would fail if what storages give counted; nothing where that isn't known."""
    if (hours.discharged == OPEN).any() or not hours.discharged.any():
        return {}
    together = np.where(bound == OPEN, OPEN, bound + hours.discharged)
    return {"failing_hours_with_storage_discharge": Between.just(int(short(together, hours.drawn, rules).sum()))}
