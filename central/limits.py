"""From where on a value is doubted: the cluster file's ``[validation]``, all with defaults (docs/validation.md)."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from runtime.config import Problem, shown

_MOST: Final = 10**12


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Names and values as they stand in ``[validation]``; whole numbers. Wh are of one hour, unless said otherwise."""

    over_power_pct: int = 110
    """What an hour may hold, of the contracted power (drawn) or the installed power (injected)."""
    stuck_h: int = 24
    """A register that counted may stand still for so long …"""
    stuck_times: int = 3
    """… and for so many times its longest rest of the 28 days before."""
    spike_times: int = 5
    """How many times the median of the same hour of like days."""
    spike_min_wh: int = 1000
    both_ways_pct: int = 40
    """The smaller direction, of the greater one …"""
    both_ways_min_wh: int = 500
    both_ways_h: int = 6
    """… and for how many hours on end."""
    no_source_wh: int = 0
    """What a point without a source may inject."""
    night_wh: int = 50
    """What photovoltaics may inject in an hour of night."""
    night_deg: int = -6
    """How high the sun's centre may stand at night (−6: the end of civil twilight)."""
    differs_pct: int = 1
    """Two sources of one hour, of the operator's value …"""
    differs_min_wh: int = 100
    """… and at least."""
    submeters_pct: int = 3
    """A day's submeters beyond what the settlement meter leaves for them …"""
    submeters_min_wh: int = 1000
    """… and at least, in a day."""
    generation_pct: int = 3
    """A day's injection beyond what was generated behind the point …"""
    generation_min_wh: int = 1000
    """… and at least, in a day."""
    latitude: int | Decimal | None = None
    longitude: int | Decimal | None = None
    """Degrees; where neither is given it must be night in all of Poland."""


_RANGES: Final[dict[str, tuple[float, float]]] = {
    "stuck_h": (2, 800),
    "stuck_times": (1, 1000),
    "spike_times": (2, 1000),
    "both_ways_pct": (1, 100),
    "both_ways_h": (1, 800),
    "night_deg": (-18, 0),
    "latitude": (-60, 60),
    "longitude": (-180, 180),
}


def read_limits(content: object, file: str) -> tuple[Limits, list[Problem]]:
    """Limits from a parsed ``[validation]`` table, with everything that is wrong in it."""
    if not isinstance(content, dict):
        return Limits(), [Problem(file, "validation", shown("validation", content), "expected a table")]
    values: dict[str, int | Decimal] = {}
    problems = []
    for name, raw in content.items():
        said, value = _read(name, raw)
        if said:
            problems.append(Problem(file, f"validation.{name}", shown(name, raw), said))
        else:
            values[name] = value
    if ("latitude" in values) != ("longitude" in values):
        problems.append(Problem(file, "validation", "", "latitude and longitude go together"))
    return Limits(**values), problems  # type: ignore[arg-type]  # each value was checked


def _read(name: str, raw: object) -> tuple[str, int | Decimal]:
    if name not in Limits.__struct_fields__:
        return f"unknown limit; known: {', '.join(sorted(Limits.__struct_fields__))}", 0
    degrees = name in {"latitude", "longitude"}
    first, last = _RANGES.get(name, (0, _MOST))
    value: int | Decimal | None
    try:
        value = Decimal(str(raw)) if degrees else int(str(raw))
    except (ValueError, InvalidOperation):
        value = None
    if value is None or isinstance(raw, bool | str) or not first <= value <= last:
        return f"expected a {'number' if degrees else 'whole number'} from {first:g} to {last:g}", 0
    return "", value
