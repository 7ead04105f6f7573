"""``generation``: a point that injects more in a day than was generated and discharged behind it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from central.day_sums import day_sums, days_beyond, days_text
from central.finding import Finding
from central.sentence import sentence
from central.series import Series
from central.stretches import told
from metering.point import Direction, Role


def check(series: Series) -> Iterator[Finding]:
    """Only days of which injection and every generation and storage meter there are known."""
    limits = series.limits
    generated = series.behind(Role.GENERATION, Direction.INJECTED)
    discharged = series.behind(Role.STORAGE, Direction.INJECTED)
    stores = series.meters(Role.STORAGE)
    nothing = np.zeros(len(series.starts), dtype=np.int64)
    for p, meters in series.meters(Role.GENERATION).items():
        count, made = generated.get(p, (nothing, nothing))
        given_count, given = discharged.get(p, (nothing, nothing))
        known = (meters > 0) & (count >= meters) & (given_count >= stores.get(p, nothing))
        known &= series.injected.known[:, p]
        injected, whole = day_sums(series, series.injected.wh[:, p], known)
        behind, _ = day_sums(series, made + given, known)
        limit = behind + np.maximum(behind * limits.generation_pct // 100, limits.generation_min_wh)
        for one, days in days_beyond(series, p, injected, limit, whole):
            yield told(
                series,
                "generation",
                one,
                Direction.INJECTED,
                value=int(injected[days].sum()),
                limit=int(limit[days].sum()),
                text=sentence(
                    "findings.generation",
                    "{days}: {injected_num} Wh injected, {behind_num} Wh generated and discharged; above {limit_num} "
                    "Wh it is doubted",
                    days=days_text(days),
                    injected_num=int(injected[days].sum()),
                    behind_num=int(behind[days].sum()),
                    limit_num=int(limit[days].sum()),
                ),
                way_out="look at the multipliers, and whether a source behind the point has no meter in [[meters]]",
            )
