"""Pkt 1: of what is generated and injected into the grid in the cluster, at least 30 % (50 %) is renewable.

Injected, not gross. The law names no period: the setting ``res_share_period``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction

from central.conditions.condition import Between, Condition, Need, State, Trend, at_least
from central.conditions.hours import Hours
from central.conditions.rules import Rules
from central.reports.note import Note, said
from metering.point import Source

_WH_PER_KWH = 1000
_NOTHING_MORE = (Fraction(0), Fraction(0))
_NOTHING = said("conditions.nothing_injected", "nothing was injected, or nothing of it is known")
_SO_FAR = said("conditions.basis.so_far", "the rest as it has been so far")
_YEAR_BEFORE = said("conditions.basis.year_before", "the rest as it was a year before")


def res_share(
    hours: Hours,
    rules: Rules,
    until: datetime,
    rest: Hours | None,
    full_load_hours: dict[Source, Fraction],
    missing: Sequence[Note] = (),
) -> Condition:
    """The share so far in a window that ends ``until``; ``rest``: the hours that the rest of it had a year before."""
    res, other, either = hours.sum("res"), hours.sum("other"), hours.sum("either")
    more = hours.more("res_more"), hours.more("other_more")
    value = share(res, other, either, *more)
    state = at_least(value, rules.res_share)
    threshold = rules.res_share
    beyond = _beyond(res, other, either, threshold)
    exact = _is_known(hours)
    needs = []
    lacking = -beyond / (1 - threshold)
    if state is State.NOT_MET and lacking > 0:
        energy = said("conditions.need.renewable", "renewable energy injected in the same time")
        needs.append(Need(energy, lacking / _WH_PER_KWH, "kWh"))
        needs += [
            Need(_of_kind(kind), lacking / _WH_PER_KWH / flh, "kW")
            for kind, flh in sorted(full_load_hours.items())
            if kind.is_res and flh
        ]
    return Condition(
        rule="res_share",
        article=rules.article(1),
        state=state,
        threshold=threshold,
        value=value,
        margin=Between.just(beyond / _WH_PER_KWH) if exact else None,
        margin_unit="kWh",
        numbers={
            "renewable_wh": _between(res, either, more[0]),
            "other_wh": _between(other, either, more[1]),
            "unknown_origin_wh": Between.just(either),
        },
        missing=missing,
        trend=_trend(res, other, either, rest, rules, until) if exact and len(hours.starts) else None,
        needs=needs,
        notes=() if value else (_NOTHING,),
    )


def _of_kind(kind: Source) -> Note:
    text = f"{kind.value}, injecting all it generates for a year"
    return said("conditions.need.kind_injecting", text, kind_key=f"source.{kind.value}")


def share(
    res: Fraction, other: Fraction, either: Fraction, res_more: Fraction | None, other_more: Fraction | None
) -> Between | None:
    """Between the least and the most that the renewable share can be; None where nothing at all may be injected."""
    worst = None if other_more is None else res + other + either + other_more
    low = Fraction(0) if worst is None or not worst else res / worst
    best = None if res_more is None else res + other + either + res_more
    if best == 0 and worst == 0:
        return None
    high = Fraction(1) if best is None or not best else (res + either + res_more) / best  # type: ignore[operator]
    return Between(low, high)


def _beyond(res: Fraction, other: Fraction, either: Fraction, threshold: Fraction) -> Fraction:
    """Renewable energy beyond what is asked of all that is known to be injected, Wh."""
    return res - threshold * (res + other + either)


def _trend(
    res: Fraction, other: Fraction, either: Fraction, rest: Hours | None, rules: Rules, until: datetime
) -> Trend:
    """The share at the window's end, if the rest of it is as it was a year before, or as it has been so far."""
    threshold = rules.res_share
    beyond = _beyond(res, other, either, threshold)
    # Below: so much renewable, and nothing else. Beyond: so much other, and nothing renewable.
    left = (
        {"renewable_kwh_without_other": -beyond / (1 - threshold) / _WH_PER_KWH}
        if beyond < 0
        else {"other_kwh_without_renewable": beyond / threshold / _WH_PER_KWH}
    )
    value, basis = share(res, other, either, Fraction(0), Fraction(0)), _SO_FAR
    known = (
        rest is not None
        and not rest.sum("either")
        and (rest.more("res_more"), rest.more("other_more")) == _NOTHING_MORE
    )
    if rest is not None and known and len(rest.starts):
        basis = _YEAR_BEFORE
        value = share(res + rest.sum("res"), other + rest.sum("other"), either, Fraction(0), Fraction(0))
    return Trend(basis, until, value, at_least(value, threshold), left)


def _is_known(hours: Hours) -> bool:
    return not hours.sum("either") and (hours.more("res_more"), hours.more("other_more")) == _NOTHING_MORE


def _between(low: Fraction, either: Fraction, more: Fraction | None) -> Between:
    return Between(low, None if more is None else low + either + more)
