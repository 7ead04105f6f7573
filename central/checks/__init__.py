"""The checks, one idea a file: each looks at evidence and gives findings. Pure; a new one is a file and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from central.checks import (
    another_central,
    clock,
    conditions,
    correction_due,
    deadlines,
    doubt,
    estimated,
    fall,
    gateway_silent,
    glitch,
    imported,
    incomplete_month,
    meter_failing,
    missing,
    new_life,
    no_authorisation,
    outbox_trouble,
    over_budget,
    price_moved,
    put_off,
    rate_missing,
    store_behind,
    two_values,
    unknown_meter,
    validated,
)
from central.evidence import ConditionsSeen, IntakeSeen, MonthSeen
from central.finding import Finding

OF_MONTH: Final[tuple[Callable[[MonthSeen], Iterator[Finding]], ...]] = (
    incomplete_month.check,
    missing.check,
    fall.check,
    two_values.check,
    new_life.check,
    rate_missing.check,
    validated.check,
    estimated.check,
    no_authorisation.check,
    correction_due.check,
)
"""What is looked for in every month that is settled."""

OF_INTAKE: Final[tuple[Callable[[IntakeSeen], Iterator[Finding]], ...]] = (
    unknown_meter.check,
    doubt.check,
    clock.check,
    glitch.check,
    imported.check,
    gateway_silent.check,
    meter_failing.check,
    outbox_trouble.check,
    put_off.check,
    over_budget.check,
    another_central.check,
    store_behind.check,
    price_moved.check,
)
"""What is looked for besides."""


def of_month(seen: MonthSeen) -> list[Finding]:
    """All that isn't as it should be in a month; neighbours' gaps and lives that reach it too."""
    return [finding for check in OF_MONTH for finding in check(seen)]


def of_intake(seen: IntakeSeen) -> list[Finding]:
    """All that isn't as it should be besides."""
    return [finding for check in OF_INTAKE for finding in check(seen)]


def of_conditions(seen: ConditionsSeen) -> list[Finding]:
    """What of the conditions of art. 184l isn't met, or soon won't be."""
    return list(conditions.check(seen))


def of_deadlines(seen: deadlines.DeadlinesSeen) -> list[Finding]:
    """What is due soon, or was and isn't done."""
    return list(deadlines.check(seen))
