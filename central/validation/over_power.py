"""``over_power``: more energy in a period than the point's connection can carry."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from central.finding import Finding
from central.grid import Ints
from central.reports.note import Note
from central.sentence import sentence
from central.sentence import way as way_of
from central.series import Series
from central.stretches import hours, of_month, told


def check(series: Series) -> Iterator[Finding]:
    """Drawn against the contracted power, injected against the installed power; only where the cluster file has it."""
    for way, watts, name in (
        (series.drawn, _contracted(series), "contracted"),
        (series.injected, _installed(series), "installed"),
    ):
        # Compared as whole numbers: Wh × 3600 s × 100 against W × s × percent.
        allowed = watts * series.length_s * series.limits.over_power_pct
        over = way.known & (watts > 0) & (way.wh * 360_000 > allowed)
        for one in of_month(series, over):
            inside = way.wh[one.first : one.last, one.p]
            worst = one.first + int(inside.argmax())
            limit = int(np.broadcast_to(allowed, over.shape)[worst, one.p]) // 360_000
            kw = int(np.broadcast_to(watts, over.shape)[worst, one.p]) / 1000
            yield told(
                series,
                "over_power",
                one,
                way.direction,
                value=int(inside.max()),
                limit=limit,
                text=sentence(
                    f"findings.over_power.{name}",
                    "{direction}: {hours}, up to {wh_num} Wh in one; "
                    f"{{kw_num}} kW {name} and {{pct_num}} % of it allow {{limit_num}} Wh",
                    direction=way_of(way.direction),
                    hours=hours(series, len(inside)),
                    wh_num=int(inside.max()),
                    kw_num=f"{kw:g}",
                    pct_num=series.limits.over_power_pct,
                    limit_num=limit,
                ),
                way_out=Note(
                    f"findings.over_power_way.{name}",
                    f"look at the meter's multiplier and unit, or correct the {name} power in the cluster file",
                ),
            )


def _contracted(series: Series) -> Ints:
    return np.array([[one.contracted_w for one in series.facts]], dtype=np.int64)


def _installed(series: Series) -> Ints:
    """(T, P) what is valid at the time; where nobody said, 0."""
    watts = np.zeros((len(series.starts), len(series.points)), dtype=np.int64)
    for p, facts in enumerate(series.facts):
        for power in facts.installed:
            watts[:, p] += np.where((series.starts >= power.first) & (series.starts < power.last), power.watts, 0)
    return watts
