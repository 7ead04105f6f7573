"""What all values of a file tell together: netting that doesn't add up, days that aren't whole or nothing but zeros.

Source of the identity: netted drawn - netted injected = raw drawn - raw injected, hour by hour at one point.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

from central.imports.found import NETTED, RAW, WHOLE, Found
from central.imports.klaster_csv import local_day
from metering.period import day_start

_HOUR_S = 3600


def scrutinise(found: Found) -> None:
    """Note what is remarkable; no value is changed."""
    _netting(found)
    _days(found)
    _estimates(found)


def _netting(found: Found) -> None:
    hours: dict[tuple[str, int], dict[tuple[str, str], Decimal]] = defaultdict(dict)
    lines: dict[tuple[str, int], int] = {}
    if not any(one.kind == NETTED for one in found.values):
        return
    for one in found.values:
        if one.length == _HOUR_S and one.kind in {RAW, NETTED}:
            hours[one.point, one.start][one.kind, one.direction] = Decimal(one.wh)
            lines.setdefault((one.point, one.start), one.line)
    for (point, start), wh in hours.items():
        drawn, injected = wh.get((NETTED, "drawn")), wh.get((NETTED, "injected"))
        if drawn is None or injected is None:
            continue
        line = lines[point, start]
        if drawn and injected:
            found.doubt(f"point {point}: hours whose netted drawn and injected are both above zero", line)
        raw_drawn, raw_injected = wh.get((RAW, "drawn")), wh.get((RAW, "injected"))
        if raw_drawn is not None and raw_injected is not None and drawn - injected != raw_drawn - raw_injected:
            found.doubt(f"point {point}: hours whose netted values aren't their registers' difference", line)


def _estimates(found: Found) -> None:
    words = Counter(one.word for one in found.values if one.quality == "estimated")
    for word, count in words.items():
        said = f" (status {word[:40]!r})" if word else ""
        found.note(f"{count} value{'s are estimates' if count > 1 else ' is an estimate'} of the operator{said}", WHOLE)


def _days(found: Found) -> None:
    days: dict[tuple[str, str, str], dict[tuple[int, int], list[bool]]] = defaultdict(lambda: defaultdict(list))
    for one in found.values:
        days[one.point, one.direction, one.kind][local_day(one.start), one.length].append(one.wh == "0")
    for (point, direction, kind), by_day in days.items():
        what = f"point {point}, {direction} ({kind})"
        short = [key for key, zeros in by_day.items() if len(zeros) != _periods(*key)]
        if short:
            first = min(short)
            count = f"{len(by_day[first])} of {_periods(*first)}"
            which = f"{'the first ' if len(short) > 1 else ''}{date.fromordinal(first[0])}"
            found.note(f"{what}: days that aren't whole: {len(short)}, {which} has {count}", WHOLE)
        # Netted, a day on which more was injected than drawn in each hour is one of zeros by its nature.
        other = days.get((point, "injected", kind), {}) if (direction, kind) == ("drawn", "netted") else {}
        silent = [key[0] for key, zeros in by_day.items() if all(zeros) and all(other.get(key, ()))]
        if silent:
            said = f"days of nothing but zeros: {len(silent)}, the first {date.fromordinal(min(silent))}"
            # A plant injects nothing on a dark day; a point that draws nothing for a day is worth a look.
            (found.doubt if direction == "drawn" else found.note)(f"{what}: {said}; they are kept", WHOLE)


def _periods(day: int, length: int) -> int:
    start, end = (day_start(date.fromordinal(one)).timestamp() for one in (day, day + 1))
    return int(end - start) // length


def count_by_series(found: Found) -> Counter[tuple[str, str, str]]:
    """How many values of each point, direction and kind."""
    return Counter((one.point, one.direction, one.kind) for one in found.values)
