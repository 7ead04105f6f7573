"""``submeters``: submeters that count more in a day than the settlement meter leaves for what is behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from central.day_sums import day_sums, days_beyond, days_text
from central.finding import Finding
from central.grid import Bools, Ints
from central.sentence import sentence
from central.series import Series
from central.stretches import told
from metering.point import Direction, Role

_Behind = tuple[dict[int, Ints], dict[int, tuple[Ints, Ints]], int]
"""Of one role and direction: the meters declared, what they counted, and its sign in what was used."""


def check(series: Series) -> Iterator[Finding]:
    """Used behind the point: drawn − injected + generated + discharged − charged. Only days of which all is known."""
    limits = series.limits
    counted = series.behind(Role.SUBMETER, Direction.DRAWN)
    if not counted:
        return
    others = [
        (series.meters(role), series.behind(role, direction), sign)
        for role, direction, sign in (
            (Role.GENERATION, Direction.INJECTED, 1),
            (Role.STORAGE, Direction.INJECTED, 1),
            (Role.STORAGE, Direction.DRAWN, -1),
        )
    ]
    for p, meters in series.meters(Role.SUBMETER).items():
        if p not in counted or not series.drawn.declared[p]:
            continue
        used, known = _used(series, p, others)
        count, wh = counted[p]
        known &= (meters > 0) & (count >= meters)
        summed, whole = day_sums(series, wh, known)
        left, _ = day_sums(series, used, known)
        limit = left + np.maximum(np.maximum(left, 0) * limits.submeters_pct // 100, limits.submeters_min_wh)
        for one, days in days_beyond(series, p, summed, limit, whole):
            yield told(
                series,
                "submeters",
                one,
                Direction.DRAWN,
                value=int(summed[days].sum()),
                limit=int(limit[days].sum()),
                text=sentence(
                    "findings.submeters",
                    "{days}: submeters {summed_num} Wh; by the settlement meter {left_num} Wh were used there; above "
                    "{limit_num} Wh it is doubted",
                    days=days_text(days),
                    summed_num=int(summed[days].sum()),
                    left_num=int(left[days].sum()),
                    limit_num=int(limit[days].sum()),
                ),
                way_out="look at the multipliers of both, and whether each submeter is behind this point",
            )


def _used(series: Series, p: int, others: Sequence[_Behind]) -> tuple[Ints, Bools]:
    """(T,) what was used behind a point, and where it is known."""
    used = series.drawn.wh[:, p].copy()
    known = series.drawn.known[:, p].copy()
    if series.injected.declared[p]:
        used -= series.injected.wh[:, p]
        known &= series.injected.known[:, p]
    for meters, counted, sign in others:
        if p in meters:
            count, wh = counted.get(p, (np.zeros_like(used), np.zeros_like(used)))
            used += sign * wh
            known &= count >= meters[p]
    return used, known
