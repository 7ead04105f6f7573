"""What in the tables for the conditions of art. 184l can't be so: hours, demand, availability, shares in per cent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from central.cluster.model import ClusterFile
from metering.point import Role
from runtime.config import Problem

HOURS_OF_DAY: Final = 24
HOURS_OF_YEAR: Final = 8784
MAX_KWH: Final = 10**11
_MAX_TEXT: Final = 200
_WHOLE: Final = 100


def condition_problems(read: ClusterFile, file: str) -> list[Problem]:
    """Every problem of these tables."""
    found = [*_hours(read), *_demand(read), *_availability(read), *_shares(read), *_wires(read)]
    return [Problem(file, key, value, said) for key, value, said in found]


def _hours(read: ClusterFile) -> Iterator[tuple[str, str, str]]:
    yield from _repeated("full_load_hours", [str(row.kind) for row in read.full_load_hours], "kind")
    for i, row in enumerate(read.full_load_hours, 1):
        if not _is_between(row.hours, HOURS_OF_YEAR):
            yield f"full_load_hours[{i}].hours", str(row.hours)[:60], f"expected a number from 0 to {HOURS_OF_YEAR}"
        yield from _source(f"full_load_hours[{i}]", row.source)


def _demand(read: ClusterFile) -> Iterator[tuple[str, str, str]]:
    keys = [f"{row.member} {row.year or ''}".strip() for row in read.demand_estimates]
    yield from _repeated("demand_estimates", keys, "member")
    members = {member.id for member in read.members}
    for i, row in enumerate(read.demand_estimates, 1):
        key = f"demand_estimates[{i}]"
        if row.member not in members:
            yield f"{key}.member", f'"{row.member[:60]}"', "no member has this id"
        if row.year is not None and not 2000 <= row.year <= 2199:
            yield f"{key}.year", str(row.year)[:60], "expected a year like 2026"
        if not _is_between(row.kwh, MAX_KWH):
            yield f"{key}.kwh", str(row.kwh)[:60], f"expected a number from 0 to {MAX_KWH}"
        yield from _source(key, row.source)


def _availability(read: ClusterFile) -> Iterator[tuple[str, str, str]]:
    keys = [f"{row.kind} {row.month or ''}".strip() for row in read.availability]
    yield from _repeated("availability", keys, "kind")
    for i, row in enumerate(read.availability, 1):
        key = f"availability[{i}]"
        if row.month is not None and not 1 <= row.month <= 12:
            yield f"{key}.month", str(row.month)[:60], "expected 1 to 12"
        if len(row.pct) != HOURS_OF_DAY or not all(0 <= one <= _WHOLE for one in row.pct):
            said = f"expected {HOURS_OF_DAY} whole numbers from 0 to {_WHOLE}: for each hour of the local day, from 0"
            yield f"{key}.pct", f"{len(row.pct)} numbers", said
        yield from _source(key, row.source)


def _shares(read: ClusterFile) -> Iterator[tuple[str, str, str]]:
    for i, row in enumerate(read.installations, 1):
        if row.res_pct is not None and not 0 <= row.res_pct <= _WHOLE:
            yield f"installations[{i}].res_pct", str(row.res_pct)[:60], f"expected a whole number from 0 to {_WHOLE}"


def _wires(read: ClusterFile) -> Iterator[tuple[str, str, str]]:
    for i, row in enumerate(read.meters, 1):
        if row.private_wire and row.role is not Role.SUBMETER:
            yield (
                f"meters[{i}].private_wire",
                "true",
                "goes with role submeter: the grid is metered apart",
            )


def _repeated(table: str, keys: Sequence[str], column: str) -> Iterator[tuple[str, str, str]]:
    seen: Counter[str] = Counter()
    for i, key in enumerate(keys, 1):
        if seen[key]:
            yield f"{table}[{i}].{column}", f'"{key[:60]}"', f"stands already in {table}[{keys.index(key) + 1}]"
        seen[key] += 1


def _source(key: str, text: str) -> Iterator[tuple[str, str, str]]:
    if len(text) > _MAX_TEXT or not text.isprintable() or text != text.strip():
        said = f"expected up to {_MAX_TEXT} printable characters, no space at an end"
        yield f"{key}.source", f'"{text[:60]}"', said


def _is_between(value: int | Decimal, most: int) -> bool:
    return Decimal(value).is_finite() and 0 <= value <= most
