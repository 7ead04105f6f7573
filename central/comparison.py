"""The cluster's own stands and the operator's values side by side: by point and direction, day and period.

Where the operator's values are netted, so are one's own for the comparison: drawn and injected are netted in each
period. A difference is the operator's value minus one's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.books import Settled
from central.grid import Bools, Ints, seconds
from central.imports.klaster_csv import local_day
from central.tables import INSTANT
from metering.period import Month, local_text, utc_text

_WAYS: Final = ("drawn", "injected")
_QUARTER_S: Final = 900
_SHIFT: Final = 34
"""Seconds since 1970 are below 2^34."""


@dataclass(frozen=True, slots=True)
class _Own:
    """One's own values of the month, ordered by key: series and start."""

    key: Ints
    wh: Ints
    series: Bools
    """Which series have any."""

    def at(self, series: Ints, start: Ints) -> tuple[Bools, Ints]:
        """Whether there is a value, and which."""
        key = (series << _SHIFT) + start
        place = np.minimum(np.searchsorted(self.key, key), max(len(self.key) - 1, 0))
        if not len(self.key):
            return np.zeros(len(key), dtype=np.bool_), np.zeros(len(key), dtype=np.int64)
        return self.key[place] == key, self.wh[place]


@dataclass(frozen=True, slots=True)
class _Both:
    """The periods for which both sources have a value, ordered by series and start."""

    series: Ints
    start: Ints
    own: Ints
    operator: Ints
    file: Ints
    netted: Bools
    differs: Bools

    @property
    def difference(self) -> Ints:
        """Operator minus own."""
        return self.operator - self.own


def compare(settled: Settled, tolerance_wh: int, *, periods: bool = True) -> dict[str, Any]:
    """Differences by point and direction as plain values; a period differs if by more than ``tolerance_wh`` Wh.

    ``periods``: whether each differing period is told, and not days alone.
    """
    about = {
        "cluster": settled.cluster.name,
        "month": str(settled.month),
        "tolerance_wh": tolerance_wh,
        "precedence": settled.cluster.settings.precedence,
        "rounding": settled.rounding,
    }
    return about | side_by_side(settled.own, settled.operator, settled.month, tolerance_wh, periods=periods)


def side_by_side(
    own_table: pa.Table, operator: pa.Table, month: Month, tolerance_wh: int, *, periods: bool = True
) -> dict[str, Any]:
    """The same of a month's tables: own energies (``METERED``), operators' (``OPERATED``)."""
    names = sorted(
        {name for one in (own_table, operator) for name in pc.unique(one["point"].cast(pa.string())).to_pylist()}
    )
    first, last = (pa.scalar(at, INSTANT) for at in (month.start, month.end))
    start = own_table["start"]
    own = _own(own_table.filter(pc.and_(pc.greater_equal(start, first), pc.less(start, last))), names)
    series, start_s = _series(operator, names), seconds(operator["start"])
    known, value = _own_values(own, series, start_s, operator["netted"].to_numpy())
    both = _both(operator, series, start_s, known, value, tolerance_wh)
    count = 2 * len(names)
    in_both, theirs = (np.bincount(one, minlength=count) for one in (both.series, series))
    mine = own.key >> _SHIFT
    told = {
        "both": in_both,
        "only_own": np.bincount(mine[~np.isin(own.key, (series << _SHIFT) + start_s)], minlength=count),
        "only_operator": theirs - in_both,
        "differing": np.bincount(both.series[both.differs], minlength=count),
        "own_wh": _sums(both.series, both.own, count),
        "operator_wh": _sums(both.series, both.operator, count),
        "difference_wh": _sums(both.series, both.difference, count),
        "netted": np.bincount(both.series[both.netted], minlength=count) > 0,
    }
    days = _days(both)
    differing = _differing(both) if periods else {}
    points = [
        _point(names[place // 2], _WAYS[place % 2], {name: one[place].item() for name, one in told.items()})
        | {"days": days.get(place, [])}
        | ({"periods": differing.get(place, [])} if periods else {})
        for place in np.flatnonzero(np.bincount(mine, minlength=count) + theirs).tolist()
    ]
    return {"points": points, "compared": len(both.series), "differing": int(both.differs.sum())}


def _point(point: str, direction: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Sums over nothing are no sums."""
    unknown = () if told["both"] else ("own_wh", "operator_wh", "difference_wh")
    return {"point": point, "direction": direction, **told, **dict.fromkeys(unknown)}


def _series(table: pa.Table, names: list[str]) -> Ints:
    """Each row's point and direction as one number."""
    place, way = (
        pc.index_in(table[column].cast(pa.string()), value_set=pa.array(words, pa.string())).to_numpy().astype(np.int64)
        for column, words in (("point", names), ("direction", _WAYS))
    )
    found: Ints = 2 * place + way
    return found


def _own(table: pa.Table, names: list[str]) -> _Own:
    series = _series(table, names)
    key = (series << _SHIFT) + seconds(table["start"])
    order = np.argsort(key, kind="stable")
    return _Own(key[order], table["wh"].to_numpy()[order], np.bincount(series, minlength=2 * len(names)) > 0)


def _own_values(own: _Own, series: Ints, start: Ints, netted: Bools) -> tuple[Bools, Ints]:
    """One's own value beside each of the operator's: netted where that one is, and both directions are measured."""
    known, value = own.at(series, start)
    pairs = netted & own.series[series ^ 1]
    other_known, other = own.at(series ^ 1, start)
    return known & (~pairs | other_known), np.where(pairs, np.maximum(value - other, 0), value)


def _both(table: pa.Table, series: Ints, start: Ints, known: Bools, own: Ints, tolerance_wh: int) -> _Both:
    chosen = np.flatnonzero(known)
    chosen = chosen[np.lexsort((start[chosen], series[chosen]))]
    operator = table["wh"].to_numpy()[chosen]
    return _Both(
        series=series[chosen],
        start=start[chosen],
        own=own[chosen],
        operator=operator,
        file=table["file"].to_numpy()[chosen],
        netted=table["netted"].to_numpy()[chosen],
        differs=np.abs(operator - own[chosen]) > tolerance_wh,
    )


def _sums(place: Ints, wh: Ints, count: int) -> Ints:
    """Exact sums by place."""
    found = np.zeros(count, dtype=np.int64)
    np.add.at(found, place, wh)
    return found


def _days(both: _Both) -> dict[int, list[dict[str, Any]]]:
    """By series, its days with a differing period: whole."""
    if not len(both.start):
        return {}
    quarter = both.start // _QUARTER_S
    day_of = {at: local_day(at * _QUARTER_S) for at in range(int(quarter.min()), int(quarter.max()) + 1)}
    day = np.array(list(day_of.values()), dtype=np.int64)[quarter - quarter.min()]
    keys, of_day = np.unique((both.series << 22) + day, return_inverse=True)
    told = {
        "own_wh": _sums(of_day, both.own, len(keys)),
        "operator_wh": _sums(of_day, both.operator, len(keys)),
        "difference_wh": _sums(of_day, both.difference, len(keys)),
        "differing": np.bincount(of_day[both.differs], minlength=len(keys)),
    }
    found: dict[int, list[dict[str, Any]]] = {}
    for i in np.flatnonzero(told["differing"]).tolist():
        series, ordinal = divmod(int(keys[i]), 2**22)
        row = {"day": date.fromordinal(ordinal).isoformat()} | {name: one[i].item() for name, one in told.items()}
        found.setdefault(series, []).append(row)
    return found


def _differing(both: _Both) -> dict[int, list[dict[str, Any]]]:
    """By series, its periods that differ."""
    found: dict[int, list[dict[str, Any]]] = {}
    named: dict[int, tuple[str, str]] = {}
    columns = (both.series, both.start, both.own, both.operator, both.difference, both.file)
    for series, at, own, operator, difference, file in zip(
        *(one[both.differs].tolist() for one in columns), strict=True
    ):
        if at not in named:
            there = datetime.fromtimestamp(at, UTC)
            named[at] = utc_text(there), local_text(there)
        row = {
            "start": named[at][0],
            "local": named[at][1],
            "own_wh": own,
            "operator_wh": operator,
            "difference_wh": difference,
            "file": file,
        }
        found.setdefault(series, []).append(row)
    return found
