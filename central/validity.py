"""Validity from an hour to an hour: the first that counts, and the first that doesn't.

A bound is a local day (its 00:00 in Europe/Warsaw) or an instant with offset on a full hour; None is open.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Protocol, TypeVar

from metering.period import HOUR, day_start, local_text, on_grid
from runtime.config import Problem

EARLIEST = date(1900, 1, 1)
LATEST = date(9999, 12, 31)
_FIRST_YEAR, _LAST_YEAR = EARLIEST.year, LATEST.year


class Dated(Protocol):
    """Anything with a validity; None is open."""

    @property
    def valid_from(self) -> date | datetime | None:
        """The first day or instant that counts."""

    @property
    def valid_to(self) -> date | datetime | None:
        """The first that doesn't."""


D = TypeVar("D", bound=Dated)
Span = tuple[datetime | None, datetime | None]
"""Two instants (UTC), half-open; None is open."""


@lru_cache(maxsize=65536)
def _of_day(day: date) -> datetime:
    return day_start(day)


def instant(bound: date | datetime) -> datetime:
    """The instant (UTC) at which a day begins, or that is given."""
    return bound.astimezone(UTC) if isinstance(bound, datetime) else _of_day(bound)


def bound_text(bound: date | datetime) -> str:
    """A bound as it stands in a file."""
    return bound.isoformat()


def bound_problem(bound: date | datetime | None, key: str, file: str) -> list[Problem]:
    """A bound that klaster can't reckon with: out of range, without offset, or off the full hour."""
    if bound is None:
        return []
    said = ""
    if not _FIRST_YEAR <= bound.year <= _LAST_YEAR or (isinstance(bound, datetime) and bound.year == _LAST_YEAR):
        said = f"expected a day from {EARLIEST} to {LATEST}"
    elif isinstance(bound, datetime) and bound.tzinfo is None:
        said = f"needs an offset: write {bound.isoformat()}+01:00, or +02:00 in summer"
    elif isinstance(bound, datetime) and not on_grid(bound, HOUR):
        said = "is off the full hour: periods begin on it"
    return [Problem(file, key, bound_text(bound), said)] if said else []


def validity_problems(rows: Sequence[Dated], table: str, file: str) -> list[Problem]:
    """Bounds that can't be used, and validities that end before they begin."""
    problems = []
    for i, row in enumerate(rows, 1):
        unfit = bound_problem(row.valid_from, f"{table}[{i}].valid_from", file)
        unfit += bound_problem(row.valid_to, f"{table}[{i}].valid_to", file)
        problems += unfit
        if unfit or row.valid_from is None or row.valid_to is None:
            continue
        if instant(row.valid_to) <= instant(row.valid_from):
            said = f"is not after valid_from {bound_text(row.valid_from)}"
            problems.append(Problem(file, f"{table}[{i}].valid_to", bound_text(row.valid_to), said))
    return problems


def overlapping(keyed: Iterable[tuple[Hashable, int, D]]) -> Iterator[tuple[int, D, int, D]]:
    """Pairs of rows with one key that are valid at one instant: (number, row, earlier number, earlier row).

    Rows with a bound that can't be used are passed over: ``validity_problems`` names them.
    """
    groups: dict[Hashable, list[tuple[int, D]]] = {}
    for key, i, row in keyed:
        if validity_problems([row], "", ""):
            continue
        for j, other in groups.get(key, []):
            if overlap(valid_instants(row), valid_instants(other)):
                yield i, row, j, other
        groups.setdefault(key, []).append((i, row))


def overlap(one: Span, other: Span) -> bool:
    """Whether two spans share an instant."""
    first = max((at for at in (one[0], other[0]) if at is not None), default=None)
    last = min((at for at in (one[1], other[1]) if at is not None), default=None)
    return first is None or last is None or first < last


def first_shared_day(*rows: Dated) -> date:
    """The first local day on which all rows have begun; ``EARLIEST`` when none says. Of rows valid by days."""
    return max(row.valid_from or EARLIEST for row in rows)


def valid_instants(*rows: Dated) -> Span:
    """The instants (UTC, half-open) between which all rows are valid; None is open."""
    starts = [instant(row.valid_from) for row in rows if row.valid_from is not None]
    ends = [instant(row.valid_to) for row in rows if row.valid_to is not None]
    return max(starts) if starts else None, min(ends) if ends else None


def begins(row: Dated) -> float:
    """When a row begins to count, in seconds since 1970; minus infinity where it is open."""
    return float("-inf") if row.valid_from is None else instant(row.valid_from).timestamp()


def is_valid(row: Dated, at: datetime) -> bool:
    """Whether a row counts at an instant."""
    first, last = valid_instants(row)
    return (first is None or first <= at) and (last is None or at < last)


def span_text(span: Span) -> str:
    """A span for people, in local time."""
    first, last = span
    begins = f"from {local_text(first)}" if first else "from the beginning"
    return f"{begins} to {local_text(last)}" if last else f"{begins} on"
