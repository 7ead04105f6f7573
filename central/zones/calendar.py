"""A calendar of zones as it stands in a file, and as a plan: the zone of every month, kind of day and local hour.

Every hour must be in exactly one zone. Days free from work by law count as a kind of their own (``free``) where a
calendar names them, else as the day of the week that they fall on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from enum import StrEnum

import msgspec
import numpy as np
import numpy.typing as npt

from runtime.config import Problem

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "free")
ALL = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPANS = {"workdays": ALL[:5], "weekend": ALL[5:]}
_FREE = DAYS.index("free")

Plan = npt.NDArray[np.int16]
"""(12, 8, 24) months, kinds of day, hours: the zone's place among the calendar's zones; NONE, or TWICE."""
NONE, TWICE = -1, -2


class CalendarStatus(StrEnum):
    """How far a calendar may be trusted."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    ILLUSTRATIVE = "illustrative"


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """``[[zones.windows]]``: hours that belong to a zone."""

    zone: str
    months: tuple[int, ...] = ()
    """1 to 12; empty: all."""
    days: tuple[str, ...] = ()
    """Of ``DAYS``, ``workdays`` (mon to fri) or ``weekend``; empty: all."""
    hours: tuple[str, ...] = ()
    """Local hours like ``8-11`` (from 8:00 to 11:00) or ``22-6``; empty: all."""


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """``[[zones]]``: the zones of a tariff group, of one operator or of all."""

    tariff: str
    dso: str = ""
    """The operator's name as in the cluster file; empty: any."""
    windows: tuple[Window, ...]
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""
    status: CalendarStatus = CalendarStatus.UNVERIFIED
    decision_no: str = ""
    """Of the decision of the URE's President that approved the tariff."""

    @property
    def zones(self) -> tuple[str, ...]:
        """Names of its zones, in the order of the file."""
        return tuple(dict.fromkeys(window.zone for window in self.windows))


def plan_of(windows: Sequence[Window]) -> tuple[Plan, bool]:
    """The plan of some windows without mistakes, and whether free days are a kind of their own in it."""
    zones = list(dict.fromkeys(window.zone for window in windows))
    plan = np.full((12, len(DAYS), 24), NONE, dtype=np.int16)
    frees = any("free" in window.days for window in windows)
    for window in windows:
        months = [month - 1 for month in window.months or range(1, 13)]
        days = [DAYS.index(day) for day in days_of(window)]
        hours = sorted(set(hours_of(window)))
        where = np.ix_(months, days, hours)
        plan[where] = np.where(plan[where] == NONE, zones.index(window.zone), TWICE)
    if not frees:
        plan[:, _FREE] = NONE
    return plan, frees


def days_of(window: Window) -> list[str]:
    """The kinds of day that a window names."""
    named = [day for word in window.days for day in _SPANS.get(word, (word,))]
    return list(dict.fromkeys(named)) if named else list(DAYS)


def hours_of(window: Window) -> Iterator[int]:
    """The local hours that a window names."""
    for word in window.hours or ("0-24",):
        first, last = map(int, word.split("-"))
        yield from range(first, last) if first < last else (*range(first, 24), *range(last))


def calendar_problems(calendars: Sequence[Calendar], file: str) -> list[Problem]:
    """Words that can't be used, and hours that are in no zone or in two."""
    problems = []
    for i, calendar in enumerate(calendars, 1):
        unfit = list(_word_problems(calendar, f"zones[{i}]", file))
        problems += unfit
        if unfit:
            continue
        plan, frees = plan_of(calendar.windows)
        for month, day, hour in np.argwhere(plan[:, : 8 if frees else 7] < 0)[:1]:
            said = "no zone" if plan[month, day, hour] == NONE else "two zones"
            at = f"month {month + 1}, {DAYS[day]}, {hour}-{hour + 1}"
            expected = f"every hour is in one zone; {at} is in {said}"
            problems.append(Problem(file, f"zones[{i}].windows", f'tariff "{calendar.tariff}"', expected))
    return problems


def _word_problems(calendar: Calendar, key: str, file: str) -> Iterator[Problem]:
    if not calendar.tariff:
        yield Problem(file, f"{key}.tariff", '""', "expected a tariff group")
    if not calendar.windows:
        yield Problem(file, f"{key}.windows", "", "is empty: a calendar needs [[zones.windows]]")
    for j, window in enumerate(calendar.windows, 1):
        where = f"{key}.windows[{j}]"
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", window.zone):
            yield Problem(file, f"{where}.zone", f'"{window.zone[:40]}"', "expected a name like peak or off_peak")
        for month in window.months:
            if not 1 <= month <= 12:
                yield Problem(file, f"{where}.months", str(month), "expected 1 to 12")
        for day in window.days:
            if day not in DAYS and day not in _SPANS:
                expected = f"expected of {', '.join((*DAYS, *_SPANS))}"
                yield Problem(file, f"{where}.days", f'"{day[:40]}"', expected)
        for word in window.hours:
            if not _is_span(word):
                yield Problem(file, f"{where}.hours", f'"{word[:40]}"', 'expected hours like "8-11" or "22-6"')


def _is_span(word: str) -> bool:
    found = re.fullmatch(r"([0-9]{1,2})-([0-9]{1,2})", word)
    if not found:
        return False
    first, last = map(int, found.groups())
    return first <= 23 and last <= 24 and first != last
