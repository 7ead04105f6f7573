"""Validation: small checks of measured energies, each a file, each yielding findings with the numbers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from central.finding import Finding
from central.series import Series
from central.validation import (
    both_ways,
    generation,
    long_day,
    no_source,
    operator_differs,
    over_power,
    pv_at_night,
    quarters_hours,
    spike,
    stuck,
    submeters,
)

CHECKS: Final[tuple[Callable[[Series], Iterator[Finding]], ...]] = (
    over_power.check,
    stuck.check,
    spike.check,
    both_ways.check,
    no_source.check,
    pv_at_night.check,
    long_day.check,
    quarters_hours.check,
    operator_differs.check,
    submeters.check,
    generation.check,
)
"""A new one is a file, a line here and its words in ``central.finding`` and the page's texts."""


def validate(series: Series) -> Iterator[Finding]:
    """All that is doubted of the month's measured energies."""
    for check in CHECKS:
        yield from check(series)
