"""Tauron eLicznik, the portal's JSON answer: raw hours of one point, which the file doesn't name.

Evidence: recorded answers of 2021 (``dane.chart``, ``dane.OZE``), a parser's code for 2023 on (``data.allData``, whose
rows don't say their direction). Hours end at their number; the second 02 to 03 of October has ``Extra`` = ``T``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from central.imports.amounts import plain_text, wh_of
from central.imports.found import UNKNOWN, UNSTATED, WHOLE, BadCellError, Found, Given
from central.imports.labels import Row
from central.imports.layout import Series
from central.imports.points import given_direction, given_point
from central.imports.reading import Key, take_in

NAME, TITLE = "tauron-json", "Tauron Dystrybucja, eLicznik JSON"
_HOUR_S = 3600


def is_it(answer: object) -> bool:
    """Whether a JSON document is one."""
    return _old(answer) is not None or _new(answer) is not None


def read(answer: Any, given: Given) -> Found:
    """Its values; ``line`` is a row's place in its list.

    Raises:
        NotReadError: point or direction must be given.
    """
    found = Found(NAME, TITLE)
    point = given_point(given)
    series: dict[Key, list[Row]] = {}
    if (old := _old(answer)) is not None:
        for name, direction in (("chart", "drawn"), ("OZE", "injected")):
            rows = _rows(_listed(old.get(name)), found)
            series[point, Series(direction)] = rows  # type: ignore[arg-type]  # one of the two
    elif (new := _new(answer)) is not None:
        direction = given_direction(given, "the portal is asked for one at a time")
        if new.get("allData") is None:
            found.note("the portal gave no rows (allData is null): the days are missing", WHOLE)
        series[point, Series(direction)] = _rows(_listed(new.get("allData")), found)  # type: ignore[arg-type]
    take_in({key: rows for key, rows in series.items() if rows}, _HOUR_S, found)
    return found


def _old(answer: object) -> Mapping[str, Any] | None:
    data = answer.get("dane") if isinstance(answer, dict) else None
    return data if isinstance(data, dict) and ("chart" in data or "OZE" in data) else None


def _new(answer: object) -> Mapping[str, Any] | None:
    data = answer.get("data") if isinstance(answer, dict) else None
    return data if isinstance(data, dict) and "allData" in data else None


def _listed(rows: object) -> list[Any]:
    """A list, or an object of rows."""
    return list(rows.values()) if isinstance(rows, dict) else rows if isinstance(rows, list) else []


def _rows(raw: Iterable[Any], found: Found) -> list[Row]:
    rows = []
    for line, one in enumerate(raw, 1):
        if one is None:
            found.note("the portal gave null for a row: its hour is missing", line)
            continue
        try:
            rows.append(_row(line, one, found))
        except ValueError as error:
            found.refuse(line, str(error))
    return rows


def _row(line: int, one: Any, found: Found) -> Row:
    if not isinstance(one, dict):
        raise BadCellError("isn't an object")
    day = date.fromisoformat(str(one.get("Date"))[:10])
    hour = str(one.get("Hour"))
    if not (hour.isascii() and hour.isdigit() and 1 <= int(hour) <= 24):
        raise ValueError(f"Hour {hour[:20]!r}: expected 1 to 24")
    extra = one.get("Extra")
    if extra not in {"N", "T", None}:
        raise ValueError(f"Extra {str(extra)[:20]!r}: expected N or T")
    amount = one.get("EC")
    try:
        wh = None if amount in {None, ""} else plain_text(wh_of(str(amount), "kWh", "."))
    except ValueError as error:
        raise ValueError(f"EC {str(amount)[:40]!r} {error}") from None
    status = one.get("Status")
    quality, word = UNSTATED, "" if status is None else str(status)
    if status is None and wh is not None:
        found.note("Status is null: values that aren't final yet", line)
        quality = UNKNOWN
    elif word != "0":
        found.unknown_status(word, line)
        quality = UNKNOWN
    return Row(line, day, (int(hour) - 1) * _HOUR_S, "winter" if extra == "T" else "", wh, quality, word)
