"""``manual``: values that somebody gives, with a reason."""

from __future__ import annotations

from central.estimation.history import Given, History, NotEstimatedError
from central.estimation.said import said
from central.grid import Ints


def estimate(history: History, wanted: Ints, given: Given) -> list[int]:
    """Wh of each wanted period.

    Raises:
        NotEstimatedError: a value is missing, or is of a period that isn't missing.
    """
    found = said(history, wanted, given, "manual")
    beside = len(given.values) - len(wanted)
    if beside:
        raise NotEstimatedError(f"{beside} of the values are of periods that lack none: nothing is put over a value")
    return found
