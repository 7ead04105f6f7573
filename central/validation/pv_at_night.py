"""``pv_at_night``: photovoltaics that inject while the sun is far below the horizon."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from central.finding import Finding
from central.sentence import counted, sentence
from central.series import Series
from central.stretches import Stretch, stretches, told
from central.sun import is_night


def check(series: Series) -> Iterator[Finding]:
    """Only where nothing else can inject; nights that follow one another are one finding."""
    limits, way = series.limits, series.injected
    place = (
        None
        if limits.latitude is None or limits.longitude is None
        else (float(limits.latitude), float(limits.longitude))
    )
    night = is_night(series.starts, series.length_s, limits.night_deg, place)
    if not night.any():
        return
    only_pv = np.array([one.only_pv for one in series.facts], dtype=np.bool_)
    limit = limits.night_wh * series.length_s // 3600
    lit = night[:, None] & way.known & only_pv & (way.wh > limit)
    chosen = np.flatnonzero(night)
    edges = np.flatnonzero(np.diff(chosen) > 1) + 1
    firsts = chosen[np.concatenate([[0], edges])]
    lasts = chosen[np.concatenate([edges - 1, [len(chosen) - 1]])] + 1
    nights = np.maximum.reduceat(lit[chosen], np.concatenate([[0], edges]), axis=0)
    for p, first, last in stretches(nights):
        rows = np.flatnonzero(lit[firsts[first] : lasts[last - 1], p]) + int(firsts[first])
        one = Stretch(p, int(rows[0]), int(rows[-1]) + 1)
        if one.first >= series.month.stop or one.last <= series.month.start:
            continue
        wh = way.wh[rows, p]
        yield told(
            series,
            "pv_at_night",
            one,
            way.direction,
            value=int(wh.max()),
            limit=limit,
            text=sentence(
                "findings.pv_at_night",
                "injected {wh_num} Wh in {nights}, up to {most_num} Wh in one period, with the sun below {deg_num}°; "
                "above {limit_num} Wh it is doubted",
                wh_num=int(wh.sum()),
                nights=counted("findings.nights", last - first, "night", "nights"),
                most_num=int(wh.max()),
                deg_num=limits.night_deg,
                limit_num=limit,
            ),
            way_out="look at the clock and at what else is behind the point: a storage, another source, a wrong meter",
        )
