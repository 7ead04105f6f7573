"""Energa-Operator, "Mój licznik": the portal's JSON answer, one meter, direction and day. Raw, in kWh.

Evidence: recorded answers and several parsers. ``tm`` is the hour's start in milliseconds since 1970: unambiguous on
every day. An hour's energy is the sum of its zones; a zero that is estimated and not complete is a placeholder.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from central.imports.amounts import plain_text, wh_of
from central.imports.found import UNSTATED, BadCellError, Found, Given, Value
from central.imports.points import given_direction, given_point, must_agree
from metering.point import Direction

NAME, TITLE = "energa-json", "Energa-Operator, Mój licznik JSON"
_HOUR_MS = 3_600_000
_LATEST_MS = 7_258_118_400_000
"""The year 2200."""
_OBJECTS = {"1-0:1.8.0*255": Direction.DRAWN.value, "1-0:2.8.0*255": Direction.INJECTED.value}


def is_it(answer: object) -> bool:
    """Whether a JSON document is one."""
    response = answer.get("response") if isinstance(answer, dict) else None
    return isinstance(response, dict) and isinstance(response.get("mainChart"), list)


def read(answer: Any, given: Given) -> Found:
    """Its values; ``line`` is a point's place in the list.

    Raises:
        NotReadError: the point must be given, or the direction where the answer doesn't say it.
    """
    found = Found(NAME, TITLE)
    response = answer["response"]
    point = given_point(given)
    named = response.get("meterObject")
    if named is None:
        direction = given_direction(given, "it is in the portal's request alone")
    elif named in _OBJECTS:
        direction = _OBJECTS[named]
        must_agree(direction, given.direction, "direction")
    else:
        found.refuse(1, f"meterObject {str(named)[:40]!r} is neither 1.8.0 nor 2.8.0")
        return found
    if response.get("unit", "kWh") != "kWh":
        found.refuse(1, f"unit {str(response['unit'])[:20]!r}: expected kWh")
        return found
    seen: dict[int, str] = {}
    for line, one in enumerate(response["mainChart"], 1):
        try:
            _take(one, line, point, direction, seen, found)
        except ValueError as error:
            found.refuse(line, str(error))
    return found


def _take(one: Any, line: int, point: str, direction: str, seen: dict[int, str], found: Found) -> None:
    if not isinstance(one, dict) or not isinstance(one.get("zones"), list):
        raise BadCellError("isn't an hour with zones")
    at = str(one.get("tm"))
    if not (at.isascii() and at.isdigit()) or int(at) % _HOUR_MS or not 0 < int(at) < _LATEST_MS:
        raise ValueError(f"tm {at[:40]!r} isn't the start of an hour in ms since 1970")
    zones = [zone for zone in one["zones"] if zone is not None]
    try:
        wh = sum((wh_of(_number(zone), "kWh", ".") for zone in zones), Decimal(0))
    except ValueError as error:
        raise ValueError(f"zones {error}") from None
    estimated, complete = one.get("est"), one.get("cplt")
    if not zones or (not wh and estimated is True and complete is False):
        found.missing += 1
        return
    if complete is False:
        found.note("hours that aren't complete yet (cplt is false)", line)
    word = f"est={str(estimated).lower()} cplt={str(complete).lower()}"
    quality = "estimated" if estimated is True else "measured" if estimated is False and complete is True else UNSTATED
    start = int(at) // 1000
    if start in seen:
        if seen[start] != plain_text(wh):
            raise ValueError(f"{plain_text(wh)} Wh, but the hour stands already with {seen[start]} Wh")
        found.note("a value stands twice; the same is taken once", line)
        return
    seen[start] = plain_text(wh)
    found.values.append(Value(point, direction, "raw", start, 3600, plain_text(wh), quality, word, line))


def _number(zone: object) -> str:
    """A JSON number's own digits (it is decoded as a decimal)."""
    if isinstance(zone, bool) or not isinstance(zone, (int, Decimal)):
        raise BadCellError(f"{str(zone)[:40]!r} isn't a number")
    return format(Decimal(zone), "f")
