"""Settle a run's inputs once more: they may come from anyone, so their size is bounded and no trouble is unforeseen."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Final

import pyarrow as pa

from central.register.manifest import RunError
from central.settings import Settings
from central.settlement import settle

MOST_CELLS: Final = 50_000_000
"""Periods by points: a month of quarter hours of 16,000 points."""
MOST_PERIODS: Final = 4 * (31 * 24 + 1)
"""Quarter hours of the longest month: one of 31 days that ends summer time."""
_TROUBLES: Final = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    MemoryError,
    RecursionError,
    pa.ArrowException,
)
"""What tables raise that have the right columns and impossible values."""


def settle_again(tables: Mapping[str, pa.Table], settings: Settings, where: str) -> dict[str, pa.Table]:
    """What ``settle`` gives for the inputs of a run.

    Raises:
        RunError: they can't be settled, or are larger than any month.
    """
    periods, points = tables["periods"].num_rows, tables["points"].num_rows
    if periods > MOST_PERIODS or periods * points > MOST_CELLS:
        raise RunError(f"{where}: its inputs can't be settled: {periods} periods of {points} points aren't a month's")
    with readable(where, "its inputs can't be settled"):
        return settle(tables, settings)


@contextlib.contextmanager
def readable(where: str, what: str) -> Iterator[None]:
    """Whatever impossible values raise, as one message."""
    try:
        yield
    except _TROUBLES as error:
        raise RunError(f"{where}: {what}: {type(error).__name__}: {str(error)[:200]}") from error
