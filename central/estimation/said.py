"""Values as they were given, period by period."""

from __future__ import annotations

from datetime import UTC, datetime

from central.estimation.history import Given, History, NotEstimatedError
from central.finding import when
from central.grid import Ints


def said(history: History, wanted: Ints, given: Given, name: str) -> list[int]:
    """The given Wh of each wanted period.

    Raises:
        NotEstimatedError: one is not given.
    """
    starts = history.starts[wanted].tolist()
    absent = [start for start in starts if start not in given.values]
    if absent:
        at = when(datetime.fromtimestamp(absent[0], UTC))
        raise NotEstimatedError(f"{name} has no value of {at}, and {len(absent)} of {len(starts)} are lacking")
    return [given.values[start] for start in starts]
