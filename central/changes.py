"""What a file would change, or changed: each series of it against the values that counted before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal

import msgspec
import pyarrow as pa

from central.imports.amounts import plain_text
from central.imports.found import Value
from metering.period import WARSAW

_KEY = ("point", "direction", "kind", "start", "length")
_SAID = ("wh", "quality", "word")


class SeriesChange(msgspec.Struct, frozen=True, kw_only=True):
    """One point, direction and kind of a file. Sums are exact decimals in Wh."""

    point: str
    direction: str
    kind: str
    values: int
    first: date
    last: date
    """Local days, both inclusive."""
    wh: str
    new: int
    same: int
    changed: int
    """Values other than those that counted before; ``changed_from_wh`` and ``changed_to_wh`` are their sums."""
    changed_from_wh: str
    changed_to_wh: str
    restated: int
    """Equal values with another status."""
    finer: int
    """Values that aren't whole Wh: kept as they came, rounded only with their period."""


def changes(values: Iterable[Value], before: pa.Table) -> list[SeriesChange]:
    """Compare a file's values with those that count (``central.readings.INTERVALS``)."""
    known = _known(before)
    series: dict[tuple[str, str, str], list[Value]] = {}
    for value in values:
        series.setdefault((value.point, value.direction, value.kind), []).append(value)
    return [_change(key, rows, known) for key, rows in sorted(series.items())]


def _known(before: pa.Table) -> dict[tuple[object, ...], tuple[str, str, str]]:
    start = before["start"].cast(pa.int64()).to_pylist()
    columns = [start if name == "start" else before[name].to_pylist() for name in _KEY]
    said = [before[name].to_pylist() for name in _SAID]
    return dict(zip(zip(*columns, strict=True), zip(*said, strict=True), strict=True))


def _change(
    key: tuple[str, str, str], rows: list[Value], known: Mapping[tuple[object, ...], tuple[str, str, str]]
) -> SeriesChange:
    new = same = changed = restated = 0
    old_sum = new_sum = Decimal(0)
    for row in rows:
        before = known.get(row[:5])
        if before is None:
            new += 1
        elif before == (row.wh, row.quality, row.word):
            same += 1
        elif before[0] == row.wh:
            restated += 1
        else:
            changed += 1
            old_sum += Decimal(before[0])
            new_sum += Decimal(row.wh)
    return SeriesChange(
        point=key[0],
        direction=key[1],
        kind=key[2],
        values=len(rows),
        first=_day(min(row.start for row in rows)),
        last=_day(max(row.start for row in rows)),
        wh=plain_text(sum((Decimal(row.wh) for row in rows), Decimal(0))),
        new=new,
        same=same,
        changed=changed,
        changed_from_wh=plain_text(old_sum),
        changed_to_wh=plain_text(new_sum),
        restated=restated,
        finer=sum("." in row.wh for row in rows),
    )


def _day(start: int) -> date:
    return datetime.fromtimestamp(start, WARSAW).date()
