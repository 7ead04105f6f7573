"""The zone of each period, by the calendars of the table ``zones``; see ``central.zones.calendar``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from central.free_days import free_days
from central.grid import Bools, Ints
from central.local_days import LocalDays
from central.zones.calendar import DAYS, Calendar, Window, days_of, plan_of


@dataclass(frozen=True, slots=True)
class LocalHours:
    """Where some periods are on the calendar of Europe/Warsaw; (T,) each."""

    month: Ints
    """0 to 11."""
    weekday: Ints
    """0 is Monday."""
    free: Bools
    """Whether the day is free from work by law, Sundays aside."""
    hour: Ints

    @classmethod
    def of_periods(cls, starts: Ints) -> LocalHours:
        """Of periods that follow one another."""
        length_s = int(starts[1] - starts[0]) if len(starts) > 1 else 3600
        days = LocalDays.of_periods(starts, length_s)
        month = np.array([day.month - 1 for day in days.days], dtype=np.int64)
        weekday = np.array([day.weekday() for day in days.days], dtype=np.int64)
        free = np.array([day in free_days(day.year) for day in days.days], dtype=np.bool_)
        return cls(month[days.of], weekday[days.of], free[days.of], days.slot * length_s // 3600)


@dataclass(frozen=True, slots=True)
class Zoned:
    """(T,) each period's zone by one tariff's calendars; an empty name where no calendar tells."""

    names: npt.NDArray[np.str_]
    statuses: npt.NDArray[np.str_]


class Zones:
    """The calendars of a table, for the periods of one settlement."""

    def __init__(self, table: pa.Table | None, starts: Ints) -> None:
        """``table`` is one of ``central.tables.ZONES``; none has no calendar."""
        self._starts = starts
        self._when = LocalHours.of_periods(starts)
        self._rows: dict[tuple[object, ...], list[dict[str, Any]]] = {}
        for row in table.to_pylist() if table is not None else []:
            key = (row["tariff"], row["dso"] or "", row["valid_from"], row["valid_to"])
            self._rows.setdefault(key, []).append(row)

    def of(self, tariff: str, operators: Sequence[tuple[str, Bools]]) -> Zoned:
        """The zone of each period for a tariff; ``operators`` are keys of operators, and when each one operates.

        A calendar of the operator beats one of all operators.
        """
        names = np.full(len(self._starts), "", dtype=object)
        statuses = np.full(len(self._starts), "", dtype=object)
        mine = [(key, rows) for key, rows in self._rows.items() if key[0] == tariff]
        for (_, dso, first, last), rows in sorted(mine, key=lambda item: str(item[0][1])):
            there = _within(self._starts, first, last)
            if dso:
                operated = [when for name, when in operators if name == dso_key(str(dso))]
                there &= np.any(operated, axis=0) if operated else False
            found = zone_of_each([_window(row) for row in rows], self._when)
            names[there], statuses[there] = found[there], rows[0]["status"]
        return Zoned(names.astype(str), statuses.astype(str))


def zone_of_each(windows: Sequence[Window], when: LocalHours) -> npt.NDArray[Any]:
    """(T,) the name of each period's zone; empty where the windows name none, or two."""
    plan, frees = plan_of(windows)
    names = np.array([*dict.fromkeys(window.zone for window in windows), "", ""], dtype=object)
    kind = np.where(when.free, DAYS.index("free"), when.weekday) if frees else when.weekday
    # NONE and TWICE reach the two empty names from the end.
    found: npt.NDArray[Any] = names[plan[when.month, kind, when.hour]]
    return found


@lru_cache(maxsize=4096)
def dso_key(name: str) -> str:
    """An operator's name as it is compared: without case, dots and the form of the company."""
    words = name.casefold().replace(".", "").replace("-", " ").split()
    text = " ".join(words)
    for form in (" sp z oo", " sp z o o", " spółka akcyjna", " sa"):
        text = text.removesuffix(form)
    return text


def window_row(window: Window) -> dict[str, str]:
    """A window as it stands in the table."""
    return {
        "zone": window.zone,
        "months": ",".join(map(str, window.months)),
        "days": ",".join(days_of(window)) if window.days else "",
        "hours": ",".join(window.hours),
    }


def calendar_rows(calendar: Calendar) -> list[dict[str, object]]:
    """A calendar's rows of the table, without cluster and validity."""
    about = {"tariff": calendar.tariff, "dso": calendar.dso, "source": calendar.source, "status": calendar.status}
    about["decision_no"] = calendar.decision_no
    return [{**about, **window_row(window)} for window in calendar.windows]


def _window(row: dict[str, Any]) -> Window:
    def words(name: str) -> tuple[str, ...]:
        return tuple(row[name].split(",")) if row[name] else ()

    return Window(zone=row["zone"], months=tuple(map(int, words("months"))), days=words("days"), hours=words("hours"))


def _within(starts: Ints, first: Any, last: Any) -> Bools:
    begin = -np.inf if first is None else first.timestamp()
    end = np.inf if last is None else last.timestamp()
    inside: Bools = (starts >= begin) & (starts < end)
    return inside
