"""Read rates files, one over another: what a later file says of the same days counts; what ships counts last."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from central.rates.model import Pricing, Rate, Vat
from central.validity import first_shared_day, overlapping, validity_problems
from central.zones import Calendar, calendar_problems
from central.zones.hours import dso_key
from runtime.config import ConfigError, Problem, load

SHIPPED: Final = Path(__file__).with_name("shipped")
"""Rates by operator and year, and the rates of VAT (``vat.toml``, always read)."""
SHIPPED_ZONES: Final = SHIPPED.parent.with_name("zones") / "shipped"
"""Calendars of zones, always read; of a tariff for which a file has its own, none of them counts."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    rates: tuple[Rate, ...] = ()
    vat: tuple[Vat, ...] = ()
    zones: tuple[Calendar, ...] = ()


R = TypeVar("R", Rate, Vat, Calendar)


def shipped_names() -> list[str]:
    """The names under which rates files ship: ``pge-2026``."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml") if path.stem != "vat")


def rates_path(word: str, here: Path) -> Path:
    """The file that a word of a configuration or command means: a file beside ``here``, or one that ships.

    Raises:
        ConfigError: there is neither.
    """
    path = here / word
    if path.suffix == ".toml" or path.exists():
        return path
    if word in shipped_names():
        return SHIPPED / f"{word}.toml"
    said = f"is neither a file nor a name of rates that ship; those are {', '.join(shipped_names())}"
    raise ConfigError([Problem("rates", "", f'"{word}"', said)])


def load_rates(path: Path) -> tuple[Rate, ...]:
    """The rates of one file alone.

    Raises:
        ConfigError: with every problem in it, among them two equally specific rates on one day.
    """
    return _checked(path).rates


def load_pricing(paths: Sequence[Path]) -> Pricing:
    """Read rates files, the later over the earlier, over what ships.

    Raises:
        ConfigError: with every problem in them.
    """
    files, problems = [], []
    for path in paths:
        try:
            files.append(_checked(path))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    zones: tuple[Calendar, ...] = ()
    for file in files:
        zones = _over(zones, file.zones)
    own = {calendar.tariff for calendar in zones}
    shipped = [one for path in sorted(SHIPPED_ZONES.glob("*.toml")) for one in _checked(path).zones]
    rates: tuple[Rate, ...] = ()
    vat = _checked(SHIPPED / "vat.toml").vat
    for file in files:
        rates, vat = _over(rates, file.rates), _over(vat, file.vat)
    return Pricing(rates=rates, vat=vat, zones=(*(one for one in shipped if one.tariff not in own), *zones))


def _over(before: tuple[R, ...], later: tuple[R, ...]) -> tuple[R, ...]:
    """``later`` and what it leaves of ``before``: of the same key, only the days of which it says nothing."""
    left: list[R] = []
    for row in before:
        pieces = [(row.valid_from, row.valid_to)]
        for other in later:
            if _key(other) == _key(row):
                pieces = [piece for one in pieces for piece in _without(one, (other.valid_from, other.valid_to))]
        left += [msgspec.structs.replace(row, valid_from=first, valid_to=last) for first, last in pieces]
    return tuple(left) + later


_Days = tuple[date | None, date | None]


def _without(span: _Days, gone: _Days) -> list[_Days]:
    first, last = span
    begin, end = gone
    if (end is not None and first is not None and end <= first) or (
        begin is not None and last is not None and begin >= last
    ):
        return [span]
    left: list[_Days] = []
    if begin is not None and (first is None or first < begin):
        left.append((first, begin))
    if end is not None and (last is None or end < last):
        left.append((end, last))
    return left


def _key(row: Rate | Vat | Calendar) -> Hashable:
    if isinstance(row, Rate):
        return row.component, row.tariff, row.zone, dso_key(row.dso)
    return (row.tariff, dso_key(row.dso)) if isinstance(row, Calendar) else "vat"


def _checked(path: Path) -> _File:
    read = load(path, _File)
    file = str(path)
    problems = [
        Problem(
            file, f"rates[{i}].zl_per_kwh", f'"{rate.zl_per_kwh[:40]}"', 'expected a decimal in zł/kWh like "0.0073"'
        )
        for i, rate in enumerate(read.rates, 1)
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,12})?", rate.zl_per_kwh)
    ]
    problems += [
        Problem(file, f"vat[{i}].pct", f'"{vat.pct[:40]}"', 'expected percent like "23"')
        for i, vat in enumerate(read.vat, 1)
        if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,2})?", vat.pct)
    ]
    problems += calendar_problems(read.zones, file)
    for name, rows in (("rates", read.rates), ("vat", read.vat), ("zones", read.zones)):
        problems += validity_problems(rows, name, file)
    problems += _double(read.rates, file)
    problems += _twice(read.vat, "vat", file) + _twice(read.zones, "zones", file)
    if problems:
        raise ConfigError(problems)
    return read


def _double(rates: Iterable[Rate], file: str) -> list[Problem]:
    keyed = ((_key(rate), i, rate) for i, rate in enumerate(rates, 1))
    return [
        Problem(
            file,
            f"rates[{i}]",
            f"{rate.component} {rate.zl_per_kwh}",
            f"rates[{j}] ({other.zl_per_kwh}) applies to the same days, from {first_shared_day(rate, other)}, to the "
            f"same tariff ({rate.tariff or 'all'}): end one with valid_to",
        )
        for i, rate, j, other in overlapping(keyed)
    ]


def _twice(rows: Iterable[R], name: str, file: str) -> list[Problem]:
    keyed = ((_key(row), i, row) for i, row in enumerate(rows, 1))
    return [
        Problem(file, f"{name}[{i}]", "", f"{name}[{j}] applies to the same days: end one with valid_to")
        for i, _, j, _ in overlapping(keyed)
    ]
