"""Changed energies as stretches: which point and direction, from when to when, both sums and both sources. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from central.finding import when
from central.register.alignment import Change
from metering.period import utc_text


def reading_rows(changes: Sequence[Change], length: timedelta) -> list[dict[str, Any]]:
    """A row for each stretch of periods that follow one another, with the values of each period."""
    found: dict[tuple[str, ...], dict[datetime, dict[str, list[Any]]]] = {}
    others: list[dict[str, Any]] = []
    for one in changes:
        if "start" not in one.row:
            others.append({**one.row, "column": one.column, "before": one.before, "after": one.after})
            continue
        key = tuple(str(one.row[name]) for name in ("point", "meter", "direction") if name in one.row)
        periods = found.setdefault(key, {}).setdefault(one.row["start"], {})
        periods[one.column] = [one.before, one.after]
    rows = [row for key, periods in sorted(found.items()) for row in _stretches(key, periods, length)]
    return rows + others


def _stretches(
    key: tuple[str, ...], periods: dict[datetime, dict[str, list[Any]]], length: timedelta
) -> Iterator[dict[str, Any]]:
    starts = sorted(at for at, columns in periods.items() if "wh" in columns)
    for _, group in groupby(enumerate(starts), key=lambda one: one[1] - length * one[0]):
        mine = [at for _, at in group]
        values = [periods[at]["wh"] for at in mine]
        row: dict[str, Any] = {"point": key[0], "direction": key[-1]}
        row |= {"meter": key[1]} if len(key) > 2 else {}
        row |= {
            "since": utc_text(mine[0]),
            "until": utc_text(mine[-1] + length),
            "local": f"{when(mine[0])} to {when(mine[-1] + length)}",
            "periods": len(mine),
            "before_wh": _sum([before for before, _ in values]),
            "after_wh": _sum([after for _, after in values]),
            "lacked_before": sum(before is None for before, _ in values),
            "lacks_after": sum(after is None for _, after in values),
        }
        for name in ("quality", "source", "file"):
            words = [periods[at][name] for at in mine if name in periods[at]]
            if words:
                row[name] = {"before": _kinds(one[0] for one in words), "after": _kinds(one[1] for one in words)}
        row["values"] = [
            {"start": utc_text(at), "before_wh": before, "after_wh": after}
            for at, (before, after) in zip(mine, values, strict=True)
        ]
        yield row


def _sum(values: list[int | None]) -> int | None:
    known = [one for one in values if one is not None]
    return sum(known) if known else None


def _kinds(words: Iterator[Any]) -> list[str]:
    return sorted({str(one) for one in words if one is not None})
