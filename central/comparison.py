"""The cluster's own stands and the operator's values side by side: by point and direction, day and period.

Where the operator's values are netted, so are one's own for the comparison: drawn and injected are netted in each
period. A difference is the operator's value minus one's own.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any

import msgspec
import pyarrow as pa

from central.books import Settled
from metering.period import WARSAW, local_text, utc_text

_Key = tuple[str, str]
"""Point and direction."""


class Both(msgspec.Struct, frozen=True, kw_only=True):
    """One period for which both sources have a value, Wh."""

    start: datetime
    own: int
    operator: int
    file: int
    netted: bool

    @property
    def difference(self) -> int:
        """Operator minus own."""
        return self.operator - self.own


def compare(settled: Settled, tolerance_wh: int) -> dict[str, Any]:
    """Differences by point and direction as plain values; a period differs if by more than ``tolerance_wh`` Wh."""
    own = _own(settled.own, settled.month.start, settled.month.end)
    theirs: dict[_Key, dict[datetime, dict[str, Any]]] = defaultdict(dict)
    for row in _rows(settled.operator):
        theirs[row["point"], row["direction"]][row["start"]] = row
    series = [
        _series(key, own, theirs[key], tolerance_wh) for key in sorted({*theirs, *_keys(own)}) if key in theirs or own
    ]
    return {
        "cluster": settled.cluster.name,
        "month": str(settled.month),
        "tolerance_wh": tolerance_wh,
        "precedence": settled.cluster.settings.precedence,
        "rounding": settled.rounding,
        "points": series,
        "differing": sum(one["differing"] for one in series),
    }


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _own(table: pa.Table, first: datetime, last: datetime) -> dict[_Key, dict[datetime, int]]:
    found: dict[_Key, dict[datetime, int]] = defaultdict(dict)
    for row in _rows(table):
        if first <= row["start"] < last:
            found[row["point"], row["direction"]][row["start"]] = row["wh"]
    return dict(found)


def _keys(own: dict[_Key, dict[datetime, int]]) -> set[_Key]:
    return {key for key, values in own.items() if values}


def _own_value(own: dict[_Key, dict[datetime, int]], key: _Key, at: datetime, *, netted: bool) -> int | None:
    point, direction = key
    value = own.get(key, {}).get(at)
    other_way = point, "injected" if direction == "drawn" else "drawn"
    if not netted or other_way not in own:
        return value
    other = own[other_way].get(at)
    return None if value is None or other is None else max(value - other, 0)


def _series(
    key: _Key, own: dict[_Key, dict[datetime, int]], theirs: dict[datetime, dict[str, Any]], tolerance_wh: int
) -> dict[str, Any]:
    both: list[Both] = []
    for at, row in sorted(theirs.items()):
        value = _own_value(own, key, at, netted=row["netted"])
        if value is not None:
            both.append(Both(start=at, own=value, operator=row["wh"], file=row["file"], netted=row["netted"]))
    differing = [one for one in both if abs(one.difference) > tolerance_wh]
    shared = {one.start for one in both}
    mine = own.get(key, {})
    return {
        "point": key[0],
        "direction": key[1],
        "netted": any(one.netted for one in both),
        "both": len(both),
        "only_own": sum(at not in theirs for at in mine),
        "only_operator": sum(at not in shared for at in theirs),
        "differing": len(differing),
        "own_wh": sum(one.own for one in both) if both else None,
        "operator_wh": sum(one.operator for one in both) if both else None,
        "difference_wh": sum(one.difference for one in both) if both else None,
        "days": _days(both, differing),
        "periods": [
            {
                "start": utc_text(one.start),
                "local": local_text(one.start),
                "own_wh": one.own,
                "operator_wh": one.operator,
                "difference_wh": one.difference,
                "file": one.file,
            }
            for one in differing
        ],
    }


def _days(both: list[Both], differing: list[Both]) -> list[dict[str, Any]]:
    """The days with a differing period, whole."""
    chosen = {_day(one) for one in differing}
    days: dict[date, list[Both]] = defaultdict(list)
    for one in both:
        if (day := _day(one)) in chosen:
            days[day].append(one)
    counts: dict[date, int] = defaultdict(int)
    for one in differing:
        counts[_day(one)] += 1
    return [
        {
            "day": day.isoformat(),
            "own_wh": sum(one.own for one in rows),
            "operator_wh": sum(one.operator for one in rows),
            "difference_wh": sum(one.difference for one in rows),
            "differing": counts[day],
        }
        for day, rows in sorted(days.items())
    ]


def _day(one: Both) -> date:
    return one.start.astimezone(WARSAW).date()
