"""Validity from a local day to a local day: the first that counts, and the first that doesn't."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Protocol, TypeVar

from metering.period import day_start
from runtime.config import Problem

EARLIEST = date(1900, 1, 1)
LATEST = date(9999, 12, 31)


class Dated(Protocol):
    """Anything with a validity; None is open."""

    @property
    def valid_from(self) -> date | None:
        """The first local day that counts."""

    @property
    def valid_to(self) -> date | None:
        """The first local day that doesn't."""


D = TypeVar("D", bound=Dated)


def day_problem(day: date | None, key: str, file: str) -> list[Problem]:
    """A day outside the years that klaster reckons with."""
    if day is None or EARLIEST <= day <= LATEST:
        return []
    return [Problem(file, key, str(day), f"expected a day from {EARLIEST} to {LATEST}")]


def validity_problems(rows: Sequence[Dated], table: str, file: str) -> list[Problem]:
    """Days out of range, and validities that end before they begin."""
    problems = []
    for i, row in enumerate(rows, 1):
        problems += day_problem(row.valid_from, f"{table}[{i}].valid_from", file)
        problems += day_problem(row.valid_to, f"{table}[{i}].valid_to", file)
        if row.valid_from is not None and row.valid_to is not None and row.valid_to <= row.valid_from:
            said = f"is not after valid_from {row.valid_from}"
            problems.append(Problem(file, f"{table}[{i}].valid_to", str(row.valid_to), said))
    return problems


def overlapping(keyed: Iterable[tuple[Hashable, int, D]]) -> Iterator[tuple[int, D, int, D]]:
    """Pairs of rows with one key that are valid on one day: (number, row, earlier number, earlier row)."""
    groups: dict[Hashable, list[tuple[int, D]]] = {}
    for key, i, row in keyed:
        for j, other in groups.get(key, []):
            if first_shared_day(row, other) < min(row.valid_to or LATEST, other.valid_to or LATEST):
                yield i, row, j, other
        groups.setdefault(key, []).append((i, row))


def first_shared_day(*rows: Dated) -> date:
    """The first day on which all rows have begun; ``EARLIEST`` when none says."""
    return max(row.valid_from or EARLIEST for row in rows)


def valid_instants(*rows: Dated) -> tuple[datetime | None, datetime | None]:
    """The instants (UTC, half-open) between which all rows are valid; None is open."""
    starts = [row.valid_from for row in rows if row.valid_from is not None]
    ends = [row.valid_to for row in rows if row.valid_to is not None]
    return day_start(max(starts)) if starts else None, day_start(min(ends)) if ends else None
