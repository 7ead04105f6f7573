"""The PTPiREE text file: one point, direction and day; a value and flag for each period from midnight, no labels.

Evidence: an encyclopaedia's description, one operator's notice, one tool. Lines 2 to 4 and 6 and the checksum's rule
aren't known: they are kept with the file, and no file is refused for them. Whether it is netted isn't known either: it
is taken as the registers. ``+`` is the only flag seen.
"""

from __future__ import annotations

import re
from datetime import date

from central.imports.amounts import plain_text, wh_of
from central.imports.found import UNKNOWN, WHOLE, Found, Given, NotReadError, Value
from central.imports.points import check_digit_note, given_direction, must_agree, point_of
from metering.period import day_start

NAME, TITLE = "ptpiree", "PTPiREE text file"
_HEAD = 6
_DAY = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})")
_VALUE = re.compile(r"[0-9]*\.?[0-9]*,.?")


def is_it(text: str) -> bool:
    """Whether a text is one: a day in line 5, a value with its flag in line 7."""
    lines = text.split("\n", _HEAD + 1)
    return len(lines) > _HEAD and bool(_DAY.fullmatch(lines[4].strip())) and bool(_VALUE.fullmatch(lines[6].strip()))


def read(text: str, given: Given) -> Found:
    """Its values.

    Raises:
        NotReadError: the direction must be given, or the count of values is no local day's.
    """
    found = Found(NAME, TITLE)
    lines = text.rstrip("\r\n").splitlines()
    try:
        point = point_of(lines[0])
    except ValueError as error:
        raise NotReadError(f"line 1: point {lines[0][:40]!r} {error}") from None
    must_agree(point, given.point, "point")
    check_digit_note(point, found, 1)
    direction = given_direction(given, "only its name may: _CP_ is drawn, _CO_ injected")
    found.note("whether its values are netted isn't known: they are taken as the registers", WHOLE)
    day = _day(lines[4].strip())
    start, end = (int(day_start(one).timestamp()) for one in (day, date.fromordinal(day.toordinal() + 1)))
    values = lines[_HEAD:-1]
    if len(values) not in {(end - start) // 3600, (end - start) // 900}:
        raise NotReadError(
            f"{len(values)} values between head and checksum; {day} has {(end - start) // 3600} hours "
            f"or {(end - start) // 900} quarters"
        )
    length = (end - start) // len(values)
    for place, line in enumerate(values):
        number = _HEAD + 1 + place
        amount, _, flag = line.strip().rpartition(",")
        if not amount:
            found.missing += 1
            continue
        try:
            wh = plain_text(wh_of(amount, "kWh", "."))
        except ValueError as error:
            found.refuse(number, f"value {amount[:40]!r} {error}")
            continue
        if flag != "+":
            found.unknown_status(flag, number)
        quality = "measured" if flag == "+" else UNKNOWN
        found.values.append(Value(point, direction, "raw", start + place * length, length, wh, quality, flag, number))
    return found


def _day(text: str) -> date:
    parts = _DAY.fullmatch(text)
    try:
        if parts:
            return date(int(parts[3]), int(parts[2]), int(parts[1]))
    except ValueError:
        pass
    raise NotReadError(f"line 5: {text[:40]!r} isn't a day like 25-10-2026")
